/* Locks as Go's sync tests have them (mutex_test, rwmutex_test, waitgroup_test, once_test, cond_test, runtime/sema_test, atomic) in our
 * words; misuse is in go_panic.c. docs/goro-tests.md says which is where. */
#define GORO_SHORT_NAMES
#include "run.h"

#include <string.h>

#include "parked.h"

/* ---- mutex ---- */

static void lock_often(mutex *m, int n, long *plain, waitgroup *done)
{
    for (int i = 0; i < n; i++) {
        if (i % 3 == 0) {
            if (!mutex_trylock(m))
                continue;
        } else {
            mutex_lock(m);
        }
        ++*plain;
        if (i % 64 == 0)
            yield(); /* lock held over a wait */
        --*plain;
        mutex_unlock(m);
    }
    waitgroup_done(done);
}

GORO_TEST(mutex_excludes)
{
    mutex m = {0};
    waitgroup done = {0};
    long plain = 0;
    CHECK(mutex_trylock(&m));
    CHECK(!mutex_trylock(&m));
    mutex_unlock(&m);
    waitgroup_add(&done, 10);
    for (int i = 0; i < 10; i++)
        go(lock_often, &m, 2000, &plain, &done);
    waitgroup_wait(&done);
    CHECK_EQ(plain, 0);
    CHECK(mutex_trylock(&m));
    mutex_unlock(&m);
}

static void unlock_for_another(mutex *m)
{
    mutex_unlock(m);
}

GORO_TEST(another_goroutine_may_unlock)
{
    mutex m = {0};
    mutex_lock(&m);
    go(unlock_for_another, &m);
    mutex_lock(&m);
    mutex_unlock(&m);
}

static void hold_and_doze(mutex *m, bool *stop, waitgroup *done)
{
    while (!goro_atomic_load(stop)) {
        mutex_lock(m);
        goro_sleep(100 * GORO_MICROSECOND);
        mutex_unlock(m);
    }
    waitgroup_done(done);
}

/* One keeps the lock nearly all the time; the one that waits is handed it in time each time. */
GORO_TEST(mutex_does_not_starve)
{
    mutex m = {0};
    waitgroup done = {0};
    static bool stop;
    stop = false;
    waitgroup_add(&done, 1);
    go(hold_and_doze, &m, &stop, &done);
    for (int i = 0; i < 10; i++) {
        goro_sleep(100 * GORO_MICROSECOND);
        CHECK_EQ(goro_mutex_lock_until(&m, goro_now() + 3600 * GORO_SECOND), 0);
        mutex_unlock(&m);
    }
    goro_atomic_store(&stop, true);
    waitgroup_wait(&done);
}

GORO_TEST(mutex_until)
{
    mutex m = {0};
    mutex_lock(&m);
    int64_t deadline = goro_now() + 2 * GORO_MILLISECOND;
    CHECK_EQ(goro_mutex_lock_until(&m, deadline), -ETIMEDOUT);
    CHECK(goro_now() >= deadline);
    CHECK_EQ(goro_mutex_lock_until(&m, 0), -ETIMEDOUT);
    mutex_unlock(&m);
    CHECK_EQ(goro_mutex_lock_until(&m, 0), 0); /* free: the deadline does not matter */
    mutex_unlock(&m);
}

/* ---- readers and writers ---- */

static void hold_read(goro_rwmutex *rw, chan_of(bool) locked, chan_of(bool) unlock, chan_of(bool) done)
{
    goro_rwmutex_rlock(rw);
    chan_send(locked, true);
    chan_take(unlock);
    goro_rwmutex_runlock(rw);
    chan_send(done, true);
}

