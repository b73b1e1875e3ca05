// Whoever has the mutex for reading writes.
#include "barrier.h"
#include <absl/synchronization/mutex.h>
#include <thread>

static struct schedule s;
static absl::Mutex mutex;
static int counter;

int main()
{
    std::thread thread([] {
        absl::ReaderMutexLock lock(&mutex);
        counter++; // RACE
        step(&s, 1);
        await(&s, 2);
    });
    await(&s, 1);
    {
        absl::ReaderMutexLock lock(&mutex);
        counter++; // RACE
        step(&s, 2);
    }
    thread.join();
    return 0;
}
