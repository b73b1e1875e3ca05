// A static local variable is constructed once, by whoever comes first; the others come after its constructor.
#include "barrier.h"
#include <string>
#include <thread>

static struct schedule s;

static const std::string &name()
{
    static const std::string once(100, 'x');
    return once;
}

int main()
{
    size_t length = 0;
    std::thread first([&] {
        length = name().size();
        step(&s, 1);
    });
    await(&s, 1);
    size_t mine = name().size() + name().back();
    first.join();
    return mine == 100 + 'x' && length == 100 ? 0 : 1;
}