GORO_TEST(readers_are_together)
{
    enum { N = 10 };
    goro_rwmutex rw = {0};
    chan_of(bool) locked = chan_make(bool, 0), unlock = chan_make(bool, 0), done = chan_make(bool, 0);
    for (int i = 0; i < N; i++)
        go(hold_read, &rw, locked, unlock, done);
    for (int i = 0; i < N; i++)
        chan_take(locked); /* all have it at the same time */
    CHECK(!goro_rwmutex_trylock(&rw));
    CHECK(goro_rwmutex_tryrlock(&rw));
    goro_rwmutex_runlock(&rw);
    for (int i = 0; i < N; i++)
        chan_send(unlock, true);
    for (int i = 0; i < N; i++)
        chan_take(done);
    CHECK(goro_rwmutex_trylock(&rw));
    CHECK(!goro_rwmutex_trylock(&rw));
    CHECK(!goro_rwmutex_tryrlock(&rw));
    goro_rwmutex_unlock(&rw);
    chan_free(locked);
    chan_free(unlock);
    chan_free(done);
}

static int activity; /* readers + 10000 * writers */

static void reader(goro_rwmutex *rw, int n, waitgroup *done)
{
    for (int i = 0; i < n; i++) {
        goro_rwmutex_rlock(rw);
        int now = goro_atomic_add(&activity, 1);
        CHECK(now >= 1 && now < 10000);
        if (i % 16 == 0)
            yield();
        goro_atomic_add(&activity, -1);
        goro_rwmutex_runlock(rw);
    }
    waitgroup_done(done);
}

static void writer(goro_rwmutex *rw, int n, waitgroup *done)
{
    for (int i = 0; i < n; i++) {
        goro_rwmutex_lock(rw);
        CHECK_EQ(goro_atomic_add(&activity, 10000), 10000);
        if (i % 16 == 0)
            yield();
        goro_atomic_add(&activity, -10000);
        goro_rwmutex_unlock(rw);
    }
    waitgroup_done(done);
}

GORO_TEST(writers_are_alone)
{
    static const int readers[] = {1, 3, 10};
    for (int i = 0; i < 3; i++) {
        goro_rwmutex rw = {0};
        waitgroup done = {0};
        activity = 0;
        waitgroup_add(&done, readers[i] + 2);
        go(writer, &rw, 1000, &done);
        for (int k = 0; k < readers[i]; k++)
            go(reader, &rw, 1000, &done);
        go(writer, &rw, 1000, &done);
        waitgroup_wait(&done);
        CHECK_EQ(activity, 0);
    }
}

static struct rt_g *waiting_writer, *waiting_reader;
static int sequence;

static void write_in_turn(goro_rwmutex *rw, int *place, waitgroup *done)
{
    HERE(waiting_writer);
    goro_rwmutex_lock(rw);
    *place = goro_atomic_add(&sequence, 1);
    goro_rwmutex_unlock(rw);
    waitgroup_done(done);
}

static void read_in_turn(goro_rwmutex *rw, int *place, waitgroup *done)
{
    HERE(waiting_reader);
    goro_rwmutex_rlock(rw);
    *place = goro_atomic_add(&sequence, 1);
    goro_rwmutex_runlock(rw);
    waitgroup_done(done);
}

/* A writer that waits keeps later readers out, so that readers cannot starve it; those get in after it. */
GORO_TEST(waiting_writer_goes_before_later_readers)
{
    goro_rwmutex rw = {0};
    waitgroup done = {0};
    int wrote = 0, read = 0;
    sequence = 0;
    waiting_writer = waiting_reader = NULL;
    waitgroup_add(&done, 2);
    goro_rwmutex_rlock(&rw);
    go(write_in_turn, &rw, &wrote, &done);
    until_parked(&waiting_writer, RT_REASON_RWMUTEX_WRITE);
    CHECK(!goro_rwmutex_tryrlock(&rw));
    go(read_in_turn, &rw, &read, &done);
    until_parked(&waiting_reader, RT_REASON_RWMUTEX_READ);
    goro_rwmutex_runlock(&rw);
    waitgroup_wait(&done);
    CHECK_EQ(wrote, 1);
    CHECK_EQ(read, 2);
}

/* ---- wait group ---- */

static void finish(waitgroup *wg, int *count)
{
    goro_atomic_add(count, 1);
    waitgroup_done(wg);
}

