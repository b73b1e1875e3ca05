/* From a finding to the printers; see report.h.
 *
 * Invariants: everything static here is guarded by `lock`, but for the counts, which are atomic, and `flags` and
 * `names`, which are set once, before there is a second thread. A report is written with one write(2) to a file opened
 * for appending and closed again: a program that closes descriptors it does not know (daemons do) must not make us
 * write into a file of its own that got the same number.
 *
 * The stack of the calling thread may be 16 KB or a signal stack; libdw wants more. So the work is done on a stack of
 * the reporter's own, one for all because the lock is held. */
#include "report.h"

#include <stddef.h>

#include "filter.h"
#include "os.h"
#include "report_sys.h"

#define REPORT_STACK_BYTES ((size_t)512 << 10)
#define PATH_BYTES 4096

/* A file that lines are appended to; "" is stderr. Absolute, with %p still in it. */
struct sink {
    char path[PATH_BYTES];
    bool broken; /* could not be opened: said once, stderr is used */
};

static struct oslock lock;
static const struct flags *flags;
static const struct symbolizer *names;
static struct sink log_sink, json_sink;
static uint64_t found[FINDING_MISUSE + 1], suppressed, duplicates;
static char *own_stack;

uint64_t report_count(void)
{
    uint64_t n = 0;
    for (int kind = 0; kind <= FINDING_MISUSE; kind++)
        n += __atomic_load_n(&found[kind], __ATOMIC_RELAXED);
    return n;
}

/* ---- output --------------------------------------------------------------------------------------------------- */

static void sink_init(struct sink *s, const char *name)
{
    size_t n = 0;
    s->broken = false;
    if (*name && *name != '/') {
        long length = sys_getcwd(s->path, sizeof s->path - 1);
        if (length > 1) {
            n = (size_t)length - 1;
            s->path[n++] = '/';
        }
    }
    while (*name && n < sizeof s->path - 1)
        s->path[n++] = *name++;
    s->path[n] = 0;
}

static void expand_pid(const char *pattern, struct outbuf *o)
{
    for (const char *p = pattern; *p; p++) {
        if (p[0] == '%' && p[1] == 'p') {
            outbuf_format(o, "%d", sys_getpid());
            p++;
        } else {
            outbuf_char(o, *p);
        }
    }
    outbuf_char(o, 0);
}

static void sink_write(struct sink *s, struct outbuf *o)
{
    o->fd = 2;
    int fd = -1;
    if (s->path[0] && !s->broken) {
        struct outbuf path;
        outbuf_open(&path, -1);
        expand_pid(s->path, &path);
        fd = sys_open(path.data, O_WRONLY | O_CREAT | O_APPEND, 0666);
        if (fd >= 0) {
            o->fd = fd;
        } else {
            struct outbuf error;
            outbuf_open(&error, 2);
            outbuf_format(&error, "gorace: cannot open %s (error %d); stderr is used\n", path.data, -fd);
            outbuf_close(&error);
            s->broken = true;
        }
        outbuf_close(&path);
    }
    outbuf_flush(o);
    if (fd >= 0)
        sys_close(fd);
}

static void say(struct outbuf *o)
{
    if (o->used)
        sink_write(&log_sink, o);
    outbuf_close(o);
}

/* ---- one finding ---------------------------------------------------------------------------------------------- */

static void print(const struct report *r)
{
    struct outbuf o;
    outbuf_open(&o, -1);
    report_text(&o, r);
    say(&o);
    if (json_sink.path[0]) {
        outbuf_open(&o, -1);
        report_json(&o, r);
        sink_write(&json_sink, &o);
        outbuf_close(&o);
    }
}

static void say_suppressed(const struct report *r, const struct suppression *s)
{
    struct outbuf o;
    outbuf_open(&o, -1);
    outbuf_format(&o, "gorace: suppressed by line %d (%s:%s): %s ", s->line, suppression_type(s), s->pattern,
                  report_kind(r->finding->kind));
    report_place(&o, r);
    outbuf_format(&o, " [%s]\n", r->fingerprint);
    say(&o);
}

/* Under the lock, on the reporter's stack. */
static enum verdict judge(const struct finding *f)
{
    static struct report r;
    if (filter_known(f) != FILTER_NEW)
        return filter_known(f) == FILTER_KNOWN ? VERDICT_DUPLICATE : VERDICT_SUPPRESSED;
    uint64_t fingerprint = report_build(&r, f, names);
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
    bool room = flags->max_reports == 0 || report_count() < (uint64_t)flags->max_reports;
    __atomic_fetch_add(&found[f->kind], 1, __ATOMIC_RELAXED);
    if (!room)
        return VERDICT_NOT_PRINTED;
    print(&r);
    return VERDICT_PRINTED;
}

struct job {
    const struct finding *finding;
    enum verdict verdict;
};

static void do_job(void *arg)
{
    struct job *j = arg;
    j->verdict = judge(j->finding);
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

enum verdict report_finding(const struct finding *f)
{
    if (!flags || !(flags->detect >> f->kind & 1))
        return VERDICT_UNWANTED;
    struct job job = {.finding = f};
    enum filter_known known = filter_known(f);
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

void report_init(const struct flags *f, const struct symbolizer *s)
{
    struct outbuf errors;
    outbuf_open(&errors, -1);
    flags = f;
    names = s;
    sink_init(&log_sink, f->log);
    sink_init(&json_sink, f->json);
    if (s)
        s->settings(f->debug_root, f->symbolize);
    if (*f->suppressions)
        suppressions_load(f->suppressions, &errors);
    say(&errors);
}

void report_end(void)
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
    if (flags->verbosity > 0)
        suppressions_say_unused(&o);
    if (flags->coverage && (report_count() > 0 || flags->verbosity > 0)) {
        struct coverage c = {.suppressed = suppressed,
                             .duplicates = duplicates,
                             .counters = counters,
                             .texts = texts,
                             .ncounters = COUNTERS};
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
        suppressed = duplicates = 0;
    }
    os_unlock(&lock);
}
