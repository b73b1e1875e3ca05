// A lambda that captures by reference runs in a std::thread: the race is on main's stack.
#include "barrier.h"
#include <thread>

static struct schedule s;

int main()
{
    int value = 0;
    std::thread other([&value] {
        value = 1; // RACE
        step(&s, 1);
    });
    await(&s, 1);
    value = 2; // RACE
    other.join();
    return value == 2 ? 0 : 1;
}
