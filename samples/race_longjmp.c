/* After a longjmp the frames between are gone: the report's stack must not show them. */
#include "barrier.h"
#include <pthread.h>
#include <setjmp.h>

static struct schedule s;
static jmp_buf home;
static int value;

static __attribute__((noinline)) int leap(int left)
{
    if (left == 0)
        longjmp(home, 1);
    return left > 0 ? leap(left - 1) + 1 : 0;
}

static __attribute__((noinline)) void touch(int with)
{
    value = with; // RACE touch < worker | touch < main
    step(&s, 1);
}

static void *worker(void *arg)
{
    if (setjmp(home) == 0)
        leap(20);
    touch(1);
    return arg;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, worker, NULL);
    await(&s, 1);
    touch(2);
    pthread_join(thread, NULL);
    return value == 2 ? 0 : 1;
}
