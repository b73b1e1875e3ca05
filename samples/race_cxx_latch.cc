// Counted down too early: what comes after it is not waited for.
#include "barrier.h"
#include <latch>
#include <thread>

static struct schedule s;
static std::latch done(1);
static int result;

int main()
{
    std::thread thread([] {
        done.count_down();
        result = 1; // RACE
        step(&s, 1);
    });
    done.wait();
    await(&s, 1);
    result++; // RACE
    thread.join();
    return result - 2;
}
