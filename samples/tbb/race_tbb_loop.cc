// A sum over all iterations of a loop, in one variable.
#include "barrier.h"
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_arena.h>

static struct barrier both;
static int sum;

int main()
{
    tbb::global_control two(tbb::global_control::max_allowed_parallelism, 2);
    tbb::task_arena arena(2);
    arena.execute([] {
        tbb::parallel_for(
            0, 2,
            [](int i) {
                barrier_wait(&both, 2);
                sum += i; // RACE
                barrier_wait(&both, 2);
            },
            tbb::simple_partitioner());
    });
    return 0;
}
