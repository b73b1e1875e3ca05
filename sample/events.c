/* See events.h.
 *
 * An event with `inherit` follows the threads that its own creates, and what is done by its descriptor is done to all of
 * them; so one set of descriptors is enough, unless there were threads before us. A breakpoint is given a new address
 * in place (PERF_EVENT_IOC_MODIFY_ATTRIBUTES): 2 us a thread, ten times that where it has to interrupt another processor.
 *
 * Descriptors are moved up, out of the way of programs that count on small numbers, and close() and its kin leave them alone
 * (preload/wrap_fd.c). */
#include "events.h"

#include <asm/unistd.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/resource.h>

#include "../detector/os.h"
#include "../preload/raw.h"

#define ROOTS 64
#define BREAKPOINTS 4           /* of the processor */
#define MAGIC UINT64_C(0x60ace) /* in bits 44 to 63 of what comes back */
#define MAGIC_SHIFT 44
#define FD_ROOM 512 /* below the limit of descriptors */

struct root {
    int clock, watch[BREAKPOINTS];
};
static struct root roots[ROOTS]; /* changed while there is one thread, or nobody is sampled */
static int nroots;
static int naims; /* breakpoints that there are for us */
static int turn;  /* which half of them was used last */
static int armed; /* of it */
static uint64_t missed;
static int64_t fd_lowest;

uint64_t events_missed(void)
{
    return missed;
}

static int lower(int fd, unsigned first, int best)
{
    return (unsigned)fd >= first && (best < 0 || fd < best) ? fd : best;
}

int events_next(unsigned first)
{
    int best = -1;
    for (int i = 0; i < nroots; i++) {
        best = lower(roots[i].clock, first, best);
        for (int k = 0; k < naims; k++)
            best = lower(roots[i].watch[k], first, best);
    }
    return best;
}

bool events_has(int fd)
{
    return fd >= 0 && events_next((unsigned)fd) == fd;
}

/* ---- opening ------------------------------------------------------------------------------------------------------------ */

static struct perf_event_attr attr_of(uint32_t type, uint64_t data)
{
    struct perf_event_attr a;
    zero_bytes(&a, sizeof a);
    a.size = sizeof a;
    a.type = type;
    a.exclude_kernel = 1;
    a.exclude_hv = 1;
    a.inherit = 1;
    a.inherit_thread = 1; /* not by the children of fork */
    a.sigtrap = 1;
    a.remove_on_exec = 1;
    a.sig_data = MAGIC << MAGIC_SHIFT | data;
    return a;
}

static int open_event(struct perf_event_attr *a, int tid)
{
    const long fd = raw_syscall(SYS_perf_event_open, (long)a, tid, -1, -1, PERF_FLAG_FD_CLOEXEC, 0);
    if (fd < 0)
        return (int)fd;
    const long up = raw_syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, fd_lowest, 0, 0, 0);
    if (up < 0)
        return (int)fd;
    raw_syscall(SYS_close, fd, 0, 0, 0, 0, 0);
    return (int)up;
}

static void close_fd(int fd)
{
    if (fd >= 0)
        raw_syscall(SYS_close, fd, 0, 0, 0, 0, 0);
}

static struct perf_event_attr clock_attr(uint64_t period_ns)
{
    struct perf_event_attr a = attr_of(PERF_TYPE_SOFTWARE, 0);
    a.config = PERF_COUNT_SW_TASK_CLOCK;
    a.sample_period = period_ns;
    return a;
}

/* sig_data of a watchpoint: bits 2 and up the serial number and one, bits 0 and 1 which of them. */
static struct perf_event_attr watch_attr(const struct aim *aim, uint64_t serial, int k)
{
    static const uint32_t types[] = {HW_BREAKPOINT_W, HW_BREAKPOINT_RW, HW_BREAKPOINT_X};
    struct perf_event_attr a = attr_of(PERF_TYPE_BREAKPOINT, (serial + 1) << 2 | (unsigned)k);
    a.sample_period = 1;
    a.bp_type = types[aim->kind];
    a.bp_addr = aim->addr;
    a.bp_len = aim->kind == AIM_CODE ? sizeof(long) : aim->size; /* as it is called */
    return a;
}

static const struct aim nothing = {(uintptr_t)&nothing, 1, AIM_WRITES};

/* False, and *error, when there is no room for it. */
static bool add_root(int tid, uint64_t period_ns, int *error)
{
    struct root r;
    if (nroots == ROOTS) {
        *error = ENOSPC;
        return false;
    }
    int n = 0;
    for (; n < (nroots ? naims : BREAKPOINTS); n++) {
        struct perf_event_attr a = watch_attr(&nothing, 0, n);
        a.disabled = 1;
        r.watch[n] = open_event(&a, tid);
        if (r.watch[n] < 0)
            break;
    }
    *error = n ? 0 : -r.watch[0];
    struct perf_event_attr a = clock_attr(period_ns);
    r.clock = n ? open_event(&a, tid) : -1;
    if (n && r.clock < 0)
        *error = -r.clock;
    if (!n || r.clock < 0 || (nroots && n < naims)) {
        close_fd(r.clock);
        for (int k = 0; k < n; k++)
            close_fd(r.watch[k]);
        return false;
    }
    naims = n;
    roots[nroots++] = r;
    return true;
}

