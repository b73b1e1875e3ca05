/* See stuck.h. The look itself is the core's (detector/stuck.c); here is what only the host knows: where pointers of the program
 * may lie, what could wake somebody from outside, and who is told.
 *
 * While the world stands still, threads may hold any lock of libc, of the program and of this library's tables: what is
 * called then takes none and asks the kernel by bare system calls.
 *
 * Pointers that pass through the kernel: what epoll keeps with a descriptor is read from /proc/self/fdinfo; what signals and
 * timers carry is noted when it is given away; bytes in pipes, local sockets and queues of messages are not looked at, and as long
 * as there are some nothing is claimed. */
#include "reports.h"
#include "stuck.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <ucontext.h>

#include "../detector/finding.h"
#include "../detector/locks.h"
#include "../detector/parked.h"
#include "../detector/report.h"
#include "early.h"
#include "folder.h"
#include "interpose.h"
#include "mappings.h"
#include "modules.h"
#include "raw.h"
#include "signals.h"
#include "threads.h"

#define TRIES_AT_EXIT 10
#define TRIES 1000
#define PAGES_AT_EXIT ((size_t)1 << 16)
#define PAGES ((size_t)1 << 20)
#define KEPT 4096
#define RED_ZONE 128 /* bytes below the stack pointer that a function may use on x86-64 */

static const struct flags *flags;
static uint64_t kept[KEPT];
static uint32_t nkept; /* atomic; above KEPT: some were lost */
static void (*tell_memory)(void);
static bool calls_back; /* atomic */
static bool looks;      /* tell_memory is being called; the core lets one look at a time */

void stuck_kernel_keeps(uint64_t word)
{
    if (!word)
        return;
    uint32_t i = __atomic_fetch_add(&nkept, 1, __ATOMIC_RELAXED);
    if (i < KEPT)
        __atomic_store_n(&kept[i], word, __ATOMIC_RELEASE);
    else
        __atomic_store_n(&nkept, KEPT + 1, __ATOMIC_RELAXED);
}

void stuck_calls_back(void)
{
    __atomic_store_n(&calls_back, true, __ATOMIC_SEQ_CST);
}

void stuck_runtime(void (*tell)(void))
{
    tell_memory = tell;
}

bool stuck_looks(void)
{
    return looks;
}

struct show {
    struct stuck_look look;          /* first: name_memory is given no more */
    const ucontext_t *interrupted;   /* whose registers are its thread's, who can go on; or NULL */
    const struct thread *in_handler; /* for mappings_each */
};

/* ---- what the kernel keeps ------------------------------------------------------------------------------------------------ */

/* Lines like "tfd:        5 events:       19 data:     55d2c0ffee00 ..." */
static void epoll_words(int folder, const char *name)
{
    char text[4096];
    static const char tag[] = "data:";
    long fd = raw_syscall(SYS_openat, folder, (long)name, O_RDONLY | O_CLOEXEC, 0, 0, 0);
    long n;
    size_t tagged = 0;
    bool in_number = false;
    uint64_t word = 0;
    if (fd < 0)
        return;
    while ((n = raw_syscall(SYS_read, fd, (long)text, sizeof text, 0, 0, 0)) > 0)
        for (long i = 0; i < n; i++) {
            const char c = text[i];
            const bool digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
            if (tagged == sizeof tag - 1) {
                if (digit) {
                    word = word << 4 | (uint64_t)(c >= 'a' ? c - 'a' + 10 : c - '0');
                    in_number = true;
                } else if (in_number) {
                    left_word(word, folder_number(name));
                    tagged = 0;
                }
            } else {
                tagged = c == tag[tagged] ? tagged + 1 : c == tag[0];
                word = 0;
                in_number = false;
            }
        }
    raw_syscall(SYS_close, fd, 0, 0, 0, 0, 0);
}

static bool local_socket(int fd)
{
    struct sockaddr_un a;
    socklen_t size = sizeof a;
    a.sun_family = AF_UNSPEC;
    return raw_syscall(SYS_getsockname, fd, (long)&a, (long)&size, 0, 0, 0) == 0 && a.sun_family == AF_UNIX;
}

/* Messages that nobody has taken yet, in which pointers may be. */
static bool has_messages(int fd)
{
    struct stat s;
    struct {
        long flags, most, size, now, reserved[4];
    } queue;
    int unread = 0;
    if (raw_syscall(SYS_mq_getsetattr, fd, 0, (long)&queue, 0, 0, 0) == 0)
        return queue.now > 0;
    if (raw_syscall(SYS_fstat, fd, (long)&s, 0, 0, 0, 0) || !(S_ISFIFO(s.st_mode) || S_ISSOCK(s.st_mode)))
        return false;
    if (S_ISSOCK(s.st_mode) && !local_socket(fd))
        return false;
    return raw_syscall(SYS_ioctl, fd, FIONREAD, (long)&unread, 0, 0, 0) == 0 && unread > 0;
}

static void look_at_descriptor(int folder, const char *name, void *arg)
{
    (void)arg;
    epoll_words(folder, name);
    if (has_messages(folder_number(name)))
        left_lost();
}

/* ---- memory ---------------------------------------------------------------------------------------------------------------- */

static void name_all(const struct stuck_look *look, const struct thread *in_handler)
{
    if (!modules_data(left_root) || !mappings_each(left_root, in_handler))
        left_lost();
    left_root(early_base, early_used()); /* what libc allocates while we call it */
    if (!folder_each("/proc/self/fdinfo", look_at_descriptor, NULL))
        left_lost();
    uint32_t n = __atomic_load_n(&nkept, __ATOMIC_RELAXED);
    for (uint32_t i = 0; i < n && i < KEPT; i++)
        left_word(__atomic_load_n(&kept[i], __ATOMIC_ACQUIRE), -1);
    if (n > KEPT || __atomic_load_n(&calls_back, __ATOMIC_SEQ_CST))
        left_lost();
    looks = true;
    if (tell_memory)
        tell_memory();
    else if (look->unborn)
        left_lost();
    looks = false;
}

