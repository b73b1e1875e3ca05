// Containers hand over what they hold, and TBB's locks exclude.
#include <oneapi/tbb/concurrent_hash_map.h>
#include <oneapi/tbb/concurrent_queue.h>
#include <oneapi/tbb/concurrent_vector.h>
#include <oneapi/tbb/queuing_mutex.h>
#include <oneapi/tbb/spin_mutex.h>
#include <oneapi/tbb/spin_rw_mutex.h>
#include <oneapi/tbb/task_group.h>
#include <thread>

int main()
{
    tbb::concurrent_queue<int *> queue;
    tbb::concurrent_bounded_queue<int *> bounded;
    tbb::concurrent_hash_map<int, int> map;
    tbb::concurrent_vector<int> vector;
    tbb::spin_mutex spin;
    tbb::queuing_mutex queuing;
    tbb::spin_rw_mutex readers;
    int spun = 0, queued = 0, written = 0, got = 0;

    bounded.set_capacity(2);
    std::thread producer([&] {
        for (int i = 0; i < 50; i++)
            bounded.push(new int(1));
    });
    for (int i = 0; i < 50; i++) {
        int *item;
        bounded.pop(item);
        got += *item;
        delete item;
    }
    producer.join();

    tbb::task_group group;
    for (int i = 0; i < 40; i++)
        group.run([&, i] {
            queue.push(new int(i));
            decltype(map)::accessor a;
            map.insert(a, i % 7);
            a->second++;
            a.release();
            vector.push_back(i);
            (tbb::spin_mutex::scoped_lock(spin), spun++);
            (tbb::queuing_mutex::scoped_lock(queuing), queued++);
            tbb::spin_rw_mutex::scoped_lock lock(readers, i % 2);
            if (i % 2)
                written++;
            lock.release();
            int *item;
            if (queue.try_pop(item))
                delete item;
        });
    group.wait();
    return got == 50 && spun == 40 && queued == 40 && written == 20 && vector.size() == 40 && map.size() == 7 ? 0 : 1;
}
