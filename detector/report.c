/* From a finding to the printers; see report.h.
 *
 * Invariants: everything static here is guarded by `lock`, but for the counts, which are atomic, and `flags` and
 * `names`, which are set once, before there is a second thread.
 *
 * The stack of the calling thread may be 16 KB or a signal stack; libdw wants more. So the work is done on a stack of
 * the reporter's own, one for all because the lock is held. */
#include "report.h"

#include <stddef.h>

#include "baseline.h"
#include "filter.h"
#include "os.h"
#include "report_atomic.h"
#include "report_sink.h"
#include "report_sys.h"

#define REPORT_STACK_BYTES ((size_t)512 << 10)

static struct oslock lock;
static const struct flags *flags;
static const struct symbolizer *names;
static struct sink log_sink, json_sink, collect_sink, sarif_sink; /* nothing is written into the last one here */
static bool collected;                                            /* this process has written into collect_sink */
static char replay[1024]; /* one that is longer is not told */
static uint64_t found[FINDING_MISUSE + 1], suppressed, duplicates, in_baseline;
static char *own_stack;

uint64_t report_count(void)
{
    uint64_t n = 0;
    for (int kind = 0; kind <= FINDING_MISUSE; kind++)
        n += __atomic_load_n(&found[kind], __ATOMIC_RELAXED);
    return n;
}

/* ---- output --------------------------------------------------------------------------------------------------- */

static void say(struct outbuf *o)
{
    if (o->used)
        sink_write(&log_sink, o);
    outbuf_close(o);
}

/* ---- one finding ---------------------------------------------------------------------------------------------- */

static void print_json(struct sink *to, const struct report *r)
{
    struct outbuf o;
    if (!to->path[0])
        return;
    outbuf_open(&o, -1);
    report_json(&o, r);
    sink_write(to, &o);
    outbuf_close(&o);
}

/* The text alone: shown as often as somebody asks, and it does not count. */
static void show(const struct report *r)
{
    struct outbuf o;
    outbuf_open(&o, -1);
    report_text(&o, r);
    say(&o);
}

/* The files of findings also get those of the baseline, so that one can see which of it are still there. */
static void print(const struct report *r)
{
    struct outbuf o;
    if (!r->in_baseline)
        show(r);
    print_json(&json_sink, r);
    if (r->finding->tier == TIER_POSSIBLE && flags->possible_races != POSSIBLE_RACES_COUNT)
        return;
    print_json(&collect_sink, r);
    collected = true;
    if (flags->github && !r->in_baseline) {
        outbuf_open(&o, 2);
        report_github(&o, r);
        outbuf_close(&o);
    }
}

static void say_passed_over(const struct report *r, const char *why)
{
    struct outbuf o;
    outbuf_open(&o, -1);
    outbuf_format(&o, "gorace: %s: %s ", why, report_kind(r->finding->kind));
    report_place(&o, r);
    outbuf_format(&o, " [%s]\n", r->fingerprint);
    say(&o);
}

static void say_suppressed(const struct report *r, const struct suppression *s)
{
    struct outbuf why;
    outbuf_open(&why, -1);
    outbuf_format(&why, "suppressed by line %d (%s:%s)", s->line, suppression_type(s), s->pattern);
    outbuf_char(&why, 0);
    say_passed_over(r, why.data);
    outbuf_close(&why);
}

static void summarise(struct report_summary *to, const struct report *r)
{
    to->kind = report_kind(r->finding->kind);
    copy_bytes(to->fingerprint, r->fingerprint, sizeof to->fingerprint);
    outbuf_open(&to->message, -1);
    report_sentence(&to->message, r);
    outbuf_char(&to->message, 0);
    outbuf_open(&to->json, -1);
    report_json(&to->json, r);
    to->json.used -= to->json.used > 0; /* the line feed */
    outbuf_char(&to->json, 0);
}

void report_summary_close(struct report_summary *summary)
{
    outbuf_close(&summary->message);
    outbuf_close(&summary->json);
}

/* Under the lock, on the reporter's stack. */
static enum verdict judge(const struct finding *f, struct report_summary *summary)
{
    static struct report r;
    if (f->tier == TIER_SUSPECTED) {
        report_build(&r, f, names);
        show(&r);
        return VERDICT_UNWANTED;
    }
    if (filter_known(f) != FILTER_NEW)
        return filter_known(f) == FILTER_KNOWN ? VERDICT_DUPLICATE : VERDICT_SUPPRESSED;
    uint64_t fingerprint = report_build(&r, f, names);
    if (f->tier == TIER_POSSIBLE && report_is_atomic(&r))
        return VERDICT_UNWANTED;
    const struct suppression *s = suppressed_by(&r);
    filter_remember(f, s != NULL);
    bool first = filter_first(fingerprint);
    if (s) {
        if (first && flags->verbosity > 0)
            say_suppressed(&r, s);
        return VERDICT_SUPPRESSED;
    }
    if (!first)
        return VERDICT_DUPLICATE;
    r.in_baseline = baseline_has(fingerprint);
    r.replay = replay;
    if (r.in_baseline) {
        in_baseline++;
        if (flags->verbosity > 0)
            say_passed_over(&r, "in the baseline");
        print(&r);
        return VERDICT_IN_BASELINE;
    }
    if (f->tier == TIER_POSSIBLE && flags->possible_races != POSSIBLE_RACES_COUNT) {
        print(&r);
        return VERDICT_POSSIBLE;
    }
    bool room = flags->max_reports == 0 || report_count() < (uint64_t)flags->max_reports;
    __atomic_fetch_add(&found[f->kind], 1, __ATOMIC_RELAXED);
    if (summary)
        summarise(summary, &r);
    if (!room)
        return VERDICT_NOT_PRINTED;
    print(&r);
    return VERDICT_PRINTED;
}

