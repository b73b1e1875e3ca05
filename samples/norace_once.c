/* pthread_once: whoever returns from it comes after the initialiser, also the thread that found it done already. */
#include "barrier.h"
#include <pthread.h>

static struct schedule s;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static int table[16];

static void fill(void)
{
    for (int i = 0; i < 16; i++)
        table[i] = i * i;
}

static void *first(void *arg)
{
    pthread_once(&once, fill);
    step(&s, 1);
    return arg;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, first, NULL);
    await(&s, 1);
    pthread_once(&once, fill);
    int ok = table[15] == 225;
    pthread_join(thread, NULL);
    return ok ? 0 : 1;
}