static void wait_and_count(waitgroup *wg, int *finished, int want, int *woken)
{
    waitgroup_wait(wg);
    CHECK_EQ(goro_atomic_load(finished), want);
    goro_atomic_add(woken, 1);
}

GORO_TEST(waitgroup_waits_for_all_and_can_be_used_again)
{
    waitgroup wg = {0}, woken_up = {0};
    waitgroup_wait(&wg); /* nothing to wait for */
    for (int round = 0; round < 8; round++) {
        int finished = 0, woken = 0;
        waitgroup_add(&wg, 16);
        for (int i = 0; i < 5; i++)
            go(wait_and_count, &wg, &finished, 16, &woken);
        for (int i = 0; i < 16; i++) {
            CHECK(goro_atomic_load(&woken) == 0);
            go(finish, &wg, &finished);
        }
        waitgroup_wait(&wg);
        CHECK_EQ(finished, 16);
        while (goro_atomic_load(&woken) < 5)
            yield();
    }
    waitgroup_add(&wg, 3);
    waitgroup_add(&wg, -2);
    CHECK_EQ(goro_waitgroup_wait_until(&wg, goro_now() + 1000), -ETIMEDOUT);
    waitgroup_done(&wg);
    CHECK_EQ(goro_waitgroup_wait_until(&wg, 0), 0);
    waitgroup_wait(&woken_up);
}

static void add_one(waitgroup *wg, int *n)
{
    goro_atomic_add(n, 1);
    waitgroup_done(wg);
}

/* The last done runs at the same time as the wait, many times over. */
GORO_TEST(waitgroup_race_of_done_and_wait)
{
    for (int i = 0; i < 5000; i++) {
        waitgroup wg = {0};
        int n = 0;
        waitgroup_add(&wg, 1);
        go(add_one, &wg, &n);
        waitgroup_add(&wg, 1);
        go(add_one, &wg, &n);
        waitgroup_wait(&wg);
        CHECK_EQ(n, 2);
    }
}

/* ---- once ---- */

static int ran;

static void run_slowly(void *arg)
{
    (void)arg;
    for (int i = 0; i < 20; i++)
        yield();
    goro_atomic_add(&ran, 1);
}

static void call_once(goro_once *once, waitgroup *done)
{
    once_do(once, run_slowly, NULL);
    CHECK_EQ(goro_atomic_load(&ran), 1);
    waitgroup_done(done);
}

GORO_TEST(once_runs_once_and_all_wait_for_it)
{
    goro_once once = {0};
    waitgroup done = {0};
    ran = 0;
    waitgroup_add(&done, 10);
    for (int i = 0; i < 10; i++)
        go(call_once, &once, &done);
    waitgroup_wait(&done);
    CHECK_EQ(ran, 1);
}

static void end_goroutine(void *arg)
{
    goro_atomic_add((int *)arg, 1);
    goro_exit();
}

static void call_and_end(goro_once *once, int *calls)
{
    once_do(once, end_goroutine, calls);
    goro_panic("once returned after goro_exit");
}

/* The nearest thing to Go's panic inside of Do: it counts as done, and lets the others go. */
GORO_TEST(once_whose_function_ends_the_goroutine)
{
    goro_once once = {0};
    int calls = 0;
    go(call_and_end, &once, &calls);
    while (goro_atomic_load(&calls) == 0)
        yield();
    once_do(&once, end_goroutine, &calls);
    CHECK_EQ(calls, 1);
}

/* ---- condition ---- */

static goro_mutex lock;
static goro_cond changed;

static void wait_once(bool *running, int *awake)
{
    goro_mutex_lock(&lock);
    goro_atomic_store(running, true);
    goro_cond_wait(&changed, &lock);
    goro_atomic_add(awake, 1);
    goro_mutex_unlock(&lock);
}

