/* From a finding to what the user sees: filter, names, text and JSON, in this order. The preload's only door to it.
 *
 * Every call here is made by a thread that stands in inside_begin() and outside of the core. The reporter has a lock of
 * its own, holds it while it prints, and blocks the thread's signals meanwhile; it works on a stack of its own, because
 * a thread of the program may have little left. errno is kept. */
#ifndef GORACE_REPORT_H
#define GORACE_REPORT_H

#include "finding.h"
#include "flags.h"
#include "outbuf.h"
#include "symbolize.h"

enum verdict {
    VERDICT_PRINTED,
    VERDICT_NOT_PRINTED, /* counts, but max_reports have been printed */
    VERDICT_DUPLICATE,
    VERDICT_SUPPRESSED,
    VERDICT_IN_BASELINE,
    VERDICT_POSSIBLE, /* printed, and does not count */
    VERDICT_UNWANTED  /* a kind that detect= does not name; suspected only, and shown; a possible race that is none */
};

/* Both stay valid for the life of the process; `symbolizer` may be NULL: modules and offsets are then not known either.
 * Reads the suppressions. Nothing is opened for writing before there is something to write. */
void report_init(const struct flags *flags, const struct symbolizer *symbolizer);

/* What the program's own listener is told. */
struct report_summary {
    const char *kind;
    char fingerprint[17];
    struct outbuf message, json; /* each with its final zero */
};

/* The caller acts on halt_on_error: it is meant when report_counts(verdict). `summary` may be NULL; otherwise it is filled
 * in when the finding counts, and to be closed by report_summary_close. */
enum verdict report_finding(const struct finding *f, struct report_summary *summary);
static inline bool report_counts(enum verdict v)
{
    return v == VERDICT_PRINTED || v == VERDICT_NOT_PRINTED;
}
void report_summary_close(struct report_summary *summary);

/* How many different findings counted so far in this process: exitcode applies when it is not 0. */
uint64_t report_count(void);

/* The last words of the process: unused suppressions, coverage line. `covered`: what that says in place of the counters, or NULL. */
void report_end(const char *covered);

/* Whether a SARIF report is wanted and there is something for it: the names of its file and of the file of findings, each
 * with its final zero. */
bool report_sarif(struct outbuf *sarif, struct outbuf *findings);

/* What brings this run about again, for all findings from now on: copied; NULL: nothing does. While no goroutine runs. */
void report_replay(const char *text);

/* One line for the user, into the log; a newline is added. */
void report_say(const char *line);

/* A library is about to be unloaded: its names are kept. */
void report_note_unload(void);

/* Round fork: the child gets a free lock, its own log (%p) and a count of its own. */
void report_fork_begin(void);
void report_fork_end(bool is_child);

#endif
