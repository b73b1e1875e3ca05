// Linked with a static libstdc++: the operators come from the place of libtsan (wrap_new.c).
#include "barrier.h"
#include <new>
#include <string>
#include <thread>

struct alignas(64) wide {
    char bytes[64];
};

static struct schedule s;

int main()
{
    int *shared = new int(0);
    std::thread thread([=] {
        ++*shared;
        step(&s, 1);
    });
    await(&s, 1);
    ++*shared; // RACE
    thread.join();
    std::string text(100, 'x');
    wide *w = new wide, *n = new (std::nothrow) wide[3];
    const bool right = text.size() == 100 && reinterpret_cast<std::size_t>(w) % 64 == 0 && n != nullptr;
    delete w;
    delete[] n;
    delete shared;
    return right ? 0 : 1;
}
