// C++20's stop tokens: a request comes before what its callbacks do, and before what whoever sees it does.
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>

int main()
{
    int reason = 0, seen = 0, polled = 0;
    std::jthread waits([&](std::stop_token token) {
        std::mutex mutex;
        std::condition_variable_any never;
        std::unique_lock lock(mutex);
        never.wait(lock, token, [] { return false; });
        seen = reason;
    });
    std::jthread polls([&](std::stop_token token) {
        while (!token.stop_requested())
            std::this_thread::yield();
        polled = reason;
    });
    reason = 1;
    waits.request_stop();
    polls.request_stop();
    waits.join();
    polls.join();
    return seen + polled == 2 ? 0 : 1;
}
