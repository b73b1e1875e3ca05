/* For check_steered: goroutines that ask the C library for the time and for random numbers, sleep by it, and use the compiler's atomics;
 * `race` has two of them write to one place. */
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <goro/goro.h>

static goro_waitgroup all;
static int counter, written;

static double now(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Read and written in two steps: who comes in between is lost. */
static void count(void)
{
    int seen = __atomic_load_n(&counter, __ATOMIC_SEQ_CST);
    __atomic_store_n(&counter, seen + 1, __ATOMIC_SEQ_CST);
    goro_waitgroup_done(&all);
}

static int times(void *arg)
{
    (void)arg;
    unsigned char bytes[8];
    struct timeval day;
    double begun = now(CLOCK_MONOTONIC);
    sleep(3000);
    usleep(500000);
    nanosleep(&(struct timespec){599, 500000000}, NULL);
    clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &(struct timespec){time(NULL) + 100, 0}, NULL);
    gettimeofday(&day, NULL);
    time_t t = time(NULL);
    getrandom(bytes, 4, 0);
    getentropy(bytes + 4, 4);
    printf("%.0f s, year %d, same day %d, random", now(CLOCK_MONOTONIC) - begun, gmtime(&t)->tm_year + 1900,
           day.tv_sec / 86400 == t / 86400);
    for (int i = 0; i < 8; i++)
        printf(" %d", bytes[i]);
    puts("");
    return 0;
}

static int counts(void *arg)
{
    (void)arg;
    goro_waitgroup_add(&all, 2);
    goro_go(count);
    goro_go(count);
    goro_waitgroup_wait(&all);
    printf("counted %d\n", counter);
    return 0;
}

static void write_it(int value)
{
    written = value;
    goro_waitgroup_done(&all);
}

static int race(void *arg)
{
    (void)arg;
    goro_waitgroup_add(&all, 2);
    goro_go(write_it, 1);
    goro_go(write_it, 2);
    goro_waitgroup_wait(&all);
    return written == 0;
}

/* Asks the runtime for the time, often or once: that is no access of the program's. */
static int clock_asked(void *often)
{
    for (int i = 0; i < (often ? 1000 : 1); i++)
        if (goro_now() <= 0)
            return 1;
    return 0;
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    if (!strncmp(argv[1], "clock", 5))
        return goro_run(clock_asked, strcmp(argv[1], "clock") ? argv[1] : NULL);
    return goro_run(!strcmp(argv[1], "times") ? times : !strcmp(argv[1], "counts") ? counts : race, NULL);
}