GORO_TEST(signal_wakes_one_at_a_time)
{
    enum { N = 5 };
    static bool running[N];
    static int awake;
    awake = 0;
    memset(running, 0, sizeof running);
    for (int i = 0; i < N; i++)
        go(wait_once, &running[i], &awake);
    for (int i = 0; i < N; i++)
        while (!goro_atomic_load(&running[i]))
            yield();
    for (int n = 1; n <= N; n++) {
        goro_mutex_lock(&lock); /* all that run wait: they set `running` under the lock */
        CHECK_EQ(awake, n - 1);
        goro_cond_signal(&changed);
        goro_mutex_unlock(&lock);
        while (goro_atomic_load(&awake) < n)
            yield();
        for (int i = 0; i < 10; i++)
            yield();
        CHECK_EQ(goro_atomic_load(&awake), n);
    }
    goro_cond_signal(&changed); /* nobody there: nothing is kept */
}

static void wait_in_line(int n, int *next, bool *waits)
{
    goro_mutex_lock(&lock);
    goro_atomic_store(waits, true);
    goro_cond_wait(&changed, &lock);
    CHECK_EQ(*next, n);
    goro_atomic_add(next, 1);
    goro_mutex_unlock(&lock);
}

/* First come, first woken. */
GORO_TEST(signals_go_in_order_of_waiting)
{
    enum { N = 50 };
    static bool waits[N];
    static int next;
    next = 0;
    memset(waits, 0, sizeof waits);
    for (int i = 0; i < N; i++) {
        go(wait_in_line, i, &next, &waits[i]);
        while (!goro_atomic_load(&waits[i]))
            yield();
        goro_mutex_lock(&lock);
        goro_mutex_unlock(&lock);
    }
    for (int i = 0; i < N; i++) {
        goro_cond_signal(&changed);
        while (goro_atomic_load(&next) == i)
            yield();
    }
    CHECK_EQ(next, N);
}

static void wait_until_exit(bool *exit, int *running, int *awake)
{
    goro_mutex_lock(&lock);
    while (!*exit) {
        ++*running;
        goro_cond_wait(&changed, &lock);
        ++*awake;
    }
    goro_atomic_add(running, -10000);
    goro_mutex_unlock(&lock);
}

GORO_TEST(broadcast_wakes_all)
{
    enum { N = 50, ROUNDS = 5 };
    static bool exit;
    static int running, awake;
    exit = false;
    running = awake = 0;
    for (int i = 0; i < N; i++)
        go(wait_until_exit, &exit, &running, &awake);
    for (int round = 0; round < ROUNDS; round++) {
        goro_mutex_lock(&lock);
        while (running < N) { /* until all wait (again) */
            goro_mutex_unlock(&lock);
            yield();
            goro_mutex_lock(&lock);
        }
        CHECK_EQ(awake, round * N);
        running = 0;
        exit = round == ROUNDS - 1;
        goro_cond_broadcast(&changed);
        goro_mutex_unlock(&lock);
    }
    while (goro_atomic_load(&running) != -10000 * N)
        yield();
    CHECK_EQ(awake, ROUNDS * N);
}

static void expect_x(int *x, int want, int next, bool *done)
{
    goro_mutex_lock(&lock);
    while (*x != want)
        goro_cond_wait(&changed, &lock);
    *x = next;
    goro_cond_broadcast(&changed);
    *done = true;
    goro_mutex_unlock(&lock);
}

GORO_TEST(conditions_in_turn)
{
    static int x;
    bool done[3] = {false};
    x = 0;
    go(expect_x, &x, 1, 2, &done[0]);
    go(expect_x, &x, 2, 3, &done[1]);
    go(expect_x, &x, 3, 4, &done[2]);
    goro_mutex_lock(&lock);
    x = 1;
    goro_cond_broadcast(&changed);
    while (x != 4)
        goro_cond_wait(&changed, &lock);
    CHECK(done[0] && done[1] && done[2]);
    goro_mutex_unlock(&lock);
}

static void wait_and_tell(chan_of(bool) waiting, chan_of(bool) woken)
{
    goro_mutex_lock(&lock);
    chan_send(waiting, true);
    goro_cond_wait(&changed, &lock);
    chan_send(woken, true);
    goro_mutex_unlock(&lock);
}

static bool flag;

