/* See sample.h.
 *
 * A tick of the clock draws an access in the code ahead of whoever it interrupts (ahead.h), and a breakpoint stops the first who
 * comes there. One thread at a time stands still: it holds `slot`. `record` says what is watched; `lock` guards it, and
 * the breakpoints. Who is stopped by one of them takes the record by its serial number, ends the watch and wakes
 * who stands there. All of it happens in handlers of SIGTRAP, in which all signals are blocked; who takes `lock` elsewhere stands in
 * inside_begin(), where handlers do nothing.
 *
 * The budget is one for the process, of its wall time: if all threads wait for the one that stands still, they lose no more.
 *
 * A finding is told by whoever comes by in code of the program, as names are looked up with locks and memory. */
#include "sample.h"

#include <errno.h>
#include <linux/futex.h>
#include <time.h>
#include <ucontext.h>

#include "../detector/os.h"
#include "../preload/arch/x86_64/call_on.h"
#include "../preload/current.h"
#include "../preload/process.h"
#include "../preload/raw.h"
#include "../preload/signals.h"
#include "ahead.h"
#include "chance.h"
#include "window.h"

#define PERIOD_NS UINT64_C(10000000) /* of a thread's time, between looks at it, at 1 % */
#define PERIOD_LEAST_NS UINT64_C(500000)
#define CREDIT_MAX_NS 20000000 /* what a process saves while it is idle */
#define STAND_NS 125000        /* the shortest time; it is doubled up to STAND_DOUBLINGS times */
#define STAND_DOUBLINGS 4
#define STOP_NS 5000000 /* for which a thread is waited for at the place that was drawn */
#define STACK_SIZE ((size_t)64 << 10)

static unsigned percent; /* 0: off; set once */
static bool closed;      /* until the next window; atomic */
static bool over;        /* atomic */
static uint64_t period;

static struct oslock slot;
static int64_t credit;  /* in 1/100 ns; `slot` */
static uint64_t looked; /* when that was; `slot` */
static uint64_t seed;   /* `slot` */
static char *stacks[2]; /* of who holds `slot`; and `lock` */

static struct oslock lock;
/* Even serials: `aim[0]` is an instruction at which a thread is to stop. Odd: a thread stands before accesses. */
static struct {
    uint64_t serial;
    uint64_t since; /* even: when that was */
    int n;          /* of aims; 0: nothing is watched */
    struct pending pending[AIMS];
    struct aim aim[AIMS];
    struct stand stand;
    uint32_t met; /* a futex */
} record;

