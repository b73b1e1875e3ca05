// C++20's atomic wait and notify, latch-style: the waiter comes after the release store that it was woken for.
#include <atomic>
#include <thread>

static std::atomic<int> ready;
static int message;

int main()
{
    std::thread sender([] {
        message = 42;
        ready.store(1, std::memory_order_release);
        ready.notify_one();
    });
    ready.wait(0, std::memory_order_acquire);
    int got = message;
    sender.join();
    return got == 42 ? 0 : 1;
}
