// Exceptions through relocated frames: thrown, caught, rethrown and cleaned up after, by several threads. Prints sums that
// depend on every one of them.
#include <cstdio>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

struct Counts {
    int *count;
    ~Counts()
    {
        ++*count;
    }
};

__attribute__((noinline)) static void dig(int depth, int *count)
{
    Counts counts{count};
    if (depth == 0)
        throw std::runtime_error("x" + std::to_string(*count));
    dig(depth - 1, count);
}

__attribute__((noinline)) static int catch_all(int depth)
{
    int cleaned = 0, sum = 0;
    for (int i = 0; i < 50; i++) {
        try {
            try {
                dig(depth + i % 7, &cleaned);
            } catch (int) {
                sum += 1000;
            }
        } catch (const std::exception &e) {
            sum += static_cast<int>(std::string(e.what()).size());
            try {
                throw i;
            } catch (int thrown) {
                sum += thrown;
            }
        }
    }
    return sum + cleaned;
}

int main()
{
    int result[4];
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; i++)
        threads.emplace_back([&result, i] { result[i] = catch_all(i); });
    for (std::thread &t : threads)
        t.join();
    std::printf("%d %d %d %d\n", result[0], result[1], result[2], result[3]);
}
