/* All primitives at random, for a time, from a fixed seed:   soak [SECONDS [SEED [LANES]]]
 *
 * Lanes run one part after the other, chosen at random. Each lane has its own stream of the seed; how lanes interleave is up
 * to the scheduler. Every part checks its counts. A watcher, on a thread that is not the runtime's, prints all goroutines and
 * aborts when a lane has not finished a part for a minute. */
#include "soak.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_LANES = 64, MOST_PARTS = 64, PATIENCE = 60 };

static struct part parts[MOST_PARTS];
static long runs[MOST_PARTS];
static int part_count;

static struct lane {
    struct rng rng;
    long finished;
    const char *running;
} lanes[MOST_LANES];

static int lane_count = 8;
static int64_t end;
static goro_waitgroup all;

void soak_fail(const char *file, int line, const char *what, long long got, long long want)
{
    goro_panic("%s:%d: %s is %lld, not %lld", file, line, what, got, want);
}

static void collect(const struct part *more)
{
    for (; more->name; more++)
        parts[part_count++] = *more;
}

static void run_lane(struct lane *lane)
{
    while (goro_now() < end) {
        uint32_t choice = draw(&lane->rng, (uint32_t)part_count);
        struct rng own = {((uint64_t)draw(&lane->rng, UINT32_MAX) << 32) | draw(&lane->rng, UINT32_MAX)};
        __atomic_store_n(&lane->running, parts[choice].name, __ATOMIC_RELAXED);
        parts[choice].run(&own);
        __atomic_add_fetch(&runs[choice], 1, __ATOMIC_RELAXED);
        __atomic_add_fetch(&lane->finished, 1, __ATOMIC_RELAXED);
    }
    __atomic_store_n(&lane->running, NULL, __ATOMIC_RELAXED);
    goro_waitgroup_done(&all);
}

static void *watch(void *arg)
{
    long before[MOST_LANES] = {0};
    int still[MOST_LANES] = {0};
    for (;;) {
        sleep(1);
        for (int i = 0; i < lane_count; i++) {
            long now = __atomic_load_n(&lanes[i].finished, __ATOMIC_RELAXED);
            const char *running = __atomic_load_n(&lanes[i].running, __ATOMIC_RELAXED);
            still[i] = now == before[i] && running ? still[i] + 1 : 0;
            before[i] = now;
            if (still[i] >= PATIENCE)
                goro_panic("soak: lane %d has been in %s for %d s: a lost wake-up", i, running, PATIENCE);
        }
    }
    return arg;
}

static int start(void *arg)
{
    goro_waitgroup_add(&all, lane_count);
    for (int i = 0; i < lane_count; i++)
        goro_go(run_lane, &lanes[i]);
    goro_waitgroup_wait(&all);
    /* Everything that was started has ended, but for what is on its way out. */
    for (int i = 0; goro_num_goroutines() > 1 && i < 1000; i++)
        goro_sleep(GORO_MILLISECOND);
    EXPECT(goro_num_goroutines(), 1);
    (void)arg;
    return 0;
}

int main(int argc, char **argv)
{
    long seconds = argc > 1 ? atol(argv[1]) : 10;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
    pthread_t watcher;
    if (argc > 3)
        lane_count = atoi(argv[3]) < MOST_LANES ? atoi(argv[3]) : MOST_LANES;
    collect(chan_parts);
    collect(lock_parts);
    collect(time_parts);
    collect(io_parts);
    const char *only = getenv("SOAK_ONLY"); /* a part's name: to look for a fault */
    for (int i = 0; only && i < part_count; i++)
        if (strcmp(parts[i].name, only) == 0) {
            parts[0] = parts[i];
            part_count = 1;
        }
    for (int i = 0; i < lane_count; i++)
        lanes[i].rng.state = seed * MOST_LANES + (uint64_t)i;
    end = goro_now() + seconds * GORO_SECOND;
    if (pthread_create(&watcher, NULL, watch, NULL) != 0)
        return 1;
    pthread_detach(watcher);
    int result = goro_run(start, NULL);
    long sum = 0;
    for (int i = 0; i < part_count; i++) {
        printf("%10ld %s\n", runs[i], parts[i].name);
        sum += runs[i];
    }
    printf("%10ld parts in %ld s, seed %llu, %d lanes: %s\n", sum, seconds, (unsigned long long)seed, lane_count,
           result == 0 ? "ok" : "FAILED");
    return result != 0;
}
