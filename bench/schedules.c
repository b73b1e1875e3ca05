/* How many schedules goro_explore runs in a second:  schedules [SCHEDULES [JOBS]]
 *
 * Of a test that is right, with 10 goroutines and 100 operations on a lock and a channel. Prints what came of it; exits with 1 if one
 * failed. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <goro/goro.h>

enum { GOROUTINES = 10, ROUNDS = 2 };

struct shared {
    goro_mutex lock;
    goro_waitgroup all;
    goro_chan_of(int) values;
    int count;
};

static void work(struct shared *s)
{
    int value;
    for (int i = 0; i < ROUNDS; i++) {
        goro_mutex_lock(&s->lock);
        s->count++;
        goro_mutex_unlock(&s->lock);
        goro_chan_send(s->values, i);
        goro_chan_try_recv(s->values, &value);
    }
    goro_waitgroup_done(&s->all);
}

static int test(void *arg)
{
    struct shared s = {.values = goro_chan_make(int, GOROUTINES * ROUNDS)};
    (void)arg;
    goro_waitgroup_add(&s.all, GOROUTINES);
    for (int i = 0; i < GOROUTINES; i++)
        goro_go(work, &s);
    goro_waitgroup_wait(&s.all);
    goro_chan_free(s.values);
    return s.count != GOROUTINES * ROUNDS;
}

int main(int argc, char **argv)
{
    struct goro_explore_options options = {.schedules = 100000, .saturation = UINT64_MAX};
    struct goro_exploration found;
    struct timespec begin, end;
    if (argc > 1)
        options.schedules = strtoull(argv[1], NULL, 10);
    if (argc > 2)
        options.jobs = (unsigned)strtoul(argv[2], NULL, 10);
    clock_gettime(CLOCK_MONOTONIC, &begin);
    int status = goro_explore(test, NULL, &options, &found);
    clock_gettime(CLOCK_MONOTONIC, &end);
    double seconds = (double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9;
    printf("%lu schedules, %lu orderings, %.0f schedules a second\n", (unsigned long)found.schedules,
           (unsigned long)found.orderings, (double)found.schedules / seconds);
    free(found.replay);
    return status != 0;
}
