/* Scheduling points of the deterministic mode (docs/explore.md). Included by goro.h.
 *
 * With GORO_SCHED=det one goroutine runs at a time, and another one may go on before each operation of this API. Operations
 * whose fast paths are inline, and atomics, say so here; without that mode it is a branch on a word that never changes. */
#ifndef GORO_POINT_H
#define GORO_POINT_H

#ifdef __cplusplus
extern "C" {
#endif

enum goro_point_kind { /* the first of runtime/ops.def */
    GORO_POINT_NONE,
    GORO_POINT_LOAD, /* of an atomic */
    GORO_POINT_ATOMIC,
    GORO_POINT_LOCK,
    GORO_POINT_UNLOCK,
    GORO_POINT_RLOCK,
    GORO_POINT_RUNLOCK,
    GORO_POINT_ONCE
};

extern uint32_t goro_steered; /* not 0: deterministic mode */
void goro_point_slow(enum goro_point_kind kind, const volatile void *object);

/* Before an operation on `object`. Also for data structures of one's own that should be searched more finely. */
void goro_point(enum goro_point_kind kind, const volatile void *object);
#ifdef __OPTIMIZE__
extern inline __attribute__((gnu_inline, no_sanitize("thread"))) void goro_point(enum goro_point_kind kind,
                                                                                 const volatile void *object)
{
    if (__builtin_expect(goro_steered != 0, 0))
        goro_point_slow(kind, object);
}
#endif

#ifdef __cplusplus
}
#endif
#endif
