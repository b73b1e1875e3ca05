/* qsort rearranges the array with code of libc, which no compiler instrumented for us. */
#include "barrier.h"
#include <pthread.h>
#include <stdlib.h>

static struct schedule s;
static int numbers[] = {5, 4, 3, 2, 1};

static int compare(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

static void *sorts(void *arg)
{
    qsort(numbers, 5, sizeof numbers[0], compare); // RACE
    step(&s, 1);
    return arg;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, sorts, NULL);
    await(&s, 1);
    int smallest = numbers[0]; // RACE
    pthread_join(thread, NULL);
    return smallest == 1 ? 0 : 1;
}
