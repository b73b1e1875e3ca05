/* Start: options, the core and its host functions.
 *
 * The detector starts at the first event of the process, which may come before our constructor does. How it ends:
 * process_end.c. */
#include "init.h"

#include <dlfcn.h>
#include <link.h>

#include "../detector/os.h"
#include "../detector/report.h"
#include "../detector/unwind.h"
#include "../instrument/instrument.h"
#include "../sample/sample.h"
#include "asleep.h"
#include "at_fork.h"
#include "delay.h"
#include "expected.h"
#include "found.h"
#include "interpose.h"
#include "modules.h"
#include "mutex.h"
#include "options.h"
#include "process.h"
#include "raw.h"
#include "recording.h"
#include "reports.h"
#include "signals.h"
#include "stuck.h"
#include "threads.h"
#include "unseen.h"

enum { NOT_STARTED, STARTING, RUNNING, SAMPLING, OFF };
static uint32_t phase; /* atomic */
static struct oslock start_lock;

bool detector_at_work(void)
{
    const uint32_t now = __atomic_load_n(&phase, __ATOMIC_ACQUIRE);
    return now == RUNNING || now == SAMPLING;
}

void accesses_count(bool alone)
{
    static struct oslock once;
    static bool begun;
    if (!options_relocate() || __atomic_load_n(&begun, __ATOMIC_ACQUIRE))
        return;
    struct inside in = inside_begin();
    os_lock(&once);
    const char *why;
    if (!begun) {
        unseen_ours_begin();
        if (!instrument_start(alone, &why))
            say_at_once(why);
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
    if (options.static_tsan == STATIC_TSAN_RUN) {
        say_at_once("this executable carries its own ThreadSanitizer runtime; running it without gorace "
                    "(static_tsan=run)");
        return;
    }
    say_at_once("this executable carries its own ThreadSanitizer runtime, which a preload cannot replace: link it with "
                "`gorace cc` (or -fno-sanitize-link-runtime and -lgorace_hooks); static_tsan=run runs it without gorace");
    raw_syscall(SYS_exit_group, options.exitcode ? options.exitcode : 1, 0, 0, 0, 0, 0);
}

static void fork_prepare(void)
{
    instrument_fork_begin();
    if (reports_are_ready())
        report_fork_begin();
}

static void fork_parent(void)
{
    if (reports_are_ready())
        report_fork_end(false);
    instrument_fork_end();
}

static void fork_child(void)
{
    if (options.sample)
        process_forked();
    sample_forked();
    if (reports_are_ready())
        report_fork_end(true);
    instrument_fork_end();
    unseen_forked();
    expected_forked();
    mutex_forked();
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
    struct detector_host host = {.company = company,
                                 .unwind = unwind_here,
                                 .instrumented = modules_instrumented,
                                 .say = say_at_once,
                                 .others = signal_handled,
                                 .asleep = threads_asleep,
                                 .mutex_taken = mutex_taken,
                                 .unblocked = signal_unblocked,
                                 .shared = shared};
    interpose_resolve();
    options_read();
    found_host(&host);
    host.no_races = !(options.detect & DETECT_RACE);
    host.no_order = !(options.detect & DETECT_LOCK_ORDER);
    host.no_waits = !(options.detect & DETECT_DEADLOCK);
    if (static_tsan()) {
        refuse_static_tsan();
        __atomic_store_n(&phase, OFF, __ATOMIC_RELEASE);
        return;
    }
    if (options_relocate())
        instrument_reserve(&options);
    if (!detector_start(&host)) {
        __atomic_store_n(&phase, OFF, __ATOMIC_RELEASE);
        return;
    }
    mutex_more = detector_races || *options.delay;
    if (options.sample) {
        start_sampling();
        return;
    }
    recording_start(&options, say_at_once);
    delay_start(&options, say_at_once);
    uintptr_t lo, hi;
    stuck_start(&options);
    modules_scan();
    modules_self(&lo, &hi);
    unwind_leave_out(lo, hi);
    threads_start();
    if (options.sigquit != SIGQUIT_OFF)
        signal_quit_shows(options.sigquit == SIGQUIT_END);
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
    if (!detector_at_work() || !options.sample)
        return;
    struct inside in = inside_begin();
    const char *why;
    unseen_ours_begin();
    if (!sample_start(options.sample, &why))
        say_at_once(why);
    unseen_ours_end();
    inside_end(in);
}

/* ---- modules ------------------------------------------------------------------------------------------------ */

void modules_changed(void)
{
    if (!detector_at_work())
        return;
    struct inside in = inside_begin();
    const char *why;
    unwind_forget();
    modules_scan();
    if (!instrument_scan(&why))
        say_at_once(why);
    recording_modules(in.saved);
    inside_end(in);
}

/* What has been forgotten here may be learnt again by the destructors that run in dlclose: modules_changed forgets it
 * once more. */
void modules_unloading(void)
{
    if (!detector_at_work())
        return;
    unwind_forget();
    if (!reports_are_ready())
        return;
    struct inside in = inside_begin();
    report_note_unload();
    inside_end(in);
}
