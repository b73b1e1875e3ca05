// A vector grows in one thread while another one looks at an element: the element is read from a block that is freed.
#include "barrier.h"
#include <thread>
#include <vector>

static struct schedule s;
static std::vector<int> *numbers;

static int first(const int *data)
{
    return data[0]; // RACE
}

int main()
{
    int seen = 0;
    numbers = new std::vector<int>(4, 7);
    std::thread other([&seen, data = numbers->data()] {
        seen = first(data);
        step(&s, 1);
    });
    await(&s, 1);
    numbers->reserve(1000); // RACE
    other.join();
    delete numbers;
    return seen == 7 ? 0 : 1;
}
