/* See found.h. */
#include "found.h"

#include <pthread.h>
#include <stdlib.h>

#include "../detector/os.h"
#include "../detector/report.h"
#include "../instrument/judge.h"
#include "../instrument/slots.h"
#include "../instrument/vectors.h"
#include "arch/x86_64/call_on.h"
#include "benign.h"
#include "expected.h"
#include "listener.h"
#include "options.h"
#include "process.h"
#include "raw.h"
#include "reports.h"
#include "signals.h"
#include "unseen.h"

/* A report takes more stack than a goroutine may have. */
#define REPORT_STACK ((size_t)512 << 10)
static struct oslock report_stack_lock;
static char *report_stack;

struct report_call {
    const struct finding *f;
    struct report_summary *summary; /* NULL: nobody listens */
    enum verdict v;
};

static void report_call(void *arg)
{
    struct report_call *c = arg;
    reports_ready();
    if (options.unseen_races || options.sample || !unseen_order(c->f)) {
        c->v = report_finding(c->f, c->summary);
        return;
    }
    c->v = VERDICT_SUPPRESSED;
    if (!options.instrument)
        mem_leave_out(unseen_code);
}

static void report_on_own_stack(struct report_call *c)
{
    os_lock(&report_stack_lock);
    if (!report_stack)
        report_stack = os_reserve(REPORT_STACK);
    if (report_stack)
        call_on(report_stack + REPORT_STACK, report_call, c);
    else
        report_call(c);
    os_unlock(&report_stack_lock);
}

static void found(struct actor *by, const struct finding *f)
{
    (void)by;
    if (f->kind == FINDING_RACE &&
        (expected_met(f->access[0].addr, f->access[0].size) || benign_has(f->access[0].addr, f->access[0].size)))
        return;
    struct report_summary summary;
    bool heard = listener_any();
    int cancel;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel); /* the reporter opens and reads files */
    struct report_call c = {f, heard ? &summary : NULL, VERDICT_SUPPRESSED};
    struct inside in = inside_begin();
    (current_host() || options.sample ? report_on_own_stack(&c) : report_call(&c));
    if (heard && report_counts(c.v)) {
        listener_tell(&summary);
        report_summary_close(&summary);
    }
    inside_end(in);
    pthread_setcancelstate(cancel, NULL);
    if (options.halt_on_error && report_counts(c.v))
        raw_syscall(SYS_exit_group, process_exit_code(0), 0, 0, 0, 0, 0);
}

/* Nothing is left to be flushed without a lock that somebody stuck may hold: buffered output of the program is lost, as it
 * is when somebody kills a process that hangs. */
static void deadlocked(bool everybody)
{
    if (options.on_deadlock == ON_DEADLOCK_REPORT && !everybody)
        return;
    if (!(options.detect & DETECT_DEADLOCK))
        return; /* nothing was reported: the runtime, all of whose goroutines sleep, says so itself */
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    int status = process_exit_code(0);
    if (options.on_deadlock == ON_DEADLOCK_ABORT) {
        inside_begin();
        abort();
    }
    raw_syscall(SYS_exit_group, status, 0, 0, 0, 0, 0);
}

/* ---- for code that is interrupted by accesses which it knows nothing of: instrument=1, atomics_of= ----------------- */

static void found_between(struct actor *by, const struct finding *f)
{
    struct vectors v;
    struct slots interrupted;
    slots_copy(&interrupted, &slots);
    vectors_keep(&v);
    found(by, f);
    vectors_put_back(&v);
    slots_copy(&slots, &interrupted);
}

static enum finding_tier (*judge)(struct actor *by, const struct raced side[2]);
/* Where a race is repeated a million times, as in the readers of a sequence lock whose data is not atomic, keeping the registers would be
 * most of what it costs. */
static enum finding_tier raced_between(struct actor *by, const struct raced side[2])
{
    struct vectors v;
    if (judge == judge_order && !judge_has_order(side))
        return TIER_HAPPENED;
    vectors_keep(&v);
    const enum finding_tier tier = judge(by, side);
    vectors_put_back(&v);
    return tier;
}

static void deferred_between(struct actor *a)
{
    struct vectors v;
    vectors_keep(&v);
    signal_run_pending(a);
    vectors_put_back(&v);
}

void found_host(struct detector_host *host)
{
    host->found = found;
    host->deferred = signal_run_pending;
    host->deadlocked = deadlocked;
    if (!options_relocate())
        return;
    host->raced = judge = options.instrument ? judge_race : judge_order;
    if (vectors_known()) {
        host->found = found_between;
        host->raced = raced_between;
        host->deferred = deferred_between;
    }
}