static void signal_when_set(chan_of(bool) ready)
{
    goro_mutex_lock(&lock);
    chan_send(ready, true);
    goro_mutex_unlock(&lock);
    for (;;) {
        goro_mutex_lock(&lock);
        bool set = flag;
        goro_mutex_unlock(&lock);
        if (set)
            break;
        yield();
    }
    goro_cond_broadcast(&changed);
}

/* A signal must go to one that waited before it, not to one that came later (TestCondSignalStealing). */
GORO_TEST(later_waiters_do_not_steal_a_signal)
{
    for (int i = 0; i < 500; i++) {
        chan_of(bool) waiting = chan_make(bool, 0), woken = chan_make(bool, 1), ready = chan_make(bool, 1);
        flag = false;
        go(wait_and_tell, waiting, woken);
        chan_take(waiting);
        goro_mutex_lock(&lock);
        goro_mutex_unlock(&lock);
        go(signal_when_set, ready); /* not part of the race: it ends the wait below */
        chan_take(ready);
        goro_cond_signal(&changed);
        goro_mutex_lock(&lock);
        flag = true;
        goro_cond_wait(&changed, &lock);
        goro_mutex_unlock(&lock);
        CHECK(chan_take(woken));
        while (goro_num_goroutines() > 1)
            yield();
        chan_free(waiting);
        chan_free(woken);
        chan_free(ready);
    }
}

GORO_TEST(cond_until)
{
    goro_mutex m = {0};
    goro_cond c = {0};
    goro_mutex_lock(&m);
    int64_t deadline = goro_now() + 2 * GORO_MILLISECOND;
    CHECK_EQ(goro_cond_wait_until(&c, &m, deadline), -ETIMEDOUT);
    CHECK(goro_now() >= deadline);
    CHECK(!goro_mutex_trylock(&m)); /* locked again */
    goro_mutex_unlock(&m);
    goro_cond_signal(&c);
}

/* ---- semaphore ---- */

static struct rt_g *waiter;
static int got_order[4], got;

static void acquire(goro_sem *s, int64_t n, int who)
{
    HERE(waiter);
    goro_sem_acquire(s, n);
    got_order[goro_atomic_add(&got, 1) - 1] = who;
}

GORO_TEST(semaphore_is_fair_to_big_requests)
{
    goro_sem s = GORO_SEM_INIT(3);
    got = 0;
    CHECK(goro_sem_tryacquire(&s, 2));
    CHECK(!goro_sem_tryacquire(&s, 2));
    waiter = NULL;
    go(acquire, &s, (int64_t)3, 1);
    until_parked(&waiter, RT_REASON_SEMAPHORE);
    CHECK(!goro_sem_tryacquire(&s, 1)); /* one is free, but a bigger request waits */
    waiter = NULL;
    go(acquire, &s, (int64_t)1, 2);
    until_parked(&waiter, RT_REASON_SEMAPHORE);
    CHECK_EQ(goro_sem_acquire_until(&s, 1, goro_now() + 1000), -ETIMEDOUT);
    CHECK_EQ(got, 0);
    goro_sem_release(&s, 2);
    while (goro_atomic_load(&got) < 1)
        yield();
    CHECK_EQ(got_order[0], 1);
    goro_sem_release(&s, 3);
    while (goro_atomic_load(&got) < 2)
        yield();
    CHECK_EQ(got_order[1], 2);
    CHECK(goro_sem_tryacquire(&s, 2));
    CHECK(!goro_sem_tryacquire(&s, 1));
}

static void release_late(goro_sem *s, int64_t n)
{
    for (int i = 0; i < 20; i++)
        yield();
    goro_sem_release(s, n);
}

/* One who gives up may leave the way free for those behind it. */
GORO_TEST(semaphore_timeout_lets_the_next_one_in)
{
    for (int i = 0; i < 20; i++) {
        goro_sem s = GORO_SEM_INIT(1);
        waiter = NULL;
        got = 0;
        go(release_late, &s, (int64_t)2);
        int result = goro_sem_acquire_until(&s, 2, goro_now() + i * 1000);
        CHECK(result == 0 || result == -ETIMEDOUT);
        go(acquire, &s, (int64_t)1, 1);
        while (goro_atomic_load(&got) < 1)
            yield();
        if (result)
            goro_sem_acquire(&s, 2);
        while (goro_num_goroutines() > 1)
            yield();
    }
}

