/* The same in C++: what the standard library makes of its locks, conditions, futures and threads. */
#include "barrier.h"
#include <atomic>
#include <condition_variable>
#include <future>
#include <mutex>
#include <shared_mutex>
#include <thread>

extern "C" {
void order_cxx_mutexes(bool fixed);
void deadlock_cxx_mutexes(bool fixed);
void deadlock_cxx_shared_mutex(bool fixed);
void deadlock_cxx_join(bool fixed);
void stuck_cxx_condition(bool fixed);
void stuck_cxx_promise(bool fixed);
void misuse_cxx_unlock(bool fixed);
}

static std::mutex a, b;
static struct schedule steps;
static struct barrier both;

/* The twin takes both at once, in whatever order. */
void order_cxx_mutexes(bool fixed)
{
    auto take = [fixed](std::mutex &first, std::mutex &second, int turn) {
        await(&steps, turn);
        if (fixed) {
            std::scoped_lock guard(first, second);
        } else {
            std::lock_guard<std::mutex> outer(first);
            std::lock_guard<std::mutex> inner(second);
        }
        step(&steps, turn + 1);
    };
    std::thread one(take, std::ref(a), std::ref(b), 0), two(take, std::ref(b), std::ref(a), 1);
    one.join();
    two.join();
}

void deadlock_cxx_mutexes(bool fixed)
{
    auto take = [fixed](std::mutex &first, std::mutex &second) {
        for (int i = 0; i < 100; i++) {
            if (fixed) {
                std::scoped_lock guard(first, second);
            } else {
                std::lock_guard<std::mutex> outer(first); // HELD
                barrier_wait(&both, 2);
                std::lock_guard<std::mutex> inner(second); // WAITS
            }
        }
    };
    std::thread one(take, std::ref(a), std::ref(b)), two(take, std::ref(b), std::ref(a));
    one.join();
    two.join();
}

/* A reader that writes. */
void deadlock_cxx_shared_mutex(bool fixed)
{
    std::shared_mutex lock;
    std::shared_lock<std::shared_mutex> reading(lock); // HELD
    if (fixed)
        reading.unlock();
    std::unique_lock<std::shared_mutex> writing(lock); // WAITS
}

/* Joins with the lock that the thread needs. */
void deadlock_cxx_join(bool fixed)
{
    std::unique_lock<std::mutex> guard(a); // HELD
    std::thread thread([] { std::lock_guard<std::mutex> inner(a); }); // WAITS
    if (fixed)
        guard.unlock();
    thread.join(); // WAITS
}

/* The twin waits with a predicate. */
void stuck_cxx_condition(bool fixed)
{
    std::condition_variable changed;
    bool ready = false;
    std::thread([&] {
        std::lock_guard<std::mutex> guard(a);
        ready = true;
        changed.notify_one();
    }).join();
    std::unique_lock<std::mutex> guard(a);
    if (fixed)
        changed.wait(guard, [&] { return ready; });
    else
        changed.wait(guard); // WAITS
}

/* A promise that the thread keeps, or does not. */
void stuck_cxx_promise(bool fixed)
{
    std::promise<int> promise;
    std::future<int> future = promise.get_future();
    std::thread thread([&] {
        if (fixed)
            promise.set_value(1);
    });
    future.wait(); // WAITS
    thread.join();
}

/* An unlock too many, by hand. */
void misuse_cxx_unlock(bool fixed)
{
    std::unique_lock<std::mutex> guard(a);
    std::mutex *m = fixed ? nullptr : guard.mutex();
    guard.unlock();
    if (m)
        m->unlock(); // MISUSE
}
