/* Stacks: slots of a size class, in slabs of address space that cost memory only where they are touched.
 *
 *     | guard page | usable ... top |  guard page | usable ... top | ...
 *
 * A slot is the class's power of two, so that the slot of an address is found by masking; the lowest page is the guard.
 * Guards are installed with MADV_GUARD_INSTALL (Linux 6.13), which splits no mapping: with mprotect, the kernel's limit of
 * 65530 mappings ends a process at 32,707 stacks. On older kernels the first slots get mprotect guards, and the others none.
 *
 * A stack that is given back goes to its P's cache, last in, first out, because its pages are in memory and in the CPU's
 * cache; what does not fit goes to the class's pool. Nothing is unmapped until the end; sysmon calls rt_stacks_trim, which
 * gives the pages of pooled stacks back in batches (one system call for up to 512) when they were not needed for a period.
 *
 * Stacks' tops are all equal modulo the page size and would fall into the same sets of the first-level cache: each slot has
 * a colour, a distance of its first frame from the top.
 *
 * Lock: pools[class].lock for pool and slabs. Rejected: growing by SIGSEGV (a system call and a mapping for each growth),
 * -fsplit-stack (needs gold, and libc is not split), copying (pointers into a C stack cannot be found). */
#include "stack.h"

#include <errno.h>
#include <string.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "bytes.h"
#include "lock.h"
#include "rt.h"

#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#else
#define VALGRIND_STACK_REGISTER(low, high) 0
#define RUNNING_ON_VALGRIND 0
#endif

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif
#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#define PR_SET_VMA_ANON_NAME 0
#endif

enum {
    SMALLEST_SHIFT = 14, /* 16 KiB, then each class four times the last: up to 256 MiB */
    SLAB = 64 << 20,
    BATCH = 64,     /* slots whose guards are installed at a time */
    MOST_SPLITS = 8192, /* slots with an mprotect guard, where the kernel has nothing better */
    COLOURS = 8,
    COLOUR = 64,
    TRIM_BATCH = 512
};

struct slab {
    struct slab *next;
    char *base;
    size_t size;
};

static struct pool {
    struct rt_lock lock;
    struct slab *slabs;   /* newest first */
    char *fresh, *guarded, *end; /* of the newest slab: slots not used yet, those of them with guards */
    char **warm;          /* pages in memory, as far as we know */
    char **cold;          /* given back */
    size_t warm_count, cold_count, room, made;
    size_t idle; /* the least warm_count since the last trim: what nobody needed */
} pools[RT_STACK_CLASSES];

static int guards_by_mprotect; /* set once: the kernel knows no MADV_GUARD_INSTALL */
static int splits;

static int class_shift(int class)
{
    return SMALLEST_SHIFT + 2 * class;
}

int rt_stack_class(size_t size)
{
    for (int class = 0; class < RT_STACK_CLASSES; class ++)
        if (size <= (size_t)1 << class_shift(class))
            return class;
    return -1;
}

size_t rt_stack_size(int class)
{
    return ((size_t)1 << class_shift(class)) - RT_PAGE;
}

char *rt_stack_top(int class, char *stack)
{
    size_t number = (uintptr_t)stack >> class_shift(class);
    /* One at least: perf copies stacks for its walks, and loses some of what is right before the next guard. */
    return stack + rt_stack_size(class) - (number % COLOURS + 1) * COLOUR;
}

void rt_stack_of_thread(void)
{
    pthread_attr_t attributes;
    void *low;
    size_t size;
    if (!RUNNING_ON_VALGRIND || pthread_getattr_np(pthread_self(), &attributes) != 0)
        return;
    if (pthread_attr_getstack(&attributes, &low, &size) == 0)
        (void)VALGRIND_STACK_REGISTER(low, (char *)low + size - 1);
    pthread_attr_destroy(&attributes);
}

static void install_guard(char *slot)
{
    if (!guards_by_mprotect) {
        if (madvise(slot, RT_PAGE, MADV_GUARD_INSTALL) == 0)
            return;
        guards_by_mprotect = 1;
    }
    if (__atomic_fetch_add(&splits, 1, __ATOMIC_RELAXED) < MOST_SPLITS)
        mprotect(slot, RT_PAGE, PROT_NONE);
}

