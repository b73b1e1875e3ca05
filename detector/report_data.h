/* What a printer is given: a finding, its stacks named, its fingerprint. report.c puts it together; report_text.c and
 * report_json.c only write it down. Valid while the finding is being printed. */
#ifndef GORACE_REPORT_DATA_H
#define GORACE_REPORT_DATA_H

#include "finding.h"
#include "outbuf.h"
#include "symbolize.h"

struct report_frame {
    const struct symbol_frame *frame;
    unsigned times; /* how often it stands here on end (recursion) */
};

struct report_stack {
    const struct report_frame *at; /* innermost first */
    int n;                         /* 0: not known */
    bool more;                     /* frames were left out at the outer end */
};

struct report_lock {
    struct report_stack taken;
    const char *name; /* of the variable it is, or NULL */
};

struct report_actor {
    const struct finding_actor *who;
    struct report_stack created;
};

struct report_step {
    const struct finding_step *step;
    struct report_stack stack;
    const char *name; /* of the object, when it is a variable, or NULL */
    struct report_lock held[FINDING_LOCKS];
};

struct report_link { /* of a path to an object */
    const struct finding_object *object;
    struct report_stack allocated; /* OBJECT_HEAP */
    const char *name;              /* of a variable, or NULL */
};

#define REPORT_PATH 8
#define REPORT_ACTORS 256
#define REPORT_STEPS 256 /* shown of one finding; more are counted */

struct report {
    const struct finding *finding;
    char fingerprint[17];
    bool in_baseline; /* the user knows it: only in the files of findings */
    int pid;
    struct report_stack access[2];
    struct report_lock lock[2][FINDING_LOCKS];
    struct report_stack allocated; /* OBJECT_HEAP */
    bool has_variable;
    struct symbol_variable variable; /* of access[0].addr; its name may be NULL */
    struct report_step step[REPORT_STEPS];
    int nsteps; /* of them; the finding may have more */
    struct report_link path[REPORT_PATH];
    int npath;
    struct report_actor actors[REPORT_ACTORS];
    int nactors;
    const char *replay; /* "GORO_REPLAY=..."; "" if there is none */
};

/* Number of locks of a side that are in the report. */
static inline int report_locks(const struct finding_access *a)
{
    return a->nlocks < FINDING_LOCKS ? a->nlocks : FINDING_LOCKS;
}

static inline int report_step_locks(const struct finding_step *s)
{
    int n = s->nheld < FINDING_LOCKS ? s->nheld : FINDING_LOCKS;
    return s->held ? n : 0;
}

/* "data-race" ...: the finding's kind in reports. */
const char *report_kind(enum finding_kind kind);
const char *report_tier(enum finding_tier tier);
const char *report_role(enum step_role role);
const char *report_misuse(enum misuse what); /* "unlock-unlocked" ... */
const char *report_state(const struct finding_actor *a); /* "running", "waiting" or "ended" */
const char *thing_name(enum thing thing);    /* "mutex" ... */
const char *base_name(const char *path);

/* Names everything; returns the fingerprint. `symbolizer` may be NULL. */
uint64_t report_build(struct report *r, const struct finding *f, const struct symbolizer *symbolizer);

/* The finding in one sentence, without a full stop. */
void report_sentence(struct outbuf *o, const struct report *r);
/* The frame that the finding is shown at: of the access now. NULL when it is not known. */
const struct symbol_frame *report_frame(const struct report *r);
/* "file.c:12 in func", of that frame. */
void report_place(struct outbuf *o, const struct report *r);
void report_text(struct outbuf *o, const struct report *r);
/* report_text.c's parts, for the kinds of report_locks.c. */
void report_say_actor(struct outbuf *o, const struct finding_actor *a);
void report_say_actor_fully(struct outbuf *o, const struct finding_actor *a);
void report_say_stack(struct outbuf *o, const struct report_stack *s, int indent);
void report_say_steps(struct outbuf *o, const struct report *r);
void report_steps_sentence(struct outbuf *o, const struct report *r);
void report_json(struct outbuf *o, const struct report *r);
/* A workflow command of GitHub Actions, on one line. */
void report_github(struct outbuf *o, const struct report *r);

/* Counts and counters of the last line. */
struct coverage {
    uint64_t found[FINDING_MISUSE + 1]; /* by kind */
    uint64_t suppressed, duplicates, in_baseline;
    const uint64_t *counters; /* in the order of counters.def */
    const char *const *texts;
    int ncounters;
    const char *instead; /* of the counters; NULL: nothing */
};
void coverage_line(struct outbuf *o, const struct coverage *c);

#endif
