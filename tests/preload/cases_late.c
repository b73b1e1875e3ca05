/* With late.c. */
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "cases.h"

extern void (*late_create)(void), (*early_barrier)(void), (*late_barrier)(void);

static struct schedule s;
static atomic_int gone_tid;

/* ---- a detached thread is gone before its creator is back, and so is the place that its number was put into ------------- */

static void wait_until_gone(void)
{
    while (!atomic_load(&gone_tid) || syscall(SYS_tgkill, getpid(), atomic_load(&gone_tid), 0) == 0)
        ;
}

static void *goes_at_once(void *page)
{
    OK(munmap(page, 4096));
    atomic_store(&gone_tid, gettid());
    return NULL;
}

static void *comes(void *arg)
{
    return arg;
}

static void norace_gone_before_created(void)
{
    pthread_attr_t detached;
    pthread_t t[3];
    OK(pthread_attr_init(&detached));
    OK(pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED));
    for (int round = 0; round < 10; round++) {
        pthread_t *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        CHECK(page != MAP_FAILED);
        atomic_store(&gone_tid, 0);
        late_create = wait_until_gone;
        OK(pthread_create(page, &detached, goes_at_once, page));
        late_create = NULL;
        for (int i = 0; i < 3; i++)
            OK(pthread_create(&t[i], NULL, comes, NULL));
        for (int i = 0; i < 3; i++)
            OK(pthread_join(t[i], NULL));
    }
}

/* ---- threads that leave a barrier late, when another one has been made at its address ---------------------------------- */

static pthread_barrier_t barrier;
static int x;
static __thread int late; /* 1: until the barrier was made anew; 2: until another has arrived once more */
static __thread bool tells; /* that it has arrived */

static void arrive(void)
{
    if (tells)
        step(&s, 2);
}

static void leave_late(void)
{
    if (late)
        await(&s, late);
}

static void *leaves_late(void *arg)
{
    late = 1;
    pthread_barrier_wait(&barrier);
    return arg;
}

static void *leaves_later(void *arg)
{
    late = 2;
    pthread_barrier_wait(&barrier);
    x++;
    late = 0;
    pthread_barrier_wait(&barrier);
    return arg;
}

/* What is done between two rounds is not known to who is still leaving the first: also when a barrier of former times stood there. */
static void race_between_rounds_of_a_new_barrier(void)
{
    pthread_t t[2];
    late_barrier = leave_late;
    early_barrier = arrive;
    OK(pthread_barrier_init(&barrier, NULL, 3));
    for (int i = 0; i < 2; i++)
        OK(pthread_create(&t[i], NULL, leaves_late, NULL));
    pthread_barrier_wait(&barrier);
    OK(pthread_barrier_destroy(&barrier));
    OK(pthread_barrier_init(&barrier, NULL, 2));
    step(&s, 1);
    for (int i = 0; i < 2; i++)
        OK(pthread_join(t[i], NULL));
    OK(pthread_create(&t[0], NULL, leaves_later, NULL));
    pthread_barrier_wait(&barrier);
    x++;
    tells = true;
    pthread_barrier_wait(&barrier);
    OK(pthread_join(t[0], NULL));
}

#define CASES(X) X(norace_gone_before_created) X(race_between_rounds_of_a_new_barrier)
CASES_MAIN
