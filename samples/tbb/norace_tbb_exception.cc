// An exception of a task ends the others and comes out of wait, through TBB's own frames.
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_group.h>
#include <stdexcept>

int main()
{
    int caught = 0;
    for (int round = 0; round < 10; round++) {
        int before = 0;
        try {
            tbb::task_group group;
            group.run([&] {
                before = 1;
                throw std::runtime_error("a task's");
            });
            group.wait();
        } catch (const std::runtime_error &) {
            caught += before;
        }
        try {
            tbb::parallel_for(0, 1000, [](int i) {
                if (i == 500)
                    throw std::out_of_range("a loop's");
            });
        } catch (const std::out_of_range &) {
            caught++;
        }
    }
    return caught == 20 ? 0 : 1;
}
