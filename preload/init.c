/* Start and end: options, the core and its host functions, exit status.
 *
 * The detector starts at the first event of the process, which may come before our constructor does. It ends in our
 * destructor, or in the wrappers of _exit and the like: the status becomes `exitcode` when anything was found. */
#include "init.h"

#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "../detector/flags.h"
#include "../detector/os.h"
#include "../detector/parked.h"
#include "../detector/record.h"
#include "../detector/report.h"
#include "../detector/unwind.h"
#include "../instrument/instrument.h"
#include "../instrument/slots.h"
#include "../instrument/vectors.h"
#include "../sample/sample.h"
#include "arch/x86_64/call_on.h"
#include "asleep.h"
#include "at_fork.h"
#include "benign.h"
#include "delay.h"
#include "expected.h"
#include "interpose.h"
#include "listener.h"
#include "modules.h"
#include "mutex.h"
#include "process.h"
#include "raw.h"
#include "recording.h"
#include "sarif.h"
#include "signals.h"
#include "stuck.h"
#include "symbolizer_load.h"
#include "threads.h"
#include "unseen.h"

enum { NOT_STARTED, STARTING, RUNNING, SAMPLING, OFF };
static uint32_t phase; /* atomic */
static struct oslock start_lock;
static struct flags flags;
static const struct symbolizer *symbolizer; /* set once, by reports_ready */
static uint32_t ready;                      /* atomic */

/* There is somebody who finds something. */
static bool at_work(void)
{
    const uint32_t now = __atomic_load_n(&phase, __ATOMIC_ACQUIRE);
    return now == RUNNING || now == SAMPLING;
}

static void say(const char *line)
{
    struct inside in = inside_begin();
    struct outbuf o;
    outbuf_open(&o, STDERR_FILENO);
    outbuf_format(&o, "gorace: %s\n", line);
    outbuf_close(&o);
    inside_end(in);
}

/* named: findings may come. Without, no file is opened for it, which a filter of system calls may forbid by now. */
static void prepare(bool named)
{
    static struct oslock once;
    if (__atomic_load_n(&ready, __ATOMIC_ACQUIRE))
        return;
    struct inside in = inside_begin();
    os_lock(&once);
    if (!ready) {
        const char *why = NULL;
        if (named && (flags.symbolize || !symbolizer)) {
            unseen_ours_begin();
            symbolizer = symbolizer_load(&why);
            unseen_ours_end();
        }
        if (!symbolizer) {
            if (why)
                say(why);
            symbolizer = &symbolizer_none;
        }
        report_init(&flags, symbolizer);
        __atomic_store_n(&ready, 1, __ATOMIC_RELEASE);
    }
    os_unlock(&once);
    inside_end(in);
}

void reports_ready(void)
{
    prepare(true);
}

static bool relocates(void)
{
    return flags.instrument || (flags.detect & DETECT_RACE && !flags.sample);
}

void accesses_count(bool alone)
{
    static struct oslock once;
    static bool begun;
    if (!relocates() || __atomic_load_n(&begun, __ATOMIC_ACQUIRE))
        return;
    struct inside in = inside_begin();
    os_lock(&once);
    const char *why;
    if (!begun) {
        unseen_ours_begin();
        if (!instrument_start(alone, &why))
            say(why);
        unseen_ours_end();
        __atomic_store_n(&begun, true, __ATOMIC_RELEASE);
    }
    os_unlock(&once);
    inside_end(in);
}

static void company(void)
{
    accesses_count(true); /* before there are libraries that only the detector needs */
    reports_ready();
}

bool reports_are_ready(void)
{
    return __atomic_load_n(&ready, __ATOMIC_ACQUIRE);
}

/* ---- host functions of the core ------------------------------------------------------------------------------------ */

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
    if (flags.unseen_races || flags.sample || !unseen_order(c->f)) {
        c->v = report_finding(c->f, c->summary);
        return;
    }
    c->v = VERDICT_SUPPRESSED;
    if (!flags.instrument)
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
    (current_host() || flags.sample ? report_on_own_stack(&c) : report_call(&c));
    if (heard && report_counts(c.v)) {
        listener_tell(&summary);
        report_summary_close(&summary);
    }
    inside_end(in);
    pthread_setcancelstate(cancel, NULL);
    if (flags.halt_on_error && report_counts(c.v))
        raw_syscall(SYS_exit_group, process_exit_code(0), 0, 0, 0, 0, 0);
}