/* Room in the pool's two arrays for all slots that exist. */
static bool grow_arrays(struct pool *pool)
{
    if (pool->made < pool->room)
        return true;
    size_t room = pool->room ? 2 * pool->room : 1024;
    char **warm = rt_alloc(room * sizeof *warm), **cold = rt_alloc(room * sizeof *cold);
    if (!warm || !cold) {
        rt_free(warm, room * sizeof *warm);
        rt_free(cold, room * sizeof *cold);
        return false;
    }
    if (pool->room) {
        rt_copy(warm, pool->warm, pool->warm_count * sizeof *warm);
        rt_copy(cold, pool->cold, pool->cold_count * sizeof *cold);
        rt_free(pool->warm, pool->room * sizeof *warm);
        rt_free(pool->cold, pool->room * sizeof *cold);
    }
    pool->warm = warm;
    pool->cold = cold;
    pool->room = room;
    return true;
}

static bool new_slab(struct pool *pool, int class)
{
    size_t slot = (size_t)1 << class_shift(class);
    size_t size = slot > SLAB ? slot : SLAB;
    struct slab *slab = rt_alloc(sizeof *slab);
    if (!slab)
        return false;
    /* Slots are aligned to their size. */
    char *base = mmap(NULL, size + slot, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (base == MAP_FAILED) {
        rt_free(slab, sizeof *slab);
        return false;
    }
    char *aligned = (char *)(((uintptr_t)base + slot - 1) & -slot);
    if (aligned > base)
        munmap(base, (size_t)(aligned - base));
    if (aligned < base + slot)
        munmap(aligned + size, (size_t)(base + slot - aligned));
    /* A huge page under a few bytes of each stack would cost 512 times the memory. */
    madvise(aligned, size, MADV_NOHUGEPAGE);
    prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, aligned, size, "goro:stacks");
    slab->base = aligned;
    slab->size = size;
    slab->next = pool->slabs;
    __atomic_store_n(&pool->slabs, slab, __ATOMIC_RELEASE);
    pool->fresh = pool->guarded = aligned;
    pool->end = aligned + size;
    return true;
}

/* Requires: pool->lock. */
static char *new_stack(struct pool *pool, int class)
{
    size_t slot = (size_t)1 << class_shift(class);
    if (pool->fresh == pool->end && !new_slab(pool, class))
        return NULL;
    if (!grow_arrays(pool))
        return NULL;
    if (pool->fresh == pool->guarded)
        for (int i = 0; i < BATCH && pool->guarded < pool->end; i++, pool->guarded += slot)
            install_guard(pool->guarded);
    char *stack = pool->fresh + RT_PAGE;
    pool->fresh += slot;
    pool->made++;
    if (RUNNING_ON_VALGRIND)
        (void)VALGRIND_STACK_REGISTER(stack, stack + slot - RT_PAGE - 1);
    return stack;
}

/* Requires: pool->lock. */
static char *take(struct pool *pool, int class)
{
    if (pool->warm_count > 0) {
        pool->warm_count--;
        if (pool->warm_count < pool->idle)
            pool->idle = pool->warm_count;
        return pool->warm[pool->warm_count];
    }
    if (pool->cold_count > 0)
        return pool->cold[--pool->cold_count];
    return new_stack(pool, class);
}

char *rt_stack_get(int class, struct rt_stack_cache *cache)
{
    struct pool *pool = &pools[class];
    if (cache && cache->count > 0)
        return cache->stacks[--cache->count];
    rt_lock(&pool->lock);
    char *stack = take(pool, class);
    while (cache && pool->warm_count > 0 && cache->count < RT_STACK_CACHE / 2)
        cache->stacks[cache->count++] = take(pool, class);
    rt_unlock(&pool->lock);
    return stack;
}

void rt_stack_put(int class, char *stack, struct rt_stack_cache *cache)
{
    struct pool *pool = &pools[class];
    if (cache && cache->count < RT_STACK_CACHE) {
        cache->stacks[cache->count++] = stack;
        return;
    }
    rt_lock(&pool->lock);
    pool->warm[pool->warm_count++] = stack;
    if (cache) {
        /* The oldest half goes: the newest are the warmest. */
        for (int i = 0; i < RT_STACK_CACHE / 2; i++)
            pool->warm[pool->warm_count++] = cache->stacks[i];
        cache->count -= RT_STACK_CACHE / 2;
        rt_copy(cache->stacks, cache->stacks + RT_STACK_CACHE / 2, (size_t)cache->count * sizeof *cache->stacks);
    }
    rt_unlock(&pool->lock);
}

