/* The meaning of Go's own race tests, re-expressed for libgoro: what a case is and what it may use.
 *
 * A case is named as Go's function, in small letters (functions.tsv): race_* contains the races whose lines are marked,
 * norace_* none. The driver (main.c) runs one case a process, so cases share variables and none cleans up. It comes in
 * two forms:
 *
 *     GO(race_plus2) { x = 1; } // RACE           a goroutine, and
 *     MAIN(race_plus2) { use(x + z); } // RACE    what the first goroutine does meanwhile; then it waits for the other
 *                                                 (MAIN_AFTER(name, f): before both, f() is called;
 *                                                 MAIN_POLLS: it waits for what the other does)
 *
 *     CASE(norace_chan_sync) { ... }              the body starts goroutines itself
 *
 * `check` reads the marks: those of a case are between the case before it and its own end. A mark is as in
 * tests/e2e/run_samples. Lines of slice.h and table.c are their callers'.
 *
 * Every race has to be there in every schedule. Where that needs an order, steps give it (await_step); the two sides of
 * a GO and MAIN are run in either order by the driver. */
#ifndef GO_MODEL_CASES_H
#define GO_MODEL_CASES_H

#define GORO_SHORT_NAMES
#include "goro_await.h"

struct race_case {
    const char *name;
    void (*body)(void);   /* of a CASE, or of the first goroutine */
    void (*beside)(void); /* of the other goroutine, or NULL */
    void (*before)(void); /* what has to be made first, or NULL */
    bool polls;           /* the first goroutine waits for the other one, which therefore cannot be held back */
};

#define CASE_ENTRY(name, ...) \
    static const struct race_case name##_case = {#name, __VA_ARGS__}; \
    static const struct race_case *const name##_entry __attribute__((section("race_cases"), used)) = &name##_case;
#define CASE(name) \
    static void name(void); \
    CASE_ENTRY(name, name, NULL, NULL, false) \
    static void name(void)
#define GO(name) static void name##_go(void)
#define MAIN_SIDE(name, ...) \
    static void name##_main(void); \
    CASE_ENTRY(name, name##_main, name##_go, __VA_ARGS__) \
    static void name##_main(void)
#define MAIN(name) MAIN_SIDE(name, NULL, false)
#define MAIN_AFTER(name, before) MAIN_SIDE(name, before, false)
#define MAIN_POLLS(name) MAIN_SIDE(name, NULL, true)

/* A variable that a file's cases share: no compiler may conclude that it is only written, or only ever 0 and 1. */
#define SHARED static __attribute__((used))
extern int x, y, z;
extern chan_of(bool) done, other; /* made before the case begins, with room for 64 */
extern struct schedule steps;

/* The value is used, as far as the compiler knows: `use(x)` reads x. */
#define use(value) used((long)(value))
INVISIBLE void used(long value)
{
    __asm__ volatile("" : : "r"(value) : "memory");
}

#define await_step(k) goro_await(&steps, (k))

/* `k` more goroutines have come here: for orders that do not depend on which is the first. */
INVISIBLE void arrive(void)
{
    __atomic_fetch_add(&steps.done, 1, __ATOMIC_RELEASE);
}

#define finish() chan_send(done, true)
#define join(count) \
    for (int joined = 0; joined < (count); joined++) \
    chan_take(done)

#endif
