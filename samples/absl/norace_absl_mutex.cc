// Abseil's mutex with readers, writers and conditions; notifications, counters and once.
#include <absl/base/call_once.h>
#include <absl/synchronization/blocking_counter.h>
#include <absl/synchronization/mutex.h>
#include <absl/synchronization/notification.h>
#include <thread>
#include <vector>

static absl::Mutex mutex;
static absl::once_flag flag;
static absl::Notification begin;
static absl::BlockingCounter working(4);
static int counted, made, given, results[4];
static bool ready;

static void work(int i)
{
    absl::call_once(flag, [] { made = 7; });
    begin.WaitForNotification();
    results[i] = made + given;
    for (int k = 0; k < 100; k++) {
        if (k % 4) {
            absl::MutexLock lock(&mutex);
            counted++;
        } else {
            absl::ReaderMutexLock lock(&mutex);
            if (counted < 0)
                return;
        }
    }
    working.DecrementCount();
    mutex.LockWhen(absl::Condition(&ready));
    counted++;
    mutex.Unlock();
}

int main()
{
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; i++)
        threads.emplace_back(work, i);
    given = 1;
    begin.Notify();
    working.Wait();
    int sum = 0;
    for (int result : results)
        sum += result;
    mutex.Lock();
    ready = true;
    mutex.Unlock();
    for (std::thread &thread : threads)
        thread.join();
    return counted == 4 * 75 + 4 && sum == 32 ? 0 : 1;
}
