// The result of a task is there after wait, not before.
#include "barrier.h"
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/task_arena.h>
#include <oneapi/tbb/task_group.h>

static struct schedule s;
static int result;

int main()
{
    tbb::global_control two(tbb::global_control::max_allowed_parallelism, 2);
    tbb::task_arena arena(2);
    arena.execute([] {
        tbb::task_group group;
        group.run([] {
            await(&s, 1);
            result = 1; // RACE
            step(&s, 2);
        });
        step(&s, 1);
        await(&s, 2);
        result++; // RACE
        group.wait();
    });
    return 0;
}
