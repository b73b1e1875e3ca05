/* Lesson: concurrency is how a program is put together (many things under way), parallelism how it is run (many at the same
 * time). The same goroutines give the same result with one processor (GORO_MAXPROCS=1 or goro_gomaxprocs(1)) and with many;
 * only the time differs, and only if the machine has the cores. */
#define GORO_SHORT_NAMES
#include <goro/goro.h>
#include <inttypes.h>
#include <stdio.h>

enum { PARTS = 16, STEPS = 200000 };

static uint64_t results[PARTS]; /* each is written by one goroutine, read after all are done */

static void work(int part, waitgroup *done)
{
    uint64_t x = (uint64_t)part + 1;
    for (int i = 0; i < STEPS; i++)
        x = x * 6364136223846793005u + 1442695040888963407u;
    results[part] = x;
    waitgroup_done(done);
}

static uint64_t run(int procs)
{
    waitgroup done = {0};
    uint64_t sum = 0;
    int before = goro_gomaxprocs(procs);
    int64_t start = goro_now();

    for (int i = 0; i < PARTS; i++) {
        waitgroup_add(&done, 1);
        go(work, i, &done);
    }
    waitgroup_wait(&done);
    for (int i = 0; i < PARTS; i++)
        sum ^= results[i];
    printf("%d at a time: %016" PRIx64 " in %.1f ms\n", procs, sum, (double)(goro_now() - start) / 1e6);
    goro_gomaxprocs(before);
    return sum;
}

static int start(void *arg)
{
    uint64_t alone = run(1);
    (void)arg;
    return run(2) == alone && run(4) == alone ? 0 : 1;
}

int main(void)
{
    return goro_run(start, NULL);
}
