/* Creation comes before all that the thread does, and all that it did comes before the join that returns. Also through
 * a grandchild, and by tryjoin and timedjoin. */
#include <pthread.h>
#include <time.h>

static int value, grand;

static void *grandchild(void *arg)
{
    grand = value + 1;
    return arg;
}

static void *child(void *arg)
{
    pthread_t thread;
    value++;
    pthread_create(&thread, NULL, grandchild, NULL);
    pthread_join(thread, NULL);
    return arg;
}

int main(void)
{
    pthread_t thread;
    struct timespec until;
    value = 1;
    pthread_create(&thread, NULL, child, NULL);
    pthread_join(thread, NULL);
    value += grand;

    pthread_create(&thread, NULL, child, NULL);
    while (pthread_tryjoin_np(thread, NULL) != 0)
        ;
    value += grand;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 600;
    pthread_create(&thread, NULL, child, NULL);
    if (pthread_timedjoin_np(thread, NULL, &until) != 0)
        return 1;
    value += grand;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += 600;
    pthread_create(&thread, NULL, child, NULL);
    if (pthread_clockjoin_np(thread, NULL, CLOCK_MONOTONIC, &until) != 0)
        return 1;
    return value + grand > 0 ? 0 : 1;
}
