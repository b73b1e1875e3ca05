// Tasks of a group and whoever waits for it; tasks of an arena; a stolen task begins after what was done before it was run.
#include <oneapi/tbb/parallel_invoke.h>
#include <oneapi/tbb/task_arena.h>
#include <oneapi/tbb/task_group.h>

static int fibonacci(int n)
{
    if (n < 2)
        return n;
    int a, b;
    tbb::task_group group;
    group.run([&] { a = fibonacci(n - 1); });
    group.run([&] { b = fibonacci(n - 2); });
    group.wait();
    return a + b;
}

int main()
{
    int result = fibonacci(13), left = 0, right = 0, inside = 0;
    tbb::parallel_invoke([&] { left = 1; }, [&] { right = 1; });
    tbb::task_arena arena(tbb::this_task_arena::max_concurrency()); // of more, oneTBB warns
    arena.execute([&] {
        tbb::task_group group;
        group.run([&] { inside = 1; });
        group.wait();
        inside++;
    });
    return result == 233 && left + right + inside == 4 ? 0 : 1;
}
