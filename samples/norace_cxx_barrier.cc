// C++20's barrier with its completion, latch and semaphores.
#include <barrier>
#include <latch>
#include <semaphore>
#include <thread>
#include <vector>

#define THREADS 4

static int parts[THREADS], sum, made[THREADS], passed;
static std::counting_semaphore<8> there(0);
static std::binary_semaphore back(0);

int main()
{
    std::barrier barrier(THREADS, []() noexcept {
        for (int &part : parts)
            sum += part;
    });
    std::latch done(THREADS);
    std::vector<std::jthread> threads;
    for (int i = 0; i < THREADS; i++)
        threads.emplace_back([&, i] {
            for (int round = 0; round < 20; round++) {
                parts[i] = 1;
                barrier.arrive_and_wait();
            }
            made[i] = 1;
            done.count_down();
        });
    done.wait();
    for (int one : made)
        sum += one;
    threads.emplace_back([] {
        for (int i = 0; i < 50; i++) {
            passed++;
            there.release();
            back.acquire();
        }
    });
    for (int i = 0; i < 50; i++) {
        there.acquire();
        passed++;
        back.release();
    }
    threads.clear();
    return sum == 20 * THREADS + THREADS && passed == 100 ? 0 : 1;
}
