/* Two threads that mostly use C11's atomics:  atomics ROUNDS
 *
 * What programs do with them: counters (relaxed adds, of its own thread and of both), a flag that was released once and is
 * acquired again and again, reference counts (acquire-release subtraction), a value handed over by release and acquire, a
 * compare-and-swap loop. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { THREADS = 2, OBJECTS = 16 };

struct own {
    atomic_long count;
    atomic_long handed; /* released by its thread, acquired by the other one */
    long payload;
} __attribute__((aligned(64)));

static struct own owns[THREADS];
static atomic_int ready; /* set once, before the threads start to look */
static atomic_long total __attribute__((aligned(64)));
static atomic_long maximum __attribute__((aligned(64)));
/* As far apart as objects of a program are. */
static struct object {
    atomic_int references;
    int value;
} __attribute__((aligned(64))) objects[OBJECTS];
static long rounds;

static void raise_maximum(long value)
{
    long seen = atomic_load_explicit(&maximum, memory_order_relaxed);
    while (seen < value &&
           !atomic_compare_exchange_weak_explicit(&maximum, &seen, value, memory_order_relaxed, memory_order_relaxed))
        continue;
}

static void *work(void *arg)
{
    long me = (long)arg, sum = 0;
    struct own *own = &owns[me], *other = &owns[1 - me];
    for (long i = 0; i < rounds; i++) {
        if (!atomic_load_explicit(&ready, memory_order_acquire))
            abort();
        atomic_fetch_add_explicit(&own->count, 1, memory_order_relaxed);
        sum += objects[i % OBJECTS].value;
        if (i % 4 == 0) {
            atomic_fetch_add_explicit(&objects[i % OBJECTS].references, 1, memory_order_relaxed);
            atomic_fetch_sub_explicit(&objects[i % OBJECTS].references, 1, memory_order_acq_rel);
        }
        if (i % 16 == 0) {
            atomic_fetch_add_explicit(&total, 1, memory_order_relaxed);
            raise_maximum(i);
            atomic_store_explicit(&own->handed, i, memory_order_release);
            sum += atomic_load_explicit(&other->handed, memory_order_acquire) >= 0;
        }
    }
    own->payload = sum;
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t threads[THREADS];
    rounds = argc > 1 ? atol(argv[1]) : 1000000;
    for (int i = 0; i < OBJECTS; i++)
        objects[i].value = 1;
    atomic_store_explicit(&ready, 1, memory_order_release);
    for (long i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, work, (void *)i) != 0)
            return 2;
    long counted = 0, sum = 0;
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        counted += atomic_load(&owns[i].count);
        sum += owns[i].payload;
    }
    printf("%ld own, %ld in all, maximum %ld, sum %ld\n", counted, atomic_load(&total), atomic_load(&maximum), sum);
    return 0;
}