static const char *reason(int error)
{
    switch (error) {
    case EACCES:
    case EPERM:
        return "sample=: the kernel refuses perf events (perf_event_paranoid above 2, or a filter of system calls): "
               "nothing is "
               "sampled";
    case ENOSYS:
    case EINVAL:
        return "sample= needs Linux 5.13 with perf events: nothing is sampled";
    case ENOSPC:
        return "sample=: all breakpoints of the processor are taken, perhaps by a debugger: nothing is sampled";
    default:
        return "sample=: this machine has no breakpoints for perf events: nothing is sampled";
    }
}

struct entry { /* linux_dirent64 */
    uint64_t inode;
    int64_t offset;
    uint16_t length;
    uint8_t type;
    char name[];
};

static int number(const char *s)
{
    int n = 0;
    for (; *s; s++) {
        if (*s < '0' || *s > '9')
            return 0;
        n = n * 10 + *s - '0';
    }
    return n;
}

static void add_others(uint64_t period_ns)
{
    _Alignas(struct entry) char buffer[4096];
    const int self = (int)raw_syscall(SYS_gettid, 0, 0, 0, 0, 0, 0);
    int error;
    const long dir =
        raw_syscall(SYS_openat, AT_FDCWD, (long)"/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0, 0, 0);
    if (dir < 0)
        return;
    for (;;) {
        const long n = raw_syscall(SYS_getdents64, dir, (long)buffer, sizeof buffer, 0, 0, 0);
        if (n <= 0)
            break;
        for (long at = 0; at < n; at += ((struct entry *)(buffer + at))->length) {
            const int tid = number(((struct entry *)(buffer + at))->name);
            if (tid && tid != self && !add_root(tid, period_ns, &error))
                missed++;
        }
    }
    raw_syscall(SYS_close, dir, 0, 0, 0, 0, 0);
}

bool events_open(uint64_t period_ns, const char **why)
{
    struct rlimit limit = {1024, 1024};
    int error;
    raw_syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, 0, (long)&limit, 0, 0);
    const uint64_t top = limit.rlim_cur < 65536 ? limit.rlim_cur : 65536;
    fd_lowest = (int64_t)(top > 2 * FD_ROOM ? top - FD_ROOM : top / 2);
    nroots = 0;
    missed = 0;
    if (!add_root(0, period_ns, &error)) {
        *why = reason(error);
        return false;
    }
    add_others(period_ns);
    return true;
}

void events_close(void)
{
    const int n = nroots;
    nroots = 0;
    for (int i = 0; i < n; i++) {
        close_fd(roots[i].clock);
        for (int k = 0; k < naims; k++)
            close_fd(roots[i].watch[k]);
    }
}

/* ---- watching ------------------------------------------------------------------------------------------------------------- */

/* Two halves take turns: what comes back with who is stopped is read late, when the signal is made, which for a thread that loses
 * its processor in that moment may be after the next one was armed. */
static int half(void)
{
    return naims < 2 ? 1 : naims / 2;
}

static int first(void)
{
    return naims < 2 ? 0 : turn * half();
}

int events_arm(const struct aim *aims, int n, uint64_t serial)
{
    bool any = false;
    turn = !turn;
    armed = n < half() ? n : half();
    for (int i = 0; i < nroots; i++)
        for (int k = 0; k < armed; k++) {
            struct perf_event_attr a = watch_attr(&aims[k], serial, k);
            any |= raw_syscall(SYS_ioctl, roots[i].watch[first() + k], PERF_EVENT_IOC_MODIFY_ATTRIBUTES, (long)&a, 0, 0,
                               0) == 0;
        }
    return any ? armed : 0;
}

void events_disarm(void)
{
    for (int i = 0; i < nroots; i++)
        for (int k = 0; k < armed; k++)
            raw_syscall(SYS_ioctl, roots[i].watch[first() + k], PERF_EVENT_IOC_DISABLE, 0, 0, 0, 0);
}

/* What the C library's siginfo_t has no names for. */
struct perf_info {
    int signo, error, code, pad;
    uintptr_t addr;
    uint64_t data;
    uint32_t type, flags;
};
#define TRAP_PERF_CODE 6
#define ASYNC 1u

enum event events_which(const siginfo_t *info, uint64_t *serial, int *aim, uintptr_t *addr)
{
    const struct perf_info *p = (const void *)info;
    if (p->code != TRAP_PERF_CODE || p->data >> MAGIC_SHIFT != MAGIC)
        return EVENT_FOREIGN;
    if (p->flags & ASYNC)
        return EVENT_LATE;
    const uint64_t data = p->data & ((UINT64_C(1) << MAGIC_SHIFT) - 1);
    if (!data)
        return EVENT_CLOCK;
    *serial = (data >> 2) - 1;
    *aim = (int)(data & 3);
    *addr = p->addr;
    return EVENT_STOPPED;
}
