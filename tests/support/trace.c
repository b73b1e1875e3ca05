/* The tap of libgorace_trace.so; see trace.h. Threads record without a lock; a full record says so and loses the rest. */
#include "trace.h"

#include <stdio.h>

#include "../../detector/locks.h"

#define EXPORT __attribute__((visibility("default")))
#define RECORD 8192

struct event {
    enum trace_verb verb;
    uint64_t object;
    size_t size;
};

static struct event record[RECORD];
static unsigned recorded;
static bool on;

static void note(enum trace_verb verb, uint64_t object, size_t size)
{
    if (!__atomic_load_n(&on, __ATOMIC_ACQUIRE))
        return;
    unsigned i = __atomic_fetch_add(&recorded, 1, __ATOMIC_ACQ_REL);
    if (i < RECORD)
        record[i] = (struct event){verb, object, size};
}

/* ---- taps --------------------------------------------------------------------------------------------------------- */

#define TAP(name, params, call, ...) \
    void __real_##name params; \
    void __wrap_##name params; \
    void __wrap_##name params \
    { \
        note(__VA_ARGS__); \
        __real_##name call; \
    }

TAP(mem_access, (struct actor * a, uintptr_t addr, size_t size, enum access_kind kind, uintptr_t pc),
    (a, addr, size, kind, pc), kind == ACCESS_READ ? TRACE_READ : TRACE_WRITE, addr, size)
TAP(mem_fresh, (struct actor * a, uintptr_t addr, size_t size), (a, addr, size), TRACE_FRESH, addr, size)
TAP(heap_alloc, (struct actor * a, uintptr_t addr, size_t size, uintptr_t pc), (a, addr, size, pc), TRACE_ALLOC, addr,
    size)
TAP(sync_acquire, (struct actor * a, uint64_t key), (a, key), TRACE_ACQUIRE, key, 0)
TAP(sync_release, (struct actor * a, uint64_t key), (a, key), TRACE_RELEASE, key, 0)
TAP(sync_release_merge, (struct actor * a, uint64_t key), (a, key), TRACE_RELEASE_MERGE, key, 0)
TAP(sync_release_chance, (struct actor * a, uint64_t key), (a, key), TRACE_RELEASE_MERGE, key, 0)
TAP(sync_forget, (struct actor * a, uint64_t key), (a, key), TRACE_FORGET, key, 0)
TAP(lock_acquire_clock, (struct actor * a, uint64_t key), (a, key), TRACE_ACQUIRE, key, 0)
TAP(lock_release_clock, (struct actor * a, uint64_t key), (a, key), TRACE_RELEASE, key, 0)
TAP(lock_release_merge_clock, (struct actor * a, uint64_t key), (a, key), TRACE_RELEASE_MERGE, key, 0)
TAP(lock_got, (struct actor * a, uintptr_t addr, unsigned how, uintptr_t pc), (a, addr, how, pc), TRACE_GOT, addr,
    how &HOW_EXCLUSIVE)
TAP(lock_got_mutex, (struct actor * a, struct lock *place, uintptr_t addr, uintptr_t pc), (a, place, addr, pc), TRACE_GOT,
    addr, HOW_EXCLUSIVE)
TAP(lock_tried_mutex, (struct actor * a, uintptr_t addr, uintptr_t pc), (a, addr, pc), TRACE_GOT,
    addr, HOW_EXCLUSIVE)
TAP(actor_joins, (struct actor * a, struct actor *child), (a, child), TRACE_JOINED, 0, 0)
TAP(actor_ends, (struct actor * a), (a), TRACE_ENDED, 0, 0)
TAP(actor_detached, (struct actor * child), (child), TRACE_DETACHED, 0, 0)
TAP(context_unwound, (struct actor * a, uintptr_t sp), (a, sp), TRACE_UNWOUND, 0, 0)

size_t __real_heap_free(struct actor *a, uintptr_t addr, uintptr_t pc);
size_t __wrap_heap_free(struct actor *a, uintptr_t addr, uintptr_t pc);
size_t __wrap_heap_free(struct actor *a, uintptr_t addr, uintptr_t pc)
{
    note(TRACE_FREE, addr, 0);
    return __real_heap_free(a, addr, pc);
}

bool __real_lock_gone(struct actor *a, uintptr_t addr);
bool __wrap_lock_gone(struct actor *a, uintptr_t addr);
bool __wrap_lock_gone(struct actor *a, uintptr_t addr)
{
    note(TRACE_GONE, addr, 0);
    return __real_lock_gone(a, addr);
}

struct actor *__real_actor_born(struct actor *parent, uintptr_t pc);
struct actor *__wrap_actor_born(struct actor *parent, uintptr_t pc);
struct actor *__wrap_actor_born(struct actor *parent, uintptr_t pc)
{
    note(TRACE_BORN, 0, 0);
    return __real_actor_born(parent, pc);
}

/* ---- questions ------------------------------------------------------------------------------------------------------ */

EXPORT void gorace_trace_begin(void)
{
    recorded = 0;
    __atomic_store_n(&on, true, __ATOMIC_RELEASE);
}

EXPORT void gorace_trace_end(void)
{
    __atomic_store_n(&on, false, __ATOMIC_RELEASE);
}

static unsigned length(void)
{
    unsigned n = __atomic_load_n(&recorded, __ATOMIC_ACQUIRE);
    return n < RECORD ? n : RECORD;
}

EXPORT bool gorace_trace_saw(enum trace_verb verb, uint64_t object, size_t size)
{
    for (unsigned i = 0; i < length(); i++) {
        if (record[i].verb == verb && (!object || record[i].object == object) &&
            (size == SIZE_MAX || record[i].size == size))
            return true;
    }
    return false;
}

EXPORT bool gorace_trace_edge(void)
{
    for (unsigned i = 0; i < length(); i++) {
        if (record[i].verb != TRACE_RELEASE && record[i].verb != TRACE_RELEASE_MERGE)
            continue;
        for (unsigned j = i + 1; j < length(); j++) {
            if (record[j].verb == TRACE_ACQUIRE && record[j].object == record[i].object)
                return true;
        }
    }
    return false;
}

EXPORT void gorace_trace_print(void)
{
    static const char *const names[] = {"read",    "write", "fresh",    "alloc",  "free", "acquire",
                                        "release", "merge", "forget",   "got",    "gone", "born",
                                        "joined",  "ended", "detached", "unwound"};
    for (unsigned i = 0; i < length(); i++)
        fprintf(stderr, "    %s %#lx %zu\n", names[record[i].verb], (unsigned long)record[i].object, record[i].size);
    if (recorded > RECORD)
        fprintf(stderr, "    and %u that were not kept\n", recorded - RECORD);
}
