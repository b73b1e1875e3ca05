/* Semaphores: never more than there are, nothing lost to deadlines, order, memory that goes with the last use. */
#include <string.h>

#include "run.h"

#include "parked.h"

struct shared {
    goro_sem sem;
    int64_t in_use;
    int got, late;
    goro_waitgroup done;
};

enum { PLACES = 5 };

static void use(struct shared *s, int i, int n, int64_t patience)
{
    for (int k = 0; k < n; k++) {
        int64_t want = (i + k) % PLACES + 1;
        int result = 0;
        if (patience)
            result = goro_sem_acquire_until(&s->sem, want, goro_now() + (i + k) % 4 * patience);
        else if (k % 4 || !goro_sem_tryacquire(&s->sem, want))
            goro_sem_acquire(&s->sem, want);
        __atomic_add_fetch(result ? &s->late : &s->got, 1, __ATOMIC_RELAXED);
        if (result) {
            CHECK_EQ(result, -ETIMEDOUT);
            continue;
        }
        int64_t now = __atomic_add_fetch(&s->in_use, want, __ATOMIC_SEQ_CST);
        CHECK(now <= PLACES);
        if (k % 3 == 0)
            goro_yield();
        __atomic_sub_fetch(&s->in_use, want, __ATOMIC_SEQ_CST);
        goro_sem_release(&s->sem, want);
    }
    goro_waitgroup_done(&s->done);
}

static void use_by_many(int n, int64_t patience)
{
    enum { WORKERS = 8 };
    struct shared s = {.sem = GORO_SEM_INIT(PLACES)};
    goro_waitgroup_add(&s.done, WORKERS);
    for (int i = 0; i < WORKERS; i++)
        goro_go(use, &s, i, n, patience);
    goro_waitgroup_wait(&s.done);
    CHECK_EQ(s.got + s.late, n * WORKERS);
    CHECK_EQ(s.sem.count, PLACES);
    CHECK(!s.sem.waiters.first);
    if (!patience)
        CHECK_EQ(s.late, 0);
}

GORO_TEST(test_never_more_than_there_are)
{
    use_by_many(10000, 0);
}

GORO_TEST(test_deadlines_lose_nothing)
{
    use_by_many(1000, 1000);
}

static struct rt_g *place;

static void acquire_and_tell(goro_sem *s, int64_t n, goro_waitgroup *done)
{
    HERE(place);
    goro_sem_acquire(s, n);
    goro_waitgroup_done(done);
}

/* Behind a big request that gives up, a small one goes on at once. */
GORO_TEST(test_who_gives_up_lets_others_pass)
{
    goro_sem s = GORO_SEM_INIT(1);
    goro_waitgroup done = {0};
    int64_t deadline = goro_now() + GORO_MILLISECOND;
    place = NULL;
    goro_waitgroup_add(&done, 1);
    goro_go(acquire_and_tell, &s, (int64_t)1, &done); /* waits until we do */
    CHECK_EQ(goro_sem_acquire_until(&s, 2, deadline), -ETIMEDOUT);
    CHECK(goro_now() >= deadline);
    goro_waitgroup_wait(&done);
    CHECK(!goro_sem_tryacquire(&s, 1));
    CHECK(goro_sem_tryacquire(&s, 0));
}

static void release_one(goro_sem *s)
{
    goro_sem_release(s, 1);
}

static __attribute__((noinline)) void wait_on_stack(void)
{
    goro_sem s = {0};
    goro_go(release_one, &s);
    goro_sem_acquire(&s, 1);
    memset(&s, 0xaa, sizeof s);
    __asm__ volatile("" : : "r"(&s) : "memory");
}

static void repeat(int times, goro_waitgroup *done)
{
    for (int i = 0; i < times; i++)
        wait_on_stack();
    goro_waitgroup_done(done);
}

GORO_TEST(test_gone_after_acquire)
{
    goro_waitgroup done = {0};
    goro_waitgroup_add(&done, 4);
    for (int i = 0; i < 4; i++)
        goro_go(repeat, 20000, &done);
    goro_waitgroup_wait(&done);
}

static struct goro_context *context;

static void acquire_or_end(goro_sem *s, int64_t n, int *result, goro_waitgroup *done)
{
    HERE(place);
    *result = goro_sem_acquire_context(s, n, context);
    goro_waitgroup_done(done);
}

static void start_and_park(goro_sem *s, int64_t n, int *result, goro_waitgroup *done)
{
    place = NULL;
    goro_waitgroup_add(done, 1);
    goro_go(acquire_or_end, s, n, result, done);
    until_parked(&place, RT_REASON_SEMAPHORE);
}

GORO_TEST(test_end_of_a_context)
{
    goro_sem s = GORO_SEM_INIT(2);
    goro_waitgroup done = {0};
    int big = 1, other = 1, small = 1;
    context = goro_context_with_cancel(goro_context_background());
    CHECK_EQ(goro_sem_acquire_context(&s, 1, goro_context_background()), 0);
    CHECK_EQ(goro_sem_acquire_context(&s, 1, context), 0);
    start_and_park(&s, 2, &big, &done);
    start_and_park(&s, 3, &other, &done);
    goro_sem_release(&s, 1); /* not enough */
    struct goro_context *ends = context;
    context = goro_context_with_cancel(goro_context_background());
    start_and_park(&s, 1, &small, &done); /* behind the big ones */
    goro_context_cancel(ends, 0);
    goro_waitgroup_wait(&done);
    CHECK_EQ(big, -ECANCELED);
    CHECK_EQ(other, -ECANCELED);
    CHECK_EQ(small, 0);
    CHECK_EQ(s.count, 0);
    CHECK_EQ(goro_sem_acquire_context(&s, 0, ends), -ECANCELED);
    goro_context_release(ends);
    start_and_park(&s, 1, &small, &done); /* the semaphore wakes, not the context */
    goro_sem_release(&s, 1);
    goro_waitgroup_wait(&done);
    CHECK_EQ(small, 0);
    goro_context_cancel(context, 0);
    goro_context_release(context);
    CHECK(!s.waiters.first);
}

static void release_one_late(goro_sem *s, int yields, goro_waitgroup *done)
{
    while (yields-- > 0)
        goro_yield();
    goro_sem_release(s, 1);
    goro_waitgroup_done(done);
}

/* Release and end at about the same time: one of them wins, and nothing is lost. */
GORO_TEST(test_release_meets_end)
{
    for (int i = 0; i < 5000; i++) {
        goro_sem s = {0};
        goro_waitgroup done = {0};
        int result = 1;
        context = goro_context_with_cancel(goro_context_background());
        goro_waitgroup_add(&done, 2);
        goro_go(acquire_or_end, &s, (int64_t)1, &result, &done);
        goro_go(release_one_late, &s, i % 3, &done);
        for (int k = 0; k < i / 3 % 3; k++)
            goro_yield();
        goro_context_cancel(context, 0);
        goro_waitgroup_wait(&done);
        CHECK(result == 0 || result == -ECANCELED);
        CHECK_EQ(s.count, result ? 1 : 0);
        CHECK(!s.waiters.first);
        goro_context_release(context);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_never_more_than_there_are),
        cmocka_unit_test(test_deadlines_lose_nothing),
        cmocka_unit_test(test_who_gives_up_lets_others_pass),
        cmocka_unit_test(test_gone_after_acquire),
        cmocka_unit_test(test_end_of_a_context),
        cmocka_unit_test(test_release_meets_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
