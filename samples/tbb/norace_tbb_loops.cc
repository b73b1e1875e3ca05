// What an algorithm's tasks did is done when it returns, whichever thread did it and stole the work of which other.
#include <functional>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/parallel_reduce.h>
#include <oneapi/tbb/parallel_sort.h>
#include <vector>

int main()
{
    using range = tbb::blocked_range<std::size_t>;
    std::vector<long> v(100000, 1);
    for (int round = 0; round < 3; round++)
        tbb::parallel_for(range(0, v.size(), 64), [&](const range &r) {
            for (std::size_t i = r.begin(); i != r.end(); i++)
                v[i] += long(i);
        });
    long sum = tbb::parallel_reduce(
        range(0, v.size(), 64), 0L,
        [&](const range &r, long s) {
            for (std::size_t i = r.begin(); i != r.end(); i++)
                s += v[i];
            return s;
        },
        std::plus<long>());
    tbb::parallel_sort(v, std::greater<long>());
    return v[0] == 3 * 99999L + 1 && sum == 3 * 99999L * 50000 + 100000 ? 0 : 1;
}