static void name_memory(const struct stuck_look *look)
{
    name_all(look, NULL);
}

static void name_memory_shown(const struct stuck_look *look)
{
    const struct show *s = (const struct show *)look;
    for (int i = 0; s->interrupted && i < NGREG; i++)
        left_word((uint64_t)s->interrupted->uc_mcontext.gregs[i], -1);
    name_all(look, s->in_handler);
}

/* ---- who asks -------------------------------------------------------------------------------------------------------------- */

void stuck_start(const struct flags *f)
{
    flags = f;
}

static bool wanted(void)
{
    return flags && flags->detect & DETECT_STUCK && stuck_possible();
}

unsigned long stuck_ask(struct actor *me, uintptr_t sp, const uintptr_t *registers)
{
    if (!me || !wanted())
        return 0;
    struct stuck_look look = {.sp = sp,
                              .registers = registers,
                              .tries = TRIES,
                              .pages = PAGES,
                              .cancels = modules_cancel(),
                              .suspected = flags->suspected,
                              .name_memory = name_memory};
    stuck_look(me, &look);
    return look.proved;
}

void stuck_at_exit(struct actor *me, uintptr_t sp, const uintptr_t *registers)
{
    if (!me || actor_busy(me) || !wanted())
        return;
    struct stuck_look look = {.sp = sp,
                              .registers = registers,
                              .tries = TRIES_AT_EXIT,
                              .pages = PAGES_AT_EXIT,
                              .at_end = true,
                              .cancels = modules_cancel(),
                              .name_memory = name_memory};
    stuck_look(me, &look);
}

static void say_sleeper(void *to, const struct finding_actor *who, const char *call, int fd)
{
    struct outbuf *o = to;
    outbuf_str(o, "\ngorace:   ");
    if (who->goroutine)
        outbuf_format(o, "goroutine %lu", who->goroutine);
    else if (who->is_main)
        outbuf_str(o, "main thread");
    else
        outbuf_format(o, "thread T%lu", who->number);
    if (who->name[0] && !who->is_main) {
        outbuf_str(o, " '");
        outbuf_name(o, who->name);
        outbuf_char(o, '\'');
    }
    outbuf_format(o, " sleeps in %s", call);
    if (fd < 0)
        return;
    char path[32], target[64];
    static const char prefix[] = "/proc/self/fd/";
    raw_copy(path, prefix, sizeof prefix - 1);
    folder_name(path + sizeof prefix - 1, fd);
    long n = raw_syscall(SYS_readlink, (long)path, (long)target, sizeof target - 1, 0, 0, 0);
    target[n > 0 ? n : 0] = 0;
    outbuf_format(o, ", descriptor %d", fd);
    if (n > 0) {
        outbuf_str(o, " (");
        outbuf_name(o, target);
        outbuf_char(o, ')');
    }
}

/* The instruction that the thread goes back to is the system call in which it was asleep: nobody has woken it. */
static bool slept(const ucontext_t *u)
{
    const unsigned char *at = (const unsigned char *)u->uc_mcontext.gregs[REG_RIP];
    return u->uc_mcontext.gregs[REG_RAX] == SYS_futex && at[0] == 0x0f && at[1] == 0x05;
}

static void say_summary(const struct stuck_look *look, struct outbuf *sleepers)
{
    struct outbuf o;
    outbuf_open(&o, -1);
    outbuf_format(&o, "gorace: SIGQUIT: %u can never go on, %u wait and may be woken yet", look->proved, look->waiting);
    if (!look->known || look->undecided)
        outbuf_str(&o, " (more is not known: threads or goroutines run, or some memory could not be looked at)");
    if (sleepers->used) {
        outbuf_str(&o, "; from outside there may come what these wait for:");
        outbuf_bytes(&o, sleepers->data, sleepers->used);
    }
    if (signal_handled())
        outbuf_str(&o, "\ngorace:   handlers of signals");
    outbuf_char(&o, 0);
    report_say(o.data);
    outbuf_close(&o);
}

static void show(const ucontext_t *u, bool asleep, const struct thread *in_handler)
{
    struct actor *me = current_actor;
    struct outbuf sleepers;
    if (!flags || !(flags->detect & DETECT_STUCK) || !reports_are_ready())
        return;
    struct parked before;
    enum interrupted in_what = INTERRUPTED_CALL;
    if (me)
        in_what = actor_interrupted(me, (uintptr_t)u->uc_mcontext.gregs[REG_RSP] - RED_ZONE, asleep, &before);
    struct inside in = inside_begin();
    outbuf_open(&sleepers, -1);
    struct show s = {.look = {.tries = TRIES,
                              .pages = PAGES,
                              .cancels = modules_cancel(),
                              .suspected = true,
                              .name_memory = name_memory_shown,
                              .sleeps = say_sleeper,
                              .arg = &sleepers},
                     .interrupted = in_what == INTERRUPTED_WAIT ? NULL : u,
                     .in_handler = in_handler};
    stuck_look(NULL, &s.look);
    say_summary(&s.look, &sleepers);
    outbuf_close(&sleepers);
    inside_end(in);
    if (in_what == INTERRUPTED_WORK)
        actor_handled(me, &before);
}

void stuck_on_quit(const void *context)
{
    show(context, slept(context), NULL);
}

/* The handler is one that may do anything: its thread counts as one that runs. */
void stuck_show(const void *context)
{
    show(context, false, thread_self());
}