void rt_stack_flush(int class, struct rt_stack_cache *cache)
{
    struct pool *pool = &pools[class];
    rt_lock(&pool->lock);
    while (cache->count > 0)
        pool->warm[pool->warm_count++] = cache->stacks[--cache->count];
    rt_unlock(&pool->lock);
}

/* Requires: pool->lock. The oldest `count` warm stacks become cold. */
static void cool(struct pool *pool, int class, size_t count)
{
    struct iovec ranges[TRIM_BATCH];
    int self = (int)syscall(SYS_pidfd_open, getpid(), 0);
    for (size_t done = 0; done < count;) {
        size_t n = count - done < TRIM_BATCH ? count - done : TRIM_BATCH;
        for (size_t i = 0; i < n; i++)
            ranges[i] = (struct iovec){pool->warm[done + i], rt_stack_size(class)};
        if (self < 0 || syscall(SYS_process_madvise, self, ranges, n, MADV_DONTNEED, 0) < 0)
            for (size_t i = 0; i < n; i++)
                madvise(ranges[i].iov_base, ranges[i].iov_len, MADV_DONTNEED);
        rt_copy(pool->cold + pool->cold_count, pool->warm + done, n * sizeof *pool->warm);
        pool->cold_count += n;
        done += n;
    }
    pool->warm_count -= count;
    rt_copy(pool->warm, pool->warm + count, pool->warm_count * sizeof *pool->warm);
    if (self >= 0)
        close(self);
}

void rt_stacks_trim(void)
{
    for (int class = 0; class < RT_STACK_CLASSES; class ++) {
        struct pool *pool = &pools[class];
        if (__atomic_load_n(&pool->idle, __ATOMIC_RELAXED) == 0 &&
            __atomic_load_n(&pool->warm_count, __ATOMIC_RELAXED) == 0)
            continue;
        rt_lock(&pool->lock);
        /* Half of what was not needed since the last time: decays to the recent peak. At most a batch or so under the lock. */
        size_t count = (pool->idle + 1) / 2;
        cool(pool, class, count < 4 * TRIM_BATCH ? count : 4 * TRIM_BATCH);
        pool->idle = pool->warm_count;
        rt_unlock(&pool->lock);
    }
}

const char *rt_stack_guard(const void *address)
{
    for (int class = 0; class < RT_STACK_CLASSES; class ++)
        for (struct slab *slab = __atomic_load_n(&pools[class].slabs, __ATOMIC_ACQUIRE); slab; slab = slab->next)
            if ((const char *)address >= slab->base && (const char *)address < slab->base + slab->size) {
                char *slot = (char *)((uintptr_t)address & -((uintptr_t)1 << class_shift(class)));
                return (char *)address < slot + RT_PAGE ? slot + RT_PAGE : NULL;
            }
    return NULL;
}

void rt_stacks_lock(void)
{
    for (int class = 0; class < RT_STACK_CLASSES; class ++)
        rt_lock(&pools[class].lock);
}

void rt_stacks_unlock(void)
{
    for (int class = 0; class < RT_STACK_CLASSES; class ++)
        rt_unlock(&pools[class].lock);
}

void rt_stacks_forget(void)
{
    memset(pools, 0, sizeof pools);
}

void rt_stacks_memory(void (*visit)(const void *memory, size_t size))
{
    for (int class = 0; class < RT_STACK_CLASSES; class++)
        for (const struct slab *slab = pools[class].slabs; slab; slab = slab->next)
            visit(slab->base, slab->size);
}

void rt_stacks_end(void)
{
    for (int class = 0; class < RT_STACK_CLASSES; class ++) {
        struct pool *pool = &pools[class];
        struct slab *next;
        for (struct slab *slab = pool->slabs; slab; slab = next) {
            next = slab->next;
            munmap(slab->base, slab->size);
            rt_free(slab, sizeof *slab);
        }
        rt_free(pool->warm, pool->room * sizeof *pool->warm);
        rt_free(pool->cold, pool->room * sizeof *pool->cold);
        memset(pool, 0, sizeof *pool);
    }
}
