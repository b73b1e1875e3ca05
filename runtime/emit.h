/* Where the runtime says what it does: one call at the one place of each operation. Nothing listens yet (event.h comes with
 * -DGORO_RACE); keep the calls where the meaning is: what gives something up is told before the others can see it, what
 * obtains something after it is ours. A switch of goroutines is never told. */
#ifndef RT_EMIT_H
#define RT_EMIT_H

struct rt_g;

#define RT_EMIT(name, ...) \
    static inline void rt_emit_##name(__VA_ARGS__) \
    { \
    }
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
RT_EMIT(spawn, struct rt_g *parent, struct rt_g *child)         /* before the child can run */
RT_EMIT(begin, struct rt_g *g)                                  /* first thing of a goroutine */
RT_EMIT(end, struct rt_g *g)                                    /* last thing */
RT_EMIT(acquire, struct rt_g *g, const void *object)            /* what was released to object happened before */
RT_EMIT(release, struct rt_g *g, const void *object)            /* replaces what object carries */
RT_EMIT(release_merge, struct rt_g *g, const void *object)      /* adds to it */
RT_EMIT(lock, struct rt_g *g, const void *lock, int exclusive)  /* after it was obtained */
RT_EMIT(unlock, struct rt_g *g, const void *lock, int exclusive) /* before it is given up */
RT_EMIT(block, struct rt_g *g, const void *object, int reason)
RT_EMIT(unblock, struct rt_g *g, const void *object)
#pragma GCC diagnostic pop
#undef RT_EMIT

#endif
