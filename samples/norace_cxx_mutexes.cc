// std::mutex, std::shared_mutex, std::recursive_mutex and the timed try_lock_for, all through the library's own
// headers.
#include "barrier.h"
#include <chrono>
#include <mutex>
#include <shared_mutex>
#include <thread>

static struct barrier b;
static std::mutex plain;
static std::shared_mutex shared;
static std::recursive_mutex recursive;
static std::timed_mutex timed;
static int counter[4];

static void count()
{
    barrier_wait(&b, 2);
    for (int i = 0; i < 200; i++) {
        {
            std::lock_guard<std::mutex> guard(plain);
            counter[0]++;
        }
        {
            std::unique_lock<std::shared_mutex> guard(shared);
            counter[1]++;
        }
        {
            std::scoped_lock guard(recursive, plain);
            std::lock_guard<std::recursive_mutex> again(recursive);
            counter[2]++;
        }
        std::shared_lock<std::shared_mutex> reader(shared);
        if (timed.try_lock_for(std::chrono::minutes(10))) {
            counter[3] += counter[1] > 0;
            timed.unlock();
        }
    }
}

int main()
{
    std::thread other(count);
    count();
    other.join();
    for (int c : counter)
        if (c != 400)
            return 1;
    return 0;
}
