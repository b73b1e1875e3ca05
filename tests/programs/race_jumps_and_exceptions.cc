// Four threads leave frames in every way there is, thousands of times: longjmp, siglongjmp out of a signal handler,
// exceptions, rethrown ones, through frames with and without destructors. In the end two of them race, and both stacks
// must be exactly those of then.
#include "barrier.h"
#include <csetjmp>
#include <csignal>
#include <cstdio>
#include <stdexcept>
#include <thread>
#include <vector>

static const int ROUNDS = 500;
static struct schedule s;
static int value;
static thread_local sigjmp_buf home;

struct Guard {
    int *count;
    ~Guard() { ++*count; }
};

extern "C" void jump_out(int)
{
    siglongjmp(home, 2);
}

[[gnu::noinline]] static int jump(int left)
{
    if (left == 0)
        longjmp(home, 1);
    if (left == -1)
        return raise(SIGUSR1);
    return left > 0 ? jump(left - 1) + 1 : jump(left + 1) + 1;
}

[[gnu::noinline]] static int fling(int left, int *destroyed)
{
    Guard guard{destroyed};
    if (left == 0)
        throw std::runtime_error("bottom");
    try {
        return fling(left - 1, destroyed) + 1;
    } catch (const std::runtime_error &) {
        if (left % 3 == 0)
            throw;
        throw std::runtime_error("again");
    }
}

[[gnu::noinline]] static void leave_frames(int depth)
{
    volatile int landed = sigsetjmp(home, 1);
    if (!landed)
        jump(depth % 2 ? depth : -1 - depth);
    int destroyed = 0;
    try {
        fling(depth, &destroyed);
    } catch (const std::runtime_error &) {
        if (destroyed != depth + 1)
            std::puts("a destructor did not run");
    }
}

[[gnu::noinline]] static void touch(int with)
{
    value = with; // RACE touch < work < first | touch < work < second
}

[[gnu::noinline]] static void work(int with)
{
    for (int round = 0; round < ROUNDS; round++)
        leave_frames(round % 13);
    if (with == 2)
        await(&s, 1);
    if (with > 0)
        touch(with);
    if (with == 1)
        step(&s, 1);
}

[[gnu::noinline]] static void first()
{
    work(1);
    step(&s, 1);
}

[[gnu::noinline]] static void second()
{
    work(2);
    step(&s, 2);
}

int main()
{
    std::signal(SIGUSR1, jump_out);
    std::vector<std::thread> threads;
    threads.emplace_back(first);
    threads.emplace_back(second);
    threads.emplace_back(work, 0);
    threads.emplace_back(work, 0);
    for (auto &thread : threads)
        thread.join();
    if (value != 2)
        std::puts("wrong value");
    return 0;
}
