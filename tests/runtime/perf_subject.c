/* Goroutines that compute, three calls deep, some on their first switch and some after many: what check_perf lets perf look at. */
#define GORO_SHORT_NAMES
#include <goro/goro.h>

static waitgroup all;
static uint64_t result;

__attribute__((noinline)) static uint64_t inner(uint64_t x)
{
    for (int i = 0; i < 200000; i++)
        x = x * 6364136223846793005u + 1442695040888963407u;
    return x;
}

__attribute__((noinline)) static uint64_t middle(uint64_t x, bool yields)
{
    x = inner(x) + 1;
    if (yields)
        yield();
    return inner(x) + 1;
}

__attribute__((noinline)) static void worker(int id, int rounds)
{
    uint64_t x = (uint64_t)id;
    for (int i = 0; i < rounds; i++)
        x = middle(x, id % 2) + 1;
    goro_atomic_add(&result, x);
    waitgroup_done(&all);
}

static int run(void *arg)
{
    (void)arg;
    waitgroup_add(&all, 8);
    for (int i = 0; i < 8; i++)
        go(worker, i, 100);
    result += middle(1, true);
    waitgroup_wait(&all);
    return 0;
}

int main(void)
{
    return goro_run(run, NULL);
}
