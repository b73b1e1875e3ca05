// std::condition_variable with a predicate, also wait_for (which libstdc++ turns into pthread_cond_clockwait).
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

static std::mutex lock;
static std::condition_variable changed;
static int turn, value;

static void play(int me)
{
    for (int i = 0; i < 100; i++) {
        {
            std::unique_lock<std::mutex> guard(lock);
            if (me == 0)
                changed.wait(guard, [&] { return turn == me; });
            else if (!changed.wait_for(guard, std::chrono::minutes(10), [&] { return turn == me; }))
                return;
        }
        value++; // outside of the mutex: it is my turn
        std::lock_guard<std::mutex> guard(lock);
        turn = !me;
        changed.notify_one();
    }
}

int main()
{
    std::thread other(play, 1);
    play(0);
    other.join();
    return value == 200 ? 0 : 1;
}
