/* Atomics: as in Go, every atomic operation is ordered before those that see what it did; plain accesses beside them race. */
#include "cases.h"

SHARED int8_t x1, x2;
SHARED int32_t s32;
SHARED int64_t s64;
SHARED uint64_t u64;

/* ---- who comes second by the counter may touch what the first wrote ---- */

GO(norace_atomic_add_int64)
{
    x1 = 1;
    if (goro_atomic_add(&s64, 1) == 2)
        x2 = 1;
}
MAIN(norace_atomic_add_int64)
{
    x2 = 1;
    if (goro_atomic_add(&s64, 1) == 2)
        x1 = 1;
}

GO(norace_atomic_add_int32)
{
    x1 = 1;
    if (goro_atomic_add(&s32, 1) == 2)
        x2 = 1;
}
MAIN(norace_atomic_add_int32)
{
    x2 = 1;
    if (goro_atomic_add(&s32, 1) == 2)
        x1 = 1;
}

static void count_first(void)
{
    x1 = 1;
    if (goro_atomic_add(&s64, 1) == 1)
        x2 = 1; // RACE
    step(&steps, 1);
    finish();
}

static void count_second(void)
{
    await_step(1);
    x2 = 1; // RACE
    if (goro_atomic_add(&s64, 1) == 1)
        x1 = 1;
    finish();
}

/* The first may not. */
CASE(race_atomic_add_int64)
{
    go(count_first);
    go(count_second);
    join(2);
}

GO(norace_atomic_cas_cas_int32_2)
{
    x1 = 1;
    if (!goro_atomic_cas(&s32, 0, 1))
        x2 = 1;
}
MAIN(norace_atomic_cas_cas_int32_2)
{
    x2 = 1;
    if (!goro_atomic_cas(&s32, 0, 1))
        x1 = 1;
}

/* ---- one tells, the other polls: each way to tell with each way to look ---- */

#define UNTIL(condition) \
    while (!(condition)) \
    yield()

GO(norace_atomic_load_add_int32)
{
    x = 2;
    goro_atomic_add(&s32, 1);
}
MAIN_POLLS(norace_atomic_load_add_int32)
{
    UNTIL(goro_atomic_load(&s32) == 1);
    x = 1;
}

GO(norace_atomic_load_store_int32)
{
    x = 2;
    goro_atomic_store(&s32, 1);
}
MAIN_POLLS(norace_atomic_load_store_int32)
{
    UNTIL(goro_atomic_load(&s32) == 1);
    x = 1;
}

GO(norace_atomic_store_cas_int32)
{
    x = 2;
    goro_atomic_store(&s32, 1);
}
MAIN_POLLS(norace_atomic_store_cas_int32)
{
    UNTIL(goro_atomic_cas(&s32, 1, 0));
    x = 1;
}

GO(norace_atomic_cas_load_int32)
{
    x = 2;
    use(goro_atomic_cas(&s32, 0, 1));
}
MAIN_POLLS(norace_atomic_cas_load_int32)
{
    UNTIL(goro_atomic_load(&s32) == 1);
    x = 1;
}

GO(norace_atomic_cas_cas_int32)
{
    x = 2;
    use(goro_atomic_cas(&s32, 0, 1));
}
MAIN_POLLS(norace_atomic_cas_cas_int32)
{
    UNTIL(goro_atomic_cas(&s32, 1, 0));
    x = 1;
}

GO(norace_atomic_load_int64)
{
    x = 2;
    goro_atomic_add(&s64, 1);
}
MAIN_POLLS(norace_atomic_load_int64)
{
    UNTIL(goro_atomic_load(&s64) == 1);
    x = 1;
}

GO(norace_atomic_cas_cas_uint64)
{
    x = 2;
    use(goro_atomic_cas(&u64, 0, 1));
}
MAIN_POLLS(norace_atomic_cas_cas_uint64)
{
    UNTIL(goro_atomic_cas(&u64, 1, 0));
    x = 1;
}

GO(norace_atomic_store_cas_uint64)
{
    x = 2;
    goro_atomic_store(&u64, 1);
}
MAIN_POLLS(norace_atomic_store_cas_uint64)
{
    UNTIL(goro_atomic_cas(&u64, 1, 0));
    x = 1;
}

SHARED void *pointer;

GO(norace_atomic_load_store_pointer)
{
    x = 2;
    goro_atomic_store(&pointer, &y);
}
MAIN_POLLS(norace_atomic_load_store_pointer)
{
    UNTIL(goro_atomic_load(&pointer) == &y);
    x = 1;
}

SHARED int notified;

static void notify(void)
{
    __sync_fetch_and_add(&notified, 1);
}

static bool was_notified(void)
{
    return __sync_fetch_and_add(&notified, 0) != 0;
}

/* By the compiler's older builtins, in functions of their own. */
GO(norace_cgo_sync)
{
    x = 1;
    notify();
}
MAIN_POLLS(norace_cgo_sync)
{
    UNTIL(was_notified());
    use(x);
}

/* ---- atomic on one side only ---- */

GO(race_atomic_store_load)
{
    goro_atomic_store(&u64, 1); // RACE
}
MAIN(race_atomic_store_load)
{
    use(u64); // RACE
}

GO(race_atomic_load_store)
{
    use(goro_atomic_load(&u64)); // RACE
}
MAIN(race_atomic_load_store)
{
    u64 = 1; // RACE
}

GO(race_atomic_add_load)
{
    goro_atomic_add(&u64, 1); // RACE
}
MAIN(race_atomic_add_load)
{
    use(u64); // RACE
}

GO(race_atomic_add_store)
{
    goro_atomic_add(&u64, 1); // RACE
}
MAIN(race_atomic_add_store)
{
    u64 = 42; // RACE
}

/* ---- an atomic store when the scope is left, by many goroutines ---- */

static void clear(int64_t **place)
{
    goro_atomic_store(*place, 0);
}

SHARED goro_waitgroup tree;

static void fork_in_two(int depth)
{
    int64_t word;
    int64_t *place __attribute__((cleanup(clear))) = &word;
    goro_atomic_store(place, 1);
    for (int i = 0; depth > 0 && i < 2; i++) {
        waitgroup_add(&tree, 1);
        go(fork_in_two, depth - 1);
    }
    waitgroup_done(&tree);
}

CASE(norace_defer_atomic_store)
{
    waitgroup_add(&tree, 1);
    fork_in_two(6);
    waitgroup_wait(&tree);
}
