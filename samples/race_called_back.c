/* Functions that the C library calls back. Their stacks go on with who has called the library, or one could not tell whose
 * initialisation it was. */
#include "barrier.h"
#include <pthread.h>
#include <threads.h>

static struct schedule s;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static once_flag flag = ONCE_FLAG_INIT;
static int first, second;

static void init_first(void)
{
    first = 1; // RACE 1 init_first < get < worker
}

static void init_second(void)
{
    second = 1; // RACE 2 init_second < worker
}

static __attribute__((noinline)) int get(void)
{
    return pthread_once(&once, init_first) == 0;
}

static void *worker(void *arg)
{
    int done = get();
    call_once(&flag, init_second);
    step(&s, 1);
    return done ? arg : NULL;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, worker, NULL);
    await(&s, 1);
    first = 2;  // RACE 1 main
    second = 2; // RACE 2 main
    pthread_join(thread, NULL);
    return first + second == 4 ? 0 : 1;
}
