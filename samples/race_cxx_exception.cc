// An exception passes through many frames; the stacks of what comes after it do not show them.
#include "barrier.h"
#include <stdexcept>
#include <thread>

static struct schedule s;
static int value;

[[gnu::noinline]] static int sink(int depth)
{
    if (depth == 0)
        throw std::runtime_error("bottom");
    return sink(depth - 1) + 1;
}

[[gnu::noinline]] static void touch(int with)
{
    value = with; // RACE touch < work < other | touch < work < main
    step(&s, 1);
}

[[gnu::noinline]] static void work(int with)
{
    try {
        sink(20);
    } catch (const std::runtime_error &) {
    }
    touch(with);
    step(&s, 1);
}

[[gnu::noinline]] static void other()
{
    work(1);
    step(&s, 1);
}

int main()
{
    std::thread thread(other);
    await(&s, 1);
    work(2);
    thread.join();
    return value == 2 ? 0 : 1;
}
