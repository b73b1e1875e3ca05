/* Where the runtime says what it does: one call at the one place of each operation. A detector listens (event.h) or nobody
 * does, and then each call is a branch on one word. Keep the calls where the meaning is: what gives something up is told
 * before the others can see it, what obtains something after it is ours. A switch of goroutines orders nothing.
 *
 * Whose call it was: each function of the API that is an operation begins with RT_OP(operation, object), which notes its
 * return address with the goroutine and, in the deterministic mode, may let others go on before it (det.h). Code of the runtime
 * that calls such a function from inside calls the form without (rt_mutex_lock ...).
 *
 * Built without GORO_RACE nothing of this is there but the deterministic mode. */
#ifndef RT_EMIT_H
#define RT_EMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gorace/event.h>
#include <goro/goro.h>

#include "hidden.h"
#include "ops.h"

struct rt_g;
struct goro_case;

extern RT_HIDDEN uint32_t rt_watched; /* not 0: somebody listens, or the mode is deterministic. Set before the first goroutine */
#define RT_WATCHED __builtin_expect(rt_watched != 0, 0)
/* goro_steered (point.h) for the runtime's own branches. */
#define RT_STEERED __builtin_expect(goro_steered != 0, 0)
void rt_op(uintptr_t pc, enum rt_op op, const void *object);

#ifdef GORO_RACE
extern RT_HIDDEN const struct gorace_events *rt_events; /* set once, before the first goroutine; NULL: nobody listens */
#define RT_LISTENED __builtin_expect(rt_events != NULL, 0)
#else
#define RT_LISTENED 0
#endif

/* Whether what g waits for can only come from inside of the program. */
bool rt_emit_inside(const struct rt_g *g);
/* Looks for a listener. Idempotent. */
void rt_emit_start(void);

#define RT_EMIT(name, params, args) \
    void rt_tell_##name params; \
    static inline void rt_emit_##name params \
    { \
        if (RT_LISTENED) \
            rt_tell_##name args; \
    }
#define RT_CALLER_SP() ((uintptr_t)__builtin_frame_address(0) + 2 * sizeof(uintptr_t))
#define RT_OP(op, object) \
    do { \
        if (RT_WATCHED) \
            rt_op((uintptr_t)__builtin_return_address(0), RT_OP_##op, object); \
    } while (0)

RT_EMIT(here, (uintptr_t pc), (pc))
RT_EMIT(hosts, (void), ())            /* this thread is an M */
RT_EMIT(idles, (bool begins), (begins)) /* this thread waits in goro_run */
RT_EMIT(runs, (struct rt_g * g), (g)) /* g is next on this thread */
RT_EMIT(spawn, (struct rt_g * parent, struct rt_g *child, uintptr_t pc),
        (parent, child, pc))                                         /* before the child can run */
RT_EMIT(begin, (struct rt_g * g), (g))                               /* first thing of a goroutine */
RT_EMIT(end, (struct rt_g * g), (g))                                 /* last thing */
RT_EMIT(acquire, (struct rt_g * g, const void *object), (g, object)) /* what was released to object happened before */
RT_EMIT(release, (struct rt_g * g, const void *object), (g, object)) /* replaces what object carries */
RT_EMIT(release_merge, (struct rt_g * g, const void *object), (g, object)) /* adds to it */
RT_EMIT(handoff_slot, (struct rt_g * g, struct goro_chan *c, const char *slot), (g, c, slot))
RT_EMIT(meet, (struct rt_g * g, struct rt_g *parked), (g, parked))
RT_EMIT(lock, (struct rt_g * g, const void *lock, unsigned flags), (g, lock, flags))   /* after it was obtained */
RT_EMIT(unlock, (struct rt_g * g, const void *lock, unsigned flags), (g, lock, flags)) /* before it is given up */
RT_EMIT(block, (struct rt_g * g, const void *object, int reason, bool timed), (g, object, reason, timed))
RT_EMIT(block_select, (struct rt_g * g, struct goro_case **cases, int count, bool timed), (g, cases, count, timed))
RT_EMIT(unblock, (struct rt_g * g), (g))
RT_EMIT(object_begins, (const void *object, enum gorace_object kind, size_t size, size_t capacity),
        (object, kind, size, capacity))
RT_EMIT(object_ends, (const void *object, enum gorace_object kind, size_t size), (object, kind, size))
RT_EMIT(object_closed, (const void *object, enum gorace_object kind), (object, kind))
RT_EMIT(value_read, (struct rt_g * g, const void *from, size_t size),
        (g, from, size))                                    /* the value of a send; NULL: none */
RT_EMIT(sends, (struct rt_g * g, const struct goro_chan *c, const void *element),
        (g, c, element))                                    /* what a send reads, whose element may be NULL: none */
RT_EMIT(slots_end, (struct gorace_slots * slots), (slots))
RT_EMIT(value_written, (void *to, size_t size), (to, size)) /* of a receive */
RT_EMIT(timer_starts, (const void *timer), (timer))
RT_EMIT(timer_ends, (const void *timer), (timer))
RT_EMIT(timer_fires, (const void *timer), (timer))
RT_EMIT(timer_fired, (void), ())
RT_EMIT(misuse, (enum gorace_misuse what, const void *object, const char *text), (what, object, text))
RT_EMIT(all_asleep, (void), ())
RT_EMIT(memory, (bool begins), (begins)) /* rt_left_memory may be called: from begins on, until not */
RT_EMIT(shows, (const void *context), (context))
RT_EMIT(left_waiting, (struct rt_g * g), (g))
RT_EMIT(left_all, (void), ())
RT_EMIT(calls, (uintptr_t sp), (sp)) /* a function of the user's, on behalf of his latest call; RT_CALLER_SP() */
RT_EMIT(called, (void), ())
RT_EMIT(steered, (const char *replay), (replay)) /* NULL: not any more */
#undef RT_EMIT

#endif
