/* A schedule as text and as a record of what happened in it. Pure: the runtime that follows one, and whoever searches for one
 * (goro_explore, the launcher), share this.
 *
 * Text, the value of GORO_REPLAY:
 *     v1/SEED/STRATEGY[/STEPS.CHECKS]
 * STRATEGY is one of GORO_STRATEGY, or a list of switches, A@N-B,A@N-B..: when A has come to its Nth decision, B goes on; otherwise
 * who runs goes on as long as it can, and then whoever has waited longest. Or it is directed, hold:A@N,B@Mw..: A is held before its
 * Nth operation, B before its Mth, until each of them has come to it or nobody else can go on; then first those with a w
 * go on, until nobody else can, then the others. Nobody is interrupted otherwise. Goroutines are named by their creation path: m is the main one, m.2 the second that it started; c is the clock, which starts
 * those of timers, and stands for "nobody runs".
 * SEED is that of the other choices (select, timers that are due together, random numbers), too.
 * CHECKS are letters of a rolling hash over the steps, one for each stride of them: by these a replay notices where it is not
 * the same schedule. */
#ifndef RT_SCHEDULE_H
#define RT_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum rt_strategy {
    RT_STRATEGY_SWITCHES, /* with none: nobody is interrupted */
    RT_STRATEGY_RANDOM,   /* anybody, before every operation */
    RT_STRATEGY_PCT,      /* fixed random priorities, changed at few random steps */
    RT_STRATEGY_POS,      /* a random priority for each operation, drawn anew for those in conflict with one that was done */
    RT_STRATEGY_SLICE,    /* anybody, for a random number of operations */
    RT_STRATEGY_ROUND,    /* in turn, before every operation */
    RT_STRATEGY_HOLD,     /* nobody is interrupted, but some are held at an operation until all of them have come to theirs */
};

enum { RT_CHECKS = 64, RT_SWITCHES = 4096, RT_RECORD_TASKS = 4096, RT_NAMED_SWITCHES = 16, RT_POINTS = 2048, RT_OTHERS = 3, RT_OPERATIONS = 65536, RT_MOST_CHANGES = 16, RT_TOKEN = 100000 };
#define RT_HOLD "hold:"
enum { RT_HOLD_FIRST = 1, RT_HOLD_LAST }; /* who goes on when all are there */

struct rt_switch {
    uint64_t from, to; /* rt_path_child hashes; to: of a hold RT_HOLD_FIRST or RT_HOLD_LAST */
    uint32_t at;       /* decision of `from`, counted from 1; of a hold: operation */
};

struct rt_schedule {
    uint64_t seed;
    enum rt_strategy strategy;
    uint32_t depth; /* pct's */
    uint64_t steps; /* expected: pct draws its changes below it */
    uint32_t switch_count;
    struct rt_switch *switches; /* or holds; the caller's room for RT_SWITCHES, or NULL */
    uint64_t check_steps;       /* 0: no checks */
    char checks[RT_CHECKS + 1];
};

enum rt_outcome {
    RT_OUTCOME_UNFINISHED, /* it was killed, or has aborted: what the record says is as far as it came */
    RT_OUTCOME_ENDED,      /* main has returned `result` */
    RT_OUTCOME_PANIC,
    RT_OUTCOME_DEADLOCK, /* all goroutines asleep */
    RT_OUTCOME_ENDLESS,  /* more steps than allowed */
};

enum rt_point_kind {
    RT_POINT_NONE,  /* nobody else has to do with the object: taken off the list at the end */
    RT_POINT_HOLDS, /* the same as the next, by one who holds a lock: what deadlocks are made of */
    RT_POINT_WRITE, /* it changes an object that others use */
    RT_POINT_READ,  /* it reads one that others change */
    RT_POINT_WAIT   /* it cannot go on */
};

/* In memory that survives the process: written by the one that runs, read by the one that searches. */
struct rt_record {
    uint32_t abi; /* RT_RECORD_ABI, set by the reader before */
    uint32_t outcome;
    int32_t result;
    uint32_t diverged;       /* 1: not the schedule that was to be replayed */
    uint32_t wants_switches; /* set by the reader before: fills `switches` */
    uint32_t wants_points;   /* the same for `points` */
    uint32_t wants_operations;
    uint32_t switch_count;   /* all; more than there is room for: the list is of no use */
    uint64_t most_steps;     /* set by the reader before; 0: any number */
    uint64_t steps, hash;
    uint64_t ordering; /* hash of the order of operations on each object */
    uint32_t stride, check_count;
    char checks[RT_CHECKS + 1];
    char message[256]; /* of a panic */
    struct rt_record_task {
        uint32_t parent, nth; /* [0]: c, [1]: m */
        uint32_t born;        /* `operations` before it was */
    } tasks[RT_RECORD_TASKS];
    struct rt_record_switch { /* where another one went on than without interruptions */
        uint32_t from, to;    /* tasks */
        uint32_t at;          /* decision of `from` */
        uint32_t op;          /* enum rt_op: what `from` is about to do, or waits in */
        uint32_t waits;       /* 1: it cannot go on */
        uint64_t step, pc;
        char where[64]; /* the call, if there are few switches */
    } switches[RT_SWITCHES];
    uint32_t point_count;
    struct rt_record_point { /* where another one could have gone on, and it might have mattered: in order */
        uint32_t from, at;
        uint32_t kind;   /* enum rt_point_kind */
        uint32_t object; /* which, from 1; 0: none */
        uint32_t other_count, others[RT_OTHERS];
        uint64_t step;
    } points[RT_POINTS];
    uint32_t operation_count;
    struct rt_record_operation { /* on objects that are waited for; those behind the last are not kept */
        uint32_t task, nth; /* operation of the task, counted from 1 */
        uint32_t object, op;
    } operations[RT_OPERATIONS];
};
#define RT_RECORD_ABI 2u
#define RT_RECORD_ENV "GORO_RECORD" /* path of the file that is the record */

#define RT_PATH_MAIN UINT64_C(0)
#define RT_PATH_CLOCK UINT64_C(0xc10c)

/* Identity of the nth goroutine (from 1) that `path` starts. */
static inline uint64_t rt_path_child(uint64_t path, uint64_t nth)
{
    return (path + nth) * UINT64_C(0x9e3779b97f4a7c15);
}

/* random, pct:D, pct:D:STEPS, pos, slice, rr, switches, up to the end of the text or a /. false: none of these. */
bool rt_strategy_parse(struct rt_schedule *s, const char *text);
/* false: no such token; *why says so. Requires: s->switches. */
bool rt_schedule_parse(struct rt_schedule *s, const char *token, const char **why);
/* The token without checks, but for the list of switches; returns its length, as snprintf. */
size_t rt_schedule_print(const struct rt_schedule *s, char *text, size_t room);
/* "/STEPS.CHECKS" of what a record saw. */
size_t rt_checks_print(const struct rt_record *r, char *text, size_t room);
/* m.2.1, or ? */
size_t rt_path_print(const struct rt_record *r, uint32_t task, char *text, size_t room);

/* Steps a letter stands for when there were so many of them. */
static inline uint64_t rt_check_stride(uint64_t steps)
{
    uint64_t stride = 1;
    while (steps / stride > RT_CHECKS)
        stride *= 2;
    return stride;
}

static inline char rt_check_letter(uint64_t hash)
{
    return "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[hash >> 58];
}

#endif
