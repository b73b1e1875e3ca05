// The standard's parallel algorithms, which gcc's library gives to TBB.
#include <algorithm>
#include <execution>
#include <functional>
#include <numeric>
#include <vector>

int main()
{
    std::vector<int> v(50000);
    std::iota(v.begin(), v.end(), 0);
    for (int round = 0; round < 3; round++)
        std::for_each(std::execution::par, v.begin(), v.end(), [](int &x) { x += 2; });
    std::sort(std::execution::par, v.begin(), v.end(), std::greater<int>());
    const long sum = std::reduce(std::execution::par, v.begin(), v.end(), 0L);
    return v[0] == 50005 && sum == 50000L * 49999 / 2 + 300000 ? 0 : 1;
}