/* For code that is interrupted by accesses which it knows nothing of: instrument=1, atomics_of=. */
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
static enum finding_tier raced_between(struct actor *by, const struct raced side[2])
{
    struct vectors v;
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

/* Nothing is left to be flushed without a lock that somebody stuck may hold: buffered output of the program is lost, as it
 * is when somebody kills a process that hangs. */
static void deadlocked(bool everybody)
{
    if (flags.on_deadlock == ON_DEADLOCK_REPORT && !everybody)
        return;
    if (!(flags.detect & DETECT_DEADLOCK))
        return; /* nothing was reported: the runtime, all of whose goroutines sleep, says so itself */
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    int status = process_exit_code(0);
    if (flags.on_deadlock == ON_DEADLOCK_ABORT) {
        inside_begin();
        abort();
    }
    raw_syscall(SYS_exit_group, status, 0, 0, 0, 0, 0);
}

/* ---- start --------------------------------------------------------------------------------------------------------- */

/* An executable with a runtime of its own linked in: its hooks come before ours, and its wrappers before our wrappers. */
static bool static_tsan(void)
{
    Dl_info theirs, ours;
    void *hook = dlsym(RTLD_DEFAULT, "__tsan_func_entry");
    return hook && dladdr(hook, &theirs) && dladdr((void *)static_tsan, &ours) && theirs.dli_fbase != ours.dli_fbase;
}

static void refuse_static_tsan(void)
{
    if (flags.static_tsan == STATIC_TSAN_RUN) {
        say("this executable carries its own ThreadSanitizer runtime; running it without gorace (static_tsan=run)");
        return;
    }
    say("this executable carries its own ThreadSanitizer runtime, which a preload cannot replace: link it with "
        "`gorace cc` (or -fno-sanitize-link-runtime and -lgorace_hooks); static_tsan=run runs it without gorace");
    raw_syscall(SYS_exit_group, flags.exitcode ? flags.exitcode : 1, 0, 0, 0, 0, 0);
}

/* gcc starts us from the executable's preinit array, before libc has set `environ`; the kernel has put the environment
 * behind the arguments. */
static const char *option_string(void)
{
    if (environ)
        return getenv("GORACE_OPTIONS");
    extern void *__libc_stack_end;
    long *argc = __libc_stack_end;
    for (char **e = (char **)(argc + 1 + *argc + 1); *e; e++) {
        static const char name[] = "GORACE_OPTIONS=";
        size_t n = 0;
        while (n < sizeof name - 1 && (*e)[n] == name[n])
            n++;
        if (n == sizeof name - 1)
            return *e + n;
    }
    return NULL;
}

static void read_options(void)
{
    struct outbuf o;
    outbuf_open(&o, STDERR_FILENO);
    flags_parse(&flags, option_string(), &o);
    if (flags.help)
        flags_help(&o);
    outbuf_close(&o);
}

static void fork_prepare(void)
{
    instrument_fork_begin();
    if (ready)
        report_fork_begin();
}

static void fork_parent(void)
{
    if (ready)
        report_fork_end(false);
    instrument_fork_end();
}

static void fork_child(void)
{
    if (flags.sample)
        process_forked();
    sample_forked();
    if (ready)
        report_fork_end(true);
    instrument_fork_end();
    unseen_forked();
    expected_forked();
    struct inside in = inside_begin();
    recording_modules(in.saved);
    inside_end(in);
}

/* Everything else is left alone: no thread has an actor, and each wrapper goes on to the real function. */
static void start_sampling(void)
{
    uintptr_t lo, hi;
    modules_scan();
    modules_self(&lo, &hi);
    unwind_leave_out(lo, hi);
    process_forked();
    at_fork(fork_prepare, fork_parent, fork_child);
    __atomic_store_n(&phase, SAMPLING, __ATOMIC_RELEASE);
}

static bool shared(uintptr_t lock)
{
    return memory_shared(lock, false);
}

static void start(void)
{
    struct detector_host host = {.found = found,
                                 .company = company,
                                 .unwind = unwind_here,
                                 .instrumented = modules_instrumented,
                                 .deferred = signal_run_pending,
                                 .say = say,
                                 .others = signal_handled,
                                 .asleep = threads_asleep,
                                 .mutex_taken = mutex_taken,
                                 .unblocked = signal_unblocked,
                                 .shared = shared,
                                 .deadlocked = deadlocked};
    interpose_resolve();
    read_options();
    if (flags.instrument && flags.sample) {
        say("sample= is for binaries as they are: with instrument=1 nothing is sampled");
        flags.sample = 0;
    }
    if (flags.sample && !(flags.detect & DETECT_RACE)) {
        say("sample= looks for races, which detect= leaves out: nothing is sampled");
        flags.sample = 0;
    }
    if (relocates())
        host.raced = judge = flags.instrument ? judge_race : judge_order;
    if (relocates() && vectors_known()) {
        host.found = found_between;
        host.raced = raced_between;
        host.deferred = deferred_between;
    }
    host.no_races = !(flags.detect & DETECT_RACE);
    host.no_order = !(flags.detect & DETECT_LOCK_ORDER);
    host.no_waits = !(flags.detect & DETECT_DEADLOCK);
    if (static_tsan()) {
        refuse_static_tsan();
        __atomic_store_n(&phase, OFF, __ATOMIC_RELEASE);
        return;
    }
    if (relocates())
        instrument_reserve(&flags);
    if (!detector_start(&host)) {
        __atomic_store_n(&phase, OFF, __ATOMIC_RELEASE);
        return;
    }
    if (flags.sample) {
        start_sampling();
        return;
    }
    recording_start(&flags, say);
    delay_start(&flags, say);
    uintptr_t lo, hi;
    stuck_start(&flags);
    modules_scan();
    modules_self(&lo, &hi);
    unwind_leave_out(lo, hi);
    threads_start();
    if (flags.sigquit != SIGQUIT_OFF)
        signal_quit_shows(flags.sigquit == SIGQUIT_END);
    at_fork(fork_prepare, fork_parent, fork_child);
    __atomic_store_n(&phase, RUNNING, __ATOMIC_RELEASE);
}

bool detector_running(void)
{
    uint32_t now = __atomic_load_n(&phase, __ATOMIC_ACQUIRE);
    if (likely(now == RUNNING))
        return process_is_ours();
    if (now != NOT_STARTED)
        return false;
    struct inside in = inside_begin();
    os_lock(&start_lock);
    if (phase == NOT_STARTED) {
        phase = STARTING;
        start();
    }
    os_unlock(&start_lock);
    inside_end(in);
    return __atomic_load_n(&phase, __ATOMIC_ACQUIRE) == RUNNING;
}

__attribute__((constructor)) static void begin(void)
{
    current();
    if (!at_work() || !flags.sample)
        return;
    struct inside in = inside_begin();
    const char *why;
    unseen_ours_begin();
    if (!sample_start(flags.sample, &why))
        say(why);
    unseen_ours_end();
    inside_end(in);
}

/* ---- modules and end ------------------------------------------------------------------------------------------------ */

void modules_changed(void)
{
    if (!at_work())
        return;
    struct inside in = inside_begin();
    const char *why;
    unwind_forget();
    modules_scan();
    if (!instrument_scan(&why))
        say(why);
    recording_modules(in.saved);
    inside_end(in);
}

/* What has been forgotten here may be learnt again by the destructors that run in dlclose: modules_changed forgets it
 * once more. */
void modules_unloading(void)
{
    if (!at_work())
        return;
    unwind_forget();
    if (!__atomic_load_n(&ready, __ATOMIC_ACQUIRE))
        return;
    struct inside in = inside_begin();
    report_note_unload();
    inside_end(in);
}

/* Races that were expected and have not come: how many. */
static int say_missed(void)
{
    struct outbuf o;
    outbuf_open(&o, -1);
    int n = expected_missed(&o);
    o.used -= n > 0; /* report_say adds the last line feed */
    outbuf_char(&o, 0);
    if (n)
        report_say(o.data);
    outbuf_close(&o);
    return n;
}

static void last_words(void)
{
    const char *line = unseen_summary();
    if (line && (flags.verbosity > 0 || (flags.coverage && report_count() > 0)))
        report_say(line);
    const char *lost = instrument_lost();
    if (lost && (flags.verbosity > 0 || report_count() > 0))
        report_say(lost);
    const char *made = judge_summary();
    if (made && flags.coverage)
        report_say(made);
    if (flags.verbosity > 0)
        instrument_say(flags.verbosity > 1);
    report_end(sample_on() ? sample_summary() : NULL);
    struct outbuf sarif, findings;
    outbuf_open(&sarif, -1);
    outbuf_open(&findings, -1);
    if (report_sarif(&sarif, &findings))
        sarif_write(sarif.data, findings.data);
    outbuf_close(&sarif);
    outbuf_close(&findings);
}

int process_exit_code(int status)
{
    static uint32_t ended, missed; /* the first one to end the process writes the last words */
    if (!at_work() || !process_is_ours())
        return status;
    record_end();
    if (!ready && flags.verbosity == 0 && !expected_any())
        return status;
    prepare(false); /* if they are not ready nothing was found, and there is no other thread that still could */
    struct inside in = inside_begin();
    if (!__atomic_exchange_n(&ended, 1, __ATOMIC_SEQ_CST)) {
        sample_end();
        __atomic_store_n(&missed, say_missed(), __ATOMIC_RELAXED);
        last_words();
    }
    uint64_t n = report_count() + __atomic_load_n(&missed, __ATOMIC_RELAXED);
    inside_end(in);
    return n && flags.exitcode ? flags.exitcode : status;
}

/* Runs after the program's destructors and atexit handlers. Ending here skips what is left of the C library's own end;
 * that is the writing of buffered output, done by hand. */
__attribute__((destructor)) static void end(void)
{
    PARKED_REGISTERS();
    stuck_at_exit(current(), PARKED_ABOVE(), parked_registers);
    int status = process_exit_code(-1);
    if (status == -1)
        return;
    struct inside in = inside_begin();
    fflush(NULL);
    inside_end(in);
    raw_syscall(SYS_exit_group, status, 0, 0, 0, 0, 0);
}
