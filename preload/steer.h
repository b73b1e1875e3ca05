/* A goroutine runtime whose schedules come from a seed (event.h): what it is asked. */
#ifndef GORACE_STEER_H
#define GORACE_STEER_H

#include <gorace/event.h>

/* NULL: there is none. Set and cleared while no goroutine runs. */
extern __attribute__((visibility("hidden"))) const struct gorace_steering *steering;

/* Before an atomic operation of the program. */
static inline void steer_atomic(const volatile void *object, int writes, uintptr_t pc)
{
    if (__builtin_expect(steering != NULL, 0))
        steering->point(object, writes, pc);
}

/* The clock of the schedule; negative: the real one is to be asked. */
static inline int64_t steer_now(void)
{
    return __builtin_expect(steering != NULL, 0) ? steering->now() : -1;
}

#endif
