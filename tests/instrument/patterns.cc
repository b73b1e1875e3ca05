/* See patterns.h. Those of C++. */
#include "patterns.h"

#include <atomic>
#include <future>
#include <mutex>
#include <semaphore>

struct made {
    made()
    {
        touch();
    }
};

static std::mutex mutex;
static std::once_flag flag;
static std::atomic<struct block *> instance;
static std::atomic<bool> ready;
static std::atomic<double> real;
struct pair {
    int a, b;
};
static std::atomic<pair> pairs;
static std::promise<void> promise;
static std::binary_semaphore semaphore(0);

static __attribute__((noinline)) void of_static()
{
    static made m;
    (void)look(&block);
}

static void static_local()
{
    of_static();
    of_static();
}

static void by_call_once()
{
    std::call_once(flag, touch);
    (void)look(&block);
}

static void checked_twice()
{
    struct block *b = instance.load(std::memory_order_acquire);
    if (!b) {
        std::lock_guard<std::mutex> guard(mutex);
        b = instance.load(std::memory_order_relaxed);
        if (!b) {
            touch();
            b = &block;
            instance.store(b, std::memory_order_release);
        }
    }
    (void)look(b);
}

static void ready_first()
{
    touch();
    ready.store(true, std::memory_order_release);
    ready.notify_all();
}
static void ready_second()
{
    ready.wait(false, std::memory_order_acquire);
    while (!ready)
        ;
    touch();
}

static void real_first()
{
    touch();
    real.store(2.5, std::memory_order_release);
}
static void real_second()
{
    while (real.load(std::memory_order_acquire) < 2)
        sched_yield();
    touch();
}

static void pair_first()
{
    touch();
    pairs = pair{1, 2};
}
static void pair_second()
{
    while (pairs.load().a != 1)
        sched_yield();
    touch();
}

static void promise_first()
{
    touch();
    promise.set_value();
}
static void promise_second()
{
    promise.get_future().wait();
    touch();
}

static void semaphore_first()
{
    touch();
    semaphore.release();
}
static void semaphore_second()
{
    semaphore.acquire();
    touch();
}

#define PAIR(NAME) \
    { \
#NAME, NAME##_first, NAME##_second, nullptr \
    }
#define BOTH(NAME) \
    { \
#NAME, NAME, NAME, nullptr \
    }
static const struct pattern patterns[] = {BOTH(static_local), BOTH(by_call_once), BOTH(checked_twice), PAIR(ready),
                                          PAIR(real),         PAIR(pair),         PAIR(promise),       PAIR(semaphore)};

int main(int argc, char **argv)
{
    return run_pattern(patterns, sizeof patterns / sizeof *patterns, argc, argv);
}