static uint64_t now_ns(void)
{
    struct timespec t;
    raw_syscall(SYS_clock_gettime, CLOCK_MONOTONIC, (long)&t, 0, 0, 0, 0);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* ---- a thread stands still ---------------------------------------------------------------------------------------------------- */

static uint64_t random_bits(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static bool afford(uint64_t now)
{
    credit += (int64_t)((now - looked) * percent);
    if (credit > CREDIT_MAX_NS * 100LL)
        credit = CREDIT_MAX_NS * 100LL;
    looked = now;
    return credit > 0;
}

/* Requires `lock`. */
static void unwatch(void)
{
    events_disarm();
    record.n = 0;
}

static void stand_still(const struct pending *list, int n, const greg_t *registers, uint64_t began)
{
    const uint64_t ns = (uint64_t)STAND_NS << random_bits() % (STAND_DOUBLINGS + 1);
    os_lock(&lock);
    record.serial |= 1;
    record.serial += 2;
    record.met = 0;
    for (int k = 0; k < n; k++) {
        record.pending[k] = list[k];
        record.aim[k] = pending_aim(&list[k]);
    }
    stand_here(&record.stand, registers, 0);
    const int armed = record.n = events_arm(record.aim, n, record.serial);
    os_unlock(&lock);
    struct timespec t = {0, (long)ns};
    if (armed)
        raw_syscall(SYS_futex, (long)&record.met, FUTEX_WAIT_PRIVATE, 0, (long)&t, 0, 0);
    os_lock(&lock);
    unwatch();
    os_unlock(&lock);
    const uint64_t took = now_ns() - began;
    credit -= (int64_t)took * 100;
    if (armed)
        chance_watched(list, armed, took);
    else
        chance_not(UNSAMPLED_REFUSED);
}

/* A thread that has been interrupted, or stopped. */
struct caught {
    const ucontext_t *uc;
    uint64_t serial;
    int aim;
    uintptr_t addr; /* of the aim */
    bool settled;
};

static bool stand_before(const ucontext_t *uc, uint64_t now)
{
    static struct pending list[AIMS]; /* `slot` */
    const int n = pending_find(uc->uc_mcontext.gregs, list);
    if (n)
        stand_still(list, n, uc->uc_mcontext.gregs, now);
    return n > 0;
}

/* ---- where to stop ---------------------------------------------------------------------------------------------------------------- */

/* Requires `slot`. */
static void stop_at(uintptr_t pc, uint64_t now)
{
    os_lock(&lock);
    if (record.n)
        chance_not(UNSAMPLED_AWAY);
    record.serial = (record.serial | 1) + 1;
    record.since = now;
    record.aim[0] = (struct aim){pc, 1, AIM_CODE};
    const int armed = record.n = events_arm(record.aim, 1, record.serial);
    os_unlock(&lock);
    if (!armed)
        chance_not(UNSAMPLED_REFUSED);
}

/* Somebody that waits to tell of an encounter comes first. */
static void look(void *arg)
{
    static struct stand here; /* `slot` */
    static uintptr_t ahead[AHEAD_MAX];
    struct caught *c = arg;
    const greg_t *registers = c->uc->uc_mcontext.gregs;
    const uint64_t now = now_ns();
    const bool tells = encounters_wait();
    if (window_over(now, percent)) {
        os_lock(&lock);
        unwatch();
        events_close();
        __atomic_store_n(&closed, !over, __ATOMIC_RELEASE);
        os_unlock(&lock);
        return;
    }
    if (!tells && (!afford(now) || (record.n && now - record.since < STOP_NS)))
        return;
    stand_here(&here, registers, (uintptr_t)registers[REG_RIP]);
    if (tells) {
        c->settled = here.settled;
        return;
    }
    if (random_bits() & 1 && stand_before(c->uc, now))
        return;
    const int n = ahead_find(&here, ahead);
    if (n)
        stop_at(ahead[random_bits() % (unsigned)n], now);
    else
        chance_not(UNSAMPLED_NOTHING);
}

static void on_clock(struct caught *c)
{
    if (!os_trylock(&slot)) {
        chance_not(UNSAMPLED_BUSY);
        return;
    }
    call_on(stacks[0] + STACK_SIZE, look, c);
    os_unlock(&slot);
    if (c->settled)
        encounters_tell();
}

/* ---- a thread is stopped --------------------------------------------------------------------------------------------------------- */

static void stop_here(void *arg)
{
    const struct caught *c = arg;
    if (!stand_before(c->uc, now_ns()))
        chance_not(UNSAMPLED_OTHER);
}

/* Requires `lock`. */
static void meet(void *arg)
{
    static struct stand by; /* `lock` */
    struct caught *c = arg;
    const greg_t *registers = c->uc->uc_mcontext.gregs;
    const struct pending *p = &record.pending[c->aim];
    unwatch();
    stand_here(&by, registers, (uintptr_t)registers[REG_RIP]);
    c->settled = by.settled;
    record.stand.pcs[0] = p->insn.at + p->insn.length;
    encounter(&record.stand, p, &record.aim[c->aim], &by, registers);
    __atomic_store_n(&record.met, 1, __ATOMIC_RELAXED);
    raw_syscall(SYS_futex, (long)&record.met, FUTEX_WAKE_PRIVATE, 1, 0, 0, 0);
}

/* Several may be stopped by one breakpoint before it is taken away: the first counts. */
static void on_stopped(struct caught *c)
{
    const bool watched = c->serial & 1;
    bool mine = false;
    os_lock(&lock);
    if (c->serial == record.serial && c->aim < record.n && c->addr == record.aim[c->aim].addr) {
        if (watched)
            call_on(stacks[1] + STACK_SIZE, meet, c);
        else
            unwatch();
        mine = true;
    } else if (watched && c->serial != record.serial) {
        chance_not(UNSAMPLED_LATE);
    }
    os_unlock(&lock);
    if (mine && !watched && os_trylock(&slot)) {
        call_on(stacks[0] + STACK_SIZE, stop_here, c);
        os_unlock(&slot);
    }
    if (c->settled)
        encounters_tell();
}

static void handle(int sig, siginfo_t *info, void *context)
{
    struct caught c = {.uc = context};
    const enum event what = events_which(info, &c.serial, &c.aim, &c.addr);
    if (what == EVENT_FOREIGN) {
        signal_trap(sig, info, context);
        return;
    }
    if (current_inside || __atomic_load_n(&over, __ATOMIC_RELAXED))
        return;
    const int saved = errno;
    struct inside in = inside_begin();
    if (what == EVENT_CLOCK)
        on_clock(&c);
    else if (what == EVENT_STOPPED)
        on_stopped(&c);
    else
        chance_not(UNSAMPLED_LATE);
    inside_end(in);
    errno = saved;
}

/* ---- start and end ------------------------------------------------------------------------------------------------------------- */

bool sample_start(unsigned wanted, const char **why)
{
    uint64_t fit = PERIOD_NS / wanted;
    period = fit < PERIOD_LEAST_NS ? PERIOD_LEAST_NS : fit;
    for (int k = 0; k < 2; k++)
        if (!(stacks[k] = os_reserve(STACK_SIZE))) {
            *why = "sample=: out of memory: nothing is sampled";
            return false;
        }
    if (!decode_start(why))
        return false;
    if (!signal_take_trap(handle)) {
        *why = "sample=: no handler for SIGTRAP can be installed: nothing is sampled";
        return false;
    }
    looked = now_ns();
    seed = looked | 1;
    signal_let_trap();
    if (!events_open(period, why))
        return false;
    window_opened(looked);
    percent = wanted;
    return true;
}

bool sample_on(void)
{
    return percent != 0;
}

void sample_again(void)
{
    const uint64_t all = ~UINT64_C(0);
    uint64_t mask;
    const char *why;
    if (__builtin_expect(!__atomic_load_n(&closed, __ATOMIC_RELAXED), 1) || !window_due() || !process_is_ours())
        return;
    struct inside in = inside_begin();
    raw_syscall(SYS_rt_sigprocmask, SIG_SETMASK, (long)&all, (long)&mask, sizeof all, 0, 0);
    os_lock(&lock);
    if (closed && !over) {
        closed = false;
        window_opened(now_ns());
        if (!events_open(period, &why))
            over = true;
    }
    os_unlock(&lock);
    raw_syscall(SYS_rt_sigprocmask, SIG_SETMASK, (long)&mask, 0, sizeof mask, 0, 0);
    inside_end(in);
}

bool sample_has(int fd)
{
    return percent && events_has(fd);
}

int sample_next(unsigned first)
{
    return percent ? events_next(first) : -1;
}

void sample_stop(void)
{
    if (!percent || __atomic_exchange_n(&over, true, __ATOMIC_SEQ_CST))
        return;
    struct inside in = inside_begin();
    os_lock(&lock);
    events_close();
    os_unlock(&lock);
    inside_end(in);
}

void sample_end(void)
{
    sample_stop();
    encounters_tell();
}

const char *sample_summary(void)
{
    return chance_line(percent, events_missed());
}

void sample_forked(void)
{
    const char *why;
    if (!percent || over)
        return;
    events_close();
    slot = lock = (struct oslock){0};
    record.n = 0;
    encounters_forked();
    chance_forked();
    looked = now_ns();
    credit = 0;
    closed = false;
    window_opened(looked);
    if (!events_open(period, &why))
        over = true;
}
