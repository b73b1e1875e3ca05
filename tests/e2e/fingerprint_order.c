/* Races whose two sides can come in either order: fingerprint_order SHAPE ORDER. ORDER 0: the thread's side is first; 1: the
 * main thread's. tests/e2e/fingerprints compares what both are called. */
#include "barrier.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static struct schedule s;
static pthread_mutex_t left = PTHREAD_MUTEX_INITIALIZER, right = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t shared = PTHREAD_RWLOCK_INITIALIZER;
struct pair {
    long a, b;
};
struct pair global;
atomic_long mixed;
char buffer[64];
size_t length = sizeof buffer; /* not known to the compiler, which would make stores of the memset */
static struct pair *block;

static void write_write_here(void)
{
    global.a = 1;
}
static void write_write_there(void)
{
    global.a = 2;
}

static void read_write_here(void)
{
    volatile long seen = global.b;
    (void)seen;
}
static void read_write_there(void)
{
    global.b = 2;
}

static void two_locks_here(void)
{
    pthread_mutex_lock(&left);
    global.a++;
    pthread_mutex_unlock(&left);
}
static void two_locks_there(void)
{
    pthread_mutex_lock(&right);
    global.a++;
    pthread_mutex_unlock(&right);
}

static void read_lock_here(void)
{
    pthread_rwlock_rdlock(&shared);
    global.a = 3;
    pthread_rwlock_unlock(&shared);
}
static void read_lock_there(void)
{
    pthread_rwlock_rdlock(&shared);
    global.a = 4;
    pthread_rwlock_unlock(&shared);
}

static void library_here(void)
{
    memset(buffer, 1, length);
}
static void library_there(void)
{
    buffer[5] = 2;
}

static void atomic_here(void)
{
    atomic_fetch_add_explicit(&mixed, 1, memory_order_relaxed);
}
static void atomic_there(void)
{
    *(volatile long *)&mixed = 0;
}

static void heap_here(void)
{
    block->a = 1;
}
static void heap_there(void)
{
    block->a = 2;
}

static int deep(int n, void (*leaf)(void))
{
    if (n)
        return deep(n - 1, leaf) + 1;
    leaf();
    return 0;
}
static void recursion_here(void)
{
    deep(40, write_write_here);
}
static void recursion_there(void)
{
    deep(70, write_write_there);
}

static const struct shape {
    const char *name;
    void (*here)(void), (*there)(void);
} shapes[] = {
    {"write-write", write_write_here, write_write_there},
    {"read-write", read_write_here, read_write_there},
    {"two-locks", two_locks_here, two_locks_there},
    {"read-lock", read_lock_here, read_lock_there},
    {"library", library_here, library_there},
    {"atomic", atomic_here, atomic_there},
    {"heap", heap_here, heap_there},
    {"recursion", recursion_here, recursion_there},
};

static const struct shape *shape;
static int order;

static void *other(void *arg)
{
    await(&s, order);
    shape->there();
    step(&s, order + 1);
    return arg;
}

int main(int argc, char **argv)
{
    pthread_t thread;
    if (argc != 3)
        return 2;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        if (!strcmp(shapes[i].name, argv[1]))
            shape = &shapes[i];
    order = atoi(argv[2]);
    block = malloc(sizeof *block);
    pthread_create(&thread, NULL, other, NULL);
    await(&s, !order);
    shape->here();
    step(&s, 2 - order);
    pthread_join(thread, NULL);
    free(block);
    return 0;
}
