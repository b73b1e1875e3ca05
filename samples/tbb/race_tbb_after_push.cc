// What was pushed belongs to whoever pops it: the producer still writes to it.
#include "barrier.h"
#include <oneapi/tbb/concurrent_queue.h>
#include <thread>

static struct schedule s;
static tbb::concurrent_bounded_queue<int *> queue;
static int item;

int main()
{
    std::thread consumer([] {
        int *got;
        queue.pop(got);
        await(&s, 1);
        *got = 2; // RACE
        step(&s, 2);
    });
    queue.push(&item);
    step(&s, 1);
    await(&s, 2);
    item = 1; // RACE
    consumer.join();
    return 0;
}
