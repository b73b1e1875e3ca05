#include "thread.h"
#include <sched.h>

enum { MOST = 64 };

struct turn {
    struct schedule *turns; /* NULL: at once */
    int number;
    void (*fn)(void *arg);
    void *arg;
};

pthread_t begin(void *(*fn)(void *arg), void *arg)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, fn, arg))
        pattern_fail("pthread_create");
    return thread;
}

void finish(pthread_t thread)
{
    if (pthread_join(thread, NULL))
        pattern_fail("pthread_join");
}

static void *take_turn(void *arg)
{
    struct turn *t = arg;

    if (t->turns)
        await(t->turns, t->number);
    t->fn(t->arg);
    if (t->turns)
        step(t->turns, t->number + 1);
    return NULL;
}

static void run(int n, void (*fn)(void *arg), void *args, size_t size, struct schedule *turns)
{
    struct turn turn[MOST];
    pthread_t thread[MOST];

    if (n > MOST)
        pattern_fail("too many threads");
    for (int i = 0; i < n; i++) {
        turn[i] = (struct turn){turns, i, fn, (char *)args + (size_t)i * size};
        thread[i] = begin(take_turn, &turn[i]);
    }
    for (int i = 0; i < n; i++)
        finish(thread[i]);
}

void in_turn(int n, void (*fn)(void *arg), void *args, size_t size)
{
    struct schedule turns = {0};

    run(n, fn, args, size, &turns);
}

void at_once(int n, void (*fn)(void *arg), void *args, size_t size)
{
    run(n, fn, args, size, NULL);
}

void meet(unsigned n)
{
    static struct barrier barrier;

    barrier_wait(&barrier, n);
}

/* glibc's word is 2 when somebody waits. */
void await_contended(pthread_mutex_t *mutex)
{
    while (__atomic_load_n(&mutex->__data.__lock, __ATOMIC_ACQUIRE) != 2)
        sched_yield();
}

void nest(void *arg)
{
    struct two *t = arg;

    pthread_mutex_lock(t->first);
    pthread_mutex_lock(t->second);
    pthread_mutex_unlock(t->second);
    pthread_mutex_unlock(t->first);
}

void nest_in_turn(int n, struct two *order)
{
    in_turn(n, nest, order, sizeof *order);
}
