// goro.h in C++: everything but the macros of goro_go, typed channels and the select statement, which are C. Exit status 0: right.
#include <goro/goro.h>

#include <atomic>
#include <cstdio>
#include <memory>

namespace {

// What a C++ user writes once: a function object as a goroutine.
template <typename F>
int go(F f)
{
    auto *copy = new F(std::move(f));
    int error = goro_go_fn(
        [](void *arg) {
            std::unique_ptr<F> f(static_cast<F *>(arg));
            (*f)();
        },
        copy, nullptr);
    if (error)
        delete copy;
    return error;
}

int failures;

#define CHECK(condition) \
    do { \
        if (!(condition)) { \
            std::fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
            failures++; \
        } \
    } while (0)

void channels()
{
    goro_chan *c = goro_chan_new(sizeof(int), 2);
    goro_chan *d = goro_chan_new(sizeof(long), 0);
    int v = 0, sum = 0;
    CHECK(go([c] {
        for (int i = 1; i <= 10; i++)
            goro_chan_send_raw(c, &i, GORO_FOREVER);
        goro_chan_close_raw(c);
    }) == 0);
    while (goro_chan_recv_raw(c, &v, GORO_FOREVER) > 0)
        sum += v;
    CHECK(sum == 55);
    CHECK(goro_chan_cap_raw(c) == 2 && goro_chan_len_raw(c) == 0);

    long sent = 9, got = 0;
    CHECK(go([d, &sent] { goro_chan_send_raw(d, &sent, GORO_FOREVER); }) == 0);
    goro_case cases[2] = {{nullptr, nullptr, GORO_CASE_RECV, false}, {d, &got, GORO_CASE_RECV, false}};
    CHECK(goro_select_cases(cases, 2, 0) == 1 && cases[1].ok && got == 9);
    CHECK(goro_select_until(cases, 2, goro_now() + 1000) == -ETIMEDOUT);
    goro_chan_free_raw(c);
    goro_chan_free_raw(d);
}

// An exception must find its handler on a goroutine's stack, also after a switch.
void throws(goro_waitgroup *done)
{
    for (int i = 0; i < 10; i++) {
        try {
            goro_yield();
            throw i;
        } catch (int caught) {
            goro_yield();
            CHECK(caught == i);
        }
    }
    goro_waitgroup_done(done);
}

void locks()
{
    goro_mutex mutex = {};
    goro_waitgroup done = {};
    goro_sem places = GORO_SEM_INIT(2);
    static goro_once once;
    int counter = 0;
    std::atomic<int> free_counter{0};
    goro_waitgroup_add(&done, 8);
    for (int i = 0; i < 4; i++) {
        go([&] {
            for (int k = 0; k < 1000; k++) {
                goro_sem_acquire(&places, 1);
                goro_mutex_lock(&mutex);
                counter++;
                goro_mutex_unlock(&mutex);
                goro_sem_release(&places, 1);
                free_counter++;
            }
            goro_waitgroup_done(&done);
        });
        go([&] { throws(&done); });
    }
    goro_waitgroup_wait(&done);
    CHECK(counter == 4000 && free_counter == 4000);
    for (int i = 0; i < 2; i++)
        goro_once_do(&once, [](void *n) { ++*static_cast<int *>(n); }, &counter);
    CHECK(counter == 4001);
    CHECK(goro_atomic_add(&counter, 1) == 4002 && goro_atomic_cas(&counter, 4002, 0));
}

int start(void *)
{
    channels();
    locks();
    CHECK(*goro_errno() == 0 || *goro_errno() != 0); // it has an address
    return failures ? 1 : 0;
}

} // namespace

int main()
{
    return goro_run(start, nullptr);
}
