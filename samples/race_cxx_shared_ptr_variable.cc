// The count inside of a shared_ptr is atomic; a shared_ptr variable is not. One thread resets it, another one looks.
#include "barrier.h"
#include <memory>
#include <thread>

static struct schedule s;
static std::shared_ptr<int> current = std::make_shared<int>(7);

static bool there()
{
    return current != nullptr; // RACE
}

static void clear()
{
    current.reset(); // RACE
}

int main()
{
    bool seen = false;
    std::thread other([&seen] {
        seen = there();
        step(&s, 1);
    });
    await(&s, 1);
    clear();
    other.join();
    return seen && !there() ? 0 : 1;
}
