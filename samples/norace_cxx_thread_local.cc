// thread_local objects: one per thread, constructed and destroyed by it, and destroyed before the join returns.
#include "barrier.h"
#include <thread>
#include <vector>

static struct barrier b;
static std::vector<int> totals(2);

struct Log {
    std::vector<int> lines;
    int *total = nullptr;
    ~Log()
    {
        if (total)
            *total = static_cast<int>(lines.size());
    }
};

static thread_local Log log_of_thread;

static void work(int who)
{
    log_of_thread.total = &totals[who];
    barrier_wait(&b, 2);
    for (int i = 0; i < 100; i++)
        log_of_thread.lines.push_back(i);
}

int main()
{
    std::thread first(work, 0), second(work, 1);
    first.join();
    second.join();
    return totals[0] == 100 && totals[1] == 100 ? 0 : 1;
}