struct job {
    const struct finding *finding;
    struct report_summary *summary;
    enum verdict verdict;
};

static void do_job(void *arg)
{
    struct job *j = arg;
    j->verdict = judge(j->finding, j->summary);
}

/* Calls do_job(job) on the stack that ends at `top`. */
static void call_on_stack(char *top, struct job *job)
{
    void *keep;
    __asm__ volatile("movq %%rsp, %[keep]\n\t"
                     "movq %[top], %%rsp\n\t"
                     "call *%[fn]\n\t"
                     "movq %[keep], %%rsp"
                     : [keep] "=&b"(keep), "+D"(job)
                     : [top] "r"(top), [fn] "r"(do_job)
                     : "rax", "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "memory", "cc", "xmm0", "xmm1", "xmm2",
                       "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13",
                       "xmm14", "xmm15");
}

enum verdict report_finding(const struct finding *f, struct report_summary *summary)
{
    if (!flags || !(flags->detect >> f->kind & 1) || (f->doubtful && !flags->order_only) ||
        (f->tier == TIER_POSSIBLE && flags->possible_races == POSSIBLE_RACES_HIDE))
        return VERDICT_UNWANTED;
    struct job job = {.finding = f, .summary = summary};
    enum filter_known known = f->tier == TIER_SUSPECTED ? FILTER_NEW : filter_known(f);
    if (known == FILTER_NEW) {
        uint64_t signals;
        sys_block_signals(&signals);
        os_lock(&lock);
        if (!own_stack)
            own_stack = os_reserve(REPORT_STACK_BYTES);
        if (own_stack)
            call_on_stack(own_stack + REPORT_STACK_BYTES, &job);
        else
            do_job(&job);
        os_unlock(&lock);
        sys_restore_signals(&signals);
    } else {
        job.verdict = known == FILTER_KNOWN ? VERDICT_DUPLICATE : VERDICT_SUPPRESSED;
    }
    if (job.verdict == VERDICT_DUPLICATE)
        __atomic_fetch_add(&duplicates, 1, __ATOMIC_RELAXED);
    else if (job.verdict == VERDICT_SUPPRESSED)
        __atomic_fetch_add(&suppressed, 1, __ATOMIC_RELAXED);
    return job.verdict;
}

void report_replay(const char *text)
{
    size_t n = 0;
    while (text && text[n])
        n++;
    bool told = n < sizeof replay;
    for (size_t i = 0; told && i < n; i++)
        replay[i] = text[i];
    replay[told ? n : 0] = 0;
}

void report_init(const struct flags *f, const struct symbolizer *s)
{
    struct outbuf errors;
    outbuf_open(&errors, -1);
    flags = f;
    names = s;
    sink_init(&log_sink, f->log);
    sink_init(&json_sink, f->json);
    sink_init(&sarif_sink, f->sarif);
    sink_init(&collect_sink, *f->collect ? f->collect : f->sarif);
    if (*f->sarif && !*f->collect)
        sink_append(&collect_sink, ".jsonl");
    collect_sink.silent = *f->collect != 0;
    if (s)
        s->settings(f->debug_root, f->symbolize);
    if (*f->suppressions)
        suppressions_load(f->suppressions, &errors);
    if (*f->baseline)
        baseline_load(f->baseline, &errors);
    say(&errors);
}

void report_end(const char *covered)
{
#define COUNTER(name, text) text,
    static const char *const texts[] = {
#include "counters.def"
    };
#undef COUNTER
    uint64_t counters[COUNTERS];
    struct outbuf o;
    uint64_t signals;
    if (!flags)
        return;
    sys_block_signals(&signals);
    os_lock(&lock);
    outbuf_open(&o, -1);
    suppressions_say_unused(&o, flags->verbosity > 0);
    if (flags->coverage && (report_count() > 0 || flags->verbosity > 0)) {
        struct coverage c = {.suppressed = suppressed,
                             .duplicates = duplicates,
                             .in_baseline = in_baseline,
                             .counters = counters,
                             .texts = texts,
                             .ncounters = COUNTERS,
                             .instead = covered};
        for (int i = 0; i < COUNTERS; i++)
            counters[i] = counter_sum((enum counter)i);
        for (int kind = 0; kind <= FINDING_MISUSE; kind++)
            c.found[kind] = found[kind];
        coverage_line(&o, &c);
    }
    say(&o);
    os_unlock(&lock);
    sys_restore_signals(&signals);
}

bool report_sarif(struct outbuf *sarif, struct outbuf *findings)
{
    if (!collected || !sarif_sink.path[0])
        return false;
    sink_path(&sarif_sink, sarif);
    sink_path(&collect_sink, findings);
    return true;
}

void report_say(const char *line)
{
    struct outbuf o;
    uint64_t signals;
    sys_block_signals(&signals);
    os_lock(&lock);
    outbuf_open(&o, -1);
    outbuf_str(&o, line);
    outbuf_char(&o, '\n');
    say(&o);
    os_unlock(&lock);
    sys_restore_signals(&signals);
}

void report_note_unload(void)
{
    uint64_t signals;
    if (!names)
        return;
    sys_block_signals(&signals);
    os_lock(&lock);
    names->note_unload();
    os_unlock(&lock);
    sys_restore_signals(&signals);
}

void report_fork_begin(void)
{
    os_lock(&lock);
}

void report_fork_end(bool is_child)
{
    if (is_child) {
        for (int kind = 0; kind <= FINDING_MISUSE; kind++)
            found[kind] = 0;
        suppressed = duplicates = in_baseline = 0;
        collected = false;
    }
    os_unlock(&lock);
}
