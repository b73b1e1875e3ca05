// Blocks of every kind, from many threads, each checked for what was written into it; then one race in a block, which
// the detector must find whoever provides malloc. check_allocators.sh says how this is run.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#ifdef OWN_MALLOC
// A program that counts its allocations on their way to the next malloc.
#include <dlfcn.h>
static unsigned long counted;
extern "C" void *malloc(size_t n)
{
    static void *(*next)(size_t) = (void *(*)(size_t))dlsym(RTLD_NEXT, "malloc");
    __atomic_add_fetch(&counted, 1, __ATOMIC_RELAXED);
    return next(n);
}
#endif

#ifdef OWN_NEW
static char pool[1 << 20];
static unsigned long pool_used;
void *operator new(size_t n)
{
    if (n > sizeof pool / 16)
        throw std::bad_alloc();
    unsigned long at = __atomic_fetch_add(&pool_used, (n + 15) / 16 * 16, __ATOMIC_RELAXED);
    if (at + n > sizeof pool)
        throw std::bad_alloc();
    return pool + at;
}
void operator delete(void *) noexcept
{
}
void operator delete(void *, size_t) noexcept
{
}
#endif

static std::mutex lock;
static std::map<std::string, std::unique_ptr<int>> shared;

static void work(int id)
{
    std::vector<std::pair<unsigned char *, size_t>> blocks;
    unsigned seed = (unsigned)id;
#ifdef OWN_NEW
    const int rounds = 20;
#else
    const int rounds = 3000;
    for (int i = 0; i < 200; i++) {
        std::lock_guard<std::mutex> guard(lock);
        shared[std::to_string(i % 50) + " with a name that needs a block of its own"] = std::make_unique<int>(i);
    }
#endif
    for (int i = 0; i < rounds; i++) {
        size_t n = rand_r(&seed) % 5000 + 1;
        unsigned char *p = nullptr;
        void *aligned = nullptr;
        switch (rand_r(&seed) % 5) {
        case 0: p = (unsigned char *)malloc(n); break;
        case 1: p = (unsigned char *)calloc(n, 1); break;
        case 2: p = (unsigned char *)realloc(malloc(1 + n / 2), n); break;
        case 3: p = (unsigned char *)aligned_alloc(64, (n + 63) / 64 * 64); break;
        case 4: p = posix_memalign(&aligned, 256, n) ? nullptr : (unsigned char *)aligned; break;
        }
        memset(p, id, n);
        blocks.emplace_back(p, n);
        if (blocks.size() > 50) {
            auto &b = blocks[rand_r(&seed) % blocks.size()];
            for (size_t k = 0; k < b.second; k++)
                if (b.first[k] != id)
                    abort();
            free(b.first);
            std::swap(b, blocks.back());
            blocks.pop_back();
        }
    }
    for (auto &b : blocks)
        free(b.first);
}

int main(int argc, char **)
{
    std::vector<std::thread> threads;
    for (int i = 1; i <= 4; i++)
        threads.emplace_back(work, i);
    for (auto &t : threads)
        t.join();
    shared.clear();
    try {
        if (argc == 1) { // mimalloc, compiled as C, aborts instead of throwing, without us as well
            std::vector<char> too_much((size_t)1 << 60);
            abort();
        }
    } catch (const std::bad_alloc &) {
    }
    auto *racy = new int[10];
    std::thread other([=] { racy[argc] = 1; });
    racy[argc] = 2;
    other.join();
    delete[] racy;
#ifdef OWN_MALLOC
    if (counted < 1000)
        abort();
#endif
    puts("right");
}