/* ---- atomics ---- */

static uint32_t hammered32;
static uint64_t hammered64;

static void hammer(int n, waitgroup *done)
{
    for (int i = 0; i < n; i++) {
        goro_atomic_add(&hammered32, 1);
        for (uint64_t v = goro_atomic_load(&hammered64); !goro_atomic_cas(&hammered64, v, v + ((uint64_t)1 << 33));)
            v = goro_atomic_load(&hammered64);
    }
    waitgroup_done(done);
}

static uint32_t ack[2], store[2];

/* Store buffering: with sequential consistency at least one sees the other's store. */
static void store_then_load(int me, int n, int *saw, waitgroup *done)
{
    for (uint32_t i = 1; i <= (uint32_t)n; i++) {
        goro_atomic_store(&store[me], i);
        saw[i - 1] = goro_atomic_load(&store[1 - me]) >= i;
        goro_atomic_store(&ack[me], i);
        while (goro_atomic_load(&ack[1 - me]) < i)
            yield();
    }
    waitgroup_done(done);
}

GORO_TEST(atomics)
{
    enum { N = 2000 };
    static int saw[2][N];
    waitgroup done = {0};
    int8_t small = 1;
    const char *pointer = "a", *old = pointer;
    CHECK_EQ(goro_atomic_add(&small, -2), -1);
    CHECK_EQ(goro_atomic_swap(&small, 7), -1);
    CHECK(!goro_atomic_cas(&small, 6, 8));
    CHECK(goro_atomic_cas(&small, 7, 8));
    CHECK_EQ(goro_atomic_load(&small), 8);
    CHECK(goro_atomic_cas(&pointer, old, NULL));
    CHECK(goro_atomic_load(&pointer) == NULL);
    hammered32 = 0;
    hammered64 = 0;
    waitgroup_add(&done, 4);
    for (int i = 0; i < 4; i++)
        go(hammer, 5000, &done);
    waitgroup_wait(&done);
    CHECK_EQ(hammered32, 20000);
    CHECK(hammered64 == (uint64_t)20000 << 33);
    memset(ack, 0, sizeof ack);
    memset(store, 0, sizeof store);
    waitgroup_add(&done, 2);
    go(store_then_load, 0, N, saw[0], &done);
    go(store_then_load, 1, N, saw[1], &done);
    waitgroup_wait(&done);
    for (int i = 0; i < N; i++)
        CHECK(saw[0][i] || saw[1][i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mutex_excludes),
        cmocka_unit_test(another_goroutine_may_unlock),
        cmocka_unit_test(mutex_does_not_starve),
        cmocka_unit_test(mutex_until),
        cmocka_unit_test(readers_are_together),
        cmocka_unit_test(writers_are_alone),
        cmocka_unit_test(waiting_writer_goes_before_later_readers),
        cmocka_unit_test(waitgroup_waits_for_all_and_can_be_used_again),
        cmocka_unit_test(waitgroup_race_of_done_and_wait),
        cmocka_unit_test(once_runs_once_and_all_wait_for_it),
        cmocka_unit_test(once_whose_function_ends_the_goroutine),
        cmocka_unit_test(signal_wakes_one_at_a_time),
        cmocka_unit_test(signals_go_in_order_of_waiting),
        cmocka_unit_test(broadcast_wakes_all),
        cmocka_unit_test(conditions_in_turn),
        cmocka_unit_test(later_waiters_do_not_steal_a_signal),
        cmocka_unit_test(cond_until),
        cmocka_unit_test(semaphore_is_fair_to_big_requests),
        cmocka_unit_test(semaphore_timeout_lets_the_next_one_in),
        cmocka_unit_test(atomics),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
