// Whoever refers to an exception shares the object with all others.
#include "barrier.h"
#include <exception>
#include <thread>

static struct schedule s;

struct failure {
    int code;
};

static void work(std::exception_ptr shared)
{
    try {
        std::rethrow_exception(shared);
    } catch (failure &f) {
        f.code = 1; // RACE
        step(&s, 1);
        await(&s, 2);
    }
}

int main()
{
    std::exception_ptr shared = std::make_exception_ptr(failure{0});
    std::thread thread(work, shared);
    await(&s, 1);
    try {
        std::rethrow_exception(shared);
    } catch (failure &f) {
        f.code = 2; // RACE
    }
    step(&s, 2);
    thread.join();
    return 0;
}
