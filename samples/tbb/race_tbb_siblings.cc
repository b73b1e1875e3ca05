// Two tasks of a group have no order among each other, only with whoever waits for both. That both are stolen, or run one after the
// other by threads that had met before, is up to chance: here each waits for the other to be there.
#include "barrier.h"
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/task_arena.h>
#include <oneapi/tbb/task_group.h>

static struct barrier both;
static int counter, warm;

static void task()
{
    barrier_wait(&both, 2);
    counter++; // RACE
    barrier_wait(&both, 2);
}

int main()
{
    tbb::global_control two(tbb::global_control::max_allowed_parallelism, 2);
    tbb::task_arena arena(2);
    arena.execute([] {
        tbb::task_group group;
        for (int i = 0; i < 20; i++) {
            group.run([] { (void)warm; });
            group.wait();
        }
        group.run(task);
        group.run_and_wait(task);
    });
    return 0;
}
