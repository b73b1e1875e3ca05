// promise and future, packaged tasks, async and call_once: libstdc++ builds them from once, mutex, condition and futex.
#include <future>
#include <mutex>
#include <thread>

static std::once_flag once;
static int table;

int main()
{
    int message = 0;
    std::promise<int> promise;
    std::future<int> future = promise.get_future();
    std::thread sender([&] {
        std::call_once(once, [] { table = 1; });
        message = 41;
        promise.set_value(1);
    });
    int got = future.get();
    got += message;
    std::call_once(once, [] { table = 1; });
    got += table;
    auto task = std::async(std::launch::async, [&] { return ++message; });
    got += task.get() + message;
    sender.join();
    return got == 43 + 42 + 42 ? 0 : 1;
}
