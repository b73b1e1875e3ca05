/* The core under real threads: many actors at work at once, collections in between. What is ordered by a real mutex is
 * never reported, what is not always is, and nobody hangs. */
#include "../../detector/access.h"
#include "../../detector/atomic.h"
#include "../../detector/history.h"
#include "../../detector/owner.h"
#include "recorder.h"

#include <pthread.h>

#define THREADS 4
#define ROUNDS 20000
#define CELL_COUNT 64

/* Collections come when the test says so, besides when the core wants them. */
static void ask_for_collection(struct actor *a)
{
    __atomic_store_n(&collection_wanted, 1, __ATOMIC_RELAXED);
    pause_set(a, PAUSE_COLLECT);
}

static char *shared;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

struct worker {
    pthread_t thread;
    struct actor *actor;
    unsigned number;
    void (*work)(struct worker *);
};

static void *run(void *arg)
{
    struct worker *w = arg;
    w->work(w);
    actor_ends(w->actor);
    return NULL;
}

static void run_all(void (*work)(struct worker *))
{
    static struct worker workers[THREADS];
    for (unsigned i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.number = i, .work = work, .actor = actor_born(main_actor, 1)};
        assert_int_equal(pthread_create(&workers[i].thread, NULL, run, &workers[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
        actor_joins(main_actor, workers[i].actor);
    }
}

static void locked(struct worker *w)
{
    const uintptr_t lock = (uintptr_t)&mutex;
    for (unsigned i = 0; i < ROUNDS; i++) {
        if (i % 200 == 0)
            ask_for_collection(w->actor);
        pthread_mutex_lock(&mutex);
        sync_acquire(w->actor, lock);
        lock_got(w->actor, lock, true, 0x10);
        func_enter(w->actor, 0x1000 + i % 5, 0x9000);
        for (unsigned k = 0; k < 4; k++) {
            char *cell = shared + (i * 7 + k * 8) % CELL_COUNT;
            access_fast(w->actor, (uintptr_t)cell, 1 << i % 4, i % 3 ? ACCESS_READ : ACCESS_WRITE, 0x2000 + k);
        }
        func_exit(w->actor);
        lock_gone(w->actor, lock);
        sync_release(w->actor, lock);
        pthread_mutex_unlock(&mutex);
        /* And what nobody else touches: neighbouring bytes of one granule. */
        access_fast(w->actor, (uintptr_t)shared + 1024 + w->number, 1, ACCESS_WRITE, 0x3000);
    }
}

static void test_ordered(void **state)
{
    (void)state;
    shared = fresh_memory(4096);
    run_all(locked);
    assert_int_equal(nrecorded, 0);
    assert_in_range(counter_sum(COUNTER_collections), 10, UINT64_MAX);
}

/* A message passed by an atomic flag: the value and the clock that travels with it never part. */
static uint32_t flag;
/* Orders nobody. Alone in its line: it has to be looked at anew when something beside it was released. */
static struct {
    uint32_t n;
    char rest[60];
} looks __attribute__((aligned(64)));
static uint32_t light_looks;

static void count_look(struct worker *w)
{
    struct atomic_op op;
    const bool light = atomic_light_begin(w->actor, (uintptr_t)&looks.n, __ATOMIC_RELAXED);
    bool seen = !light && atomic_begin(&op, w->actor, (uintptr_t)&looks.n, ATOMIC_RMW, __ATOMIC_RELAXED);
    __atomic_fetch_add(&looks.n, 1, __ATOMIC_RELAXED);
    if (light)
        atomic_light_end(w->actor, (uintptr_t)&looks.n, 4, ATOMIC_RMW, 0x4003);
    if (seen)
        atomic_end(&op, 4, ATOMIC_RMW, __ATOMIC_RELAXED, 0x4003);
    __atomic_fetch_add(&light_looks, light, __ATOMIC_RELAXED);
}

static void passing(struct worker *w)
{
    for (uint32_t i = 0; i < ROUNDS / 10; i++) {
        struct atomic_op op;
        for (;;) {
            uint32_t turn = __atomic_load_n(&flag, __ATOMIC_ACQUIRE);
            if (!atomic_light_load(w->actor, (uintptr_t)&flag, 4, __ATOMIC_ACQUIRE, 0x4000)) {
                bool seen = atomic_begin(&op, w->actor, (uintptr_t)&flag, ATOMIC_LOAD, __ATOMIC_ACQUIRE);
                turn = __atomic_load_n(&flag, __ATOMIC_ACQUIRE);
                if (seen)
                    atomic_end(&op, 4, ATOMIC_LOAD, __ATOMIC_ACQUIRE, 0x4000);
            }
            count_look(w);
            if (turn % THREADS == w->number)
                break;
            sched_yield();
        }
        if (i % 100 == 0)
            ask_for_collection(w->actor);
        access_fast(w->actor, (uintptr_t)shared + 2048, 8, ACCESS_WRITE, 0x4001);
        bool seen = atomic_begin(&op, w->actor, (uintptr_t)&flag, ATOMIC_STORE, __ATOMIC_RELEASE);
        __atomic_store_n(&flag, flag + 1, __ATOMIC_RELEASE);
        if (seen)
            atomic_end(&op, 4, ATOMIC_STORE, __ATOMIC_RELEASE, 0x4002);
    }
}

static void test_message(void **state)
{
    (void)state;
    run_all(passing);
    assert_int_equal(nrecorded, 0);
    assert_int_equal(flag, ROUNDS / 10 * THREADS);
    assert_in_range(light_looks, looks.n / 2, looks.n);
}

static void unordered(struct worker *w)
{
    /* No edge between the threads whatever the order of the scheduler, so all of these race, with one another. */
    for (unsigned i = 0; i < CELL_COUNT; i++)
        access_fast(w->actor, (uintptr_t)shared + 3072 + i, 1, ACCESS_WRITE, 0x5000 + w->number * CELL_COUNT + i);
}

static void test_unordered(void **state)
{
    (void)state;
    run_all(unordered);
    static bool seen[THREADS][THREADS][CELL_COUNT];
    for (int r = 0; r < nrecorded; r++) {
        uintptr_t now = top_of(recorded[r].access[0].stack) - 0x5000,
                  earlier = top_of(recorded[r].access[1].stack) - 0x5000;
        assert_int_equal(now % CELL_COUNT, earlier % CELL_COUNT);
        seen[now / CELL_COUNT][earlier / CELL_COUNT][now % CELL_COUNT] =
            seen[earlier / CELL_COUNT][now / CELL_COUNT][now % CELL_COUNT] = true;
    }
    for (unsigned a = 0; a < THREADS; a++)
        for (unsigned b = 0; b < THREADS; b++)
            for (unsigned i = 0; i < CELL_COUNT; i++)
                assert_int_equal(seen[a][b][i], a != b);
}

/* Who takes a page waits for the step that its owner is in. The page's word tells that it is being taken. */
static void taking(struct worker *w)
{
    access_fast(w->actor, (uintptr_t)shared, 8, ACCESS_WRITE, 0x6001);
}

static void test_page_in_use(void **state)
{
    (void)state;
    shared = fresh_memory(4096);
    struct actor *company = actor_born(main_actor, 1);
    access_fast(main_actor, (uintptr_t)shared, 8, ACCESS_WRITE, 0x6000);
    union granule *g = granule_at((uintptr_t)shared);
    uint32_t *page = shadow_page(g, (uintptr_t)shared);
    assert_in_range(*page ^ page_of(main_actor), 0, PAGE_TAKES);
    const union granule before = granule_load(g);

    main_actor->stocks->stepping = (uintptr_t)shared >> PAGE_SHIFT;
    struct worker w = {.work = taking, .actor = actor_born(main_actor, 1)};
    assert_int_equal(pthread_create(&w.thread, NULL, run, &w), 0);
    while (__atomic_load_n(page, __ATOMIC_ACQUIRE) != PAGE_TAKEN)
        sched_yield();
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(__atomic_load_n(page, __ATOMIC_ACQUIRE), PAGE_TAKEN);
        sched_yield();
    }
    const union granule now = granule_load(g);
    assert_true(granule_same(&before, &now));
    const uint32_t taker = page_of(w.actor);
    page_leave(main_actor);
    pthread_join(w.thread, NULL);
    actor_joins(main_actor, w.actor);
    assert_in_range(*page ^ taker, 1, PAGE_TAKES);
    assert_int_equal(nrecorded, 0);
    actor_ends(company);
    actor_joins(main_actor, company);
}

/* Two actors come by turns until the page of `at` is shared. */
static const uint32_t *page_gets_shared(uintptr_t at, struct actor *other)
{
    const uint32_t *page = shadow_page(granule_at(at), at);
    for (unsigned i = 0; *page != PAGE_SHARED; i++) {
        assert_in_range(i, 0, 2 * PAGE_TAKES);
        access_fast(i % 2 ? other : main_actor, at + i * GRANULE, 8, ACCESS_READ, 0x6002);
    }
    return page;
}

/* The same; a collection follows. */
static const uint32_t *page_was_shared(uintptr_t at, struct actor *other)
{
    const uint32_t *page = page_gets_shared(at, other);
    ask_for_collection(main_actor);
    access_fast(main_actor, at + 1024, 8, ACCESS_READ, 0x6003); /* as it leaves */
    assert_int_equal(*page, PAGE_WAS_SHARED);
    return page;
}

/* A page that is shared is nobody's after a collection; the first that comes owns it, the second shares it. */
static void test_shared_again(void **state)
{
    (void)state;
    const uintptr_t at = (uintptr_t)fresh_memory(4096);
    struct actor *other = actor_born(main_actor, 1);
    const uint32_t *page = page_was_shared(at, other);
    access_fast(main_actor, at + 2048, 8, ACCESS_READ, 0x6003);
    assert_in_range(*page ^ page_of(main_actor), 0, PAGE_TAKES);
    access_fast(other, at + 2048, 8, ACCESS_READ, 0x6003);
    assert_int_equal(*page, PAGE_SHARED);
    assert_int_equal(nrecorded, 0);
    actor_ends(other);
    actor_joins(main_actor, other);
}

/* It is not shared by who comes when the owner had it for long. */
static void test_taken_late(void **state)
{
    (void)state;
    const uintptr_t at = (uintptr_t)fresh_memory(4096);
    struct actor *other = actor_born(main_actor, 1);
    const uint32_t *page = page_was_shared(at, other);
    access_fast(main_actor, at + 2048, 8, ACCESS_READ, 0x6003);
    main_actor->accesses += PAGE_LONG;
    access_fast(other, at + 2048, 8, ACCESS_READ, 0x6003);
    assert_int_equal(*page, page_of(other) | 1);
    for (unsigned i = 1; i < PAGE_TAKES; i++)
        access_fast(i % 2 ? main_actor : other, at + i * GRANULE, 8, ACCESS_READ, 0x6004);
    assert_in_range(*page ^ page_of(other), 0, PAGE_TAKES);
    access_fast(main_actor, at + 2048 + GRANULE, 8, ACCESS_READ, 0x6004);
    assert_int_equal(*page, PAGE_SHARED);
    assert_int_equal(nrecorded, 0);
    actor_ends(other);
    actor_joins(main_actor, other);
}

/* Who takes a page for the first time takes its neighbours, which then are not taken back but one by one. */
static void test_neighbours(void **state)
{
    (void)state;
    const uintptr_t page_bytes = (uintptr_t)1 << PAGE_SHIFT, at = (uintptr_t)fresh_memory(2 * page_bytes);
    struct actor *other = actor_born(main_actor, 1);
    const uint32_t *page = shadow_page(granule_at(at), at);
    access_fast(main_actor, at, 8, ACCESS_READ, 0x6005);
    access_fast(main_actor, at + page_bytes, 8, ACCESS_READ, 0x6005);
    assert_int_equal(page[0], page_of(main_actor));
    assert_int_equal(page[1], page_of(main_actor));
    access_fast(other, at, 8, ACCESS_READ, 0x6005);
    assert_int_equal(page[0], page_of(other) | 1);
    assert_int_equal(page[1], page_of(other) | 1);
    access_fast(main_actor, at + GRANULE, 8, ACCESS_READ, 0x6005);
    assert_int_equal(page[0], page_of(main_actor) | 2);
    assert_int_equal(page[1], page_of(other) | 1);
    actor_ends(other);
    actor_joins(main_actor, other);
}

/* A history that was long is in sight again as soon as it is short, where actors share the page; all that is left of it is met. */
static void test_short_again(void **state)
{
    (void)state;
    const uintptr_t at = (uintptr_t)fresh_memory(4096), word = at + 2048;
    struct actor *other = actor_born(main_actor, 1);
    page_gets_shared(at, other);
    for (unsigned left = 0; left < CELLS; left++) {
        const uintptr_t g = word + left * GRANULE;
        for (unsigned byte = 0; byte < 8; byte++)
            access_fast(main_actor, g + byte, 1, ACCESS_WRITE, 0x7000 + byte);
        assert_int_not_equal(history_block(granule_at(g)), 0);
        sync_release(main_actor, at);
        sync_acquire(other, at);
        for (unsigned byte = left; byte < 8; byte++) /* from one place: one cell */
            access_fast(other, g + byte, 1, ACCESS_WRITE, 0x7010);
        assert_int_equal(history_length(granule_at(g)), left + 1);
        assert_true((history_block(granule_at(g)) == 0) == (left + 1 < CELLS));
        struct actor *stranger = actor_born(main_actor, 1);
        nrecorded = 0;
        actor_forgets(stranger);
        access_fast(stranger, g, 8, ACCESS_READ, 0x7100 + left);
        assert_int_equal(nrecorded, left + 1);
        actor_ends(stranger);
        actor_joins(main_actor, stranger);
    }
    actor_ends(other);
    actor_joins(main_actor, other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_ordered, recorder_clear),
        cmocka_unit_test_setup(test_message, recorder_clear),
        cmocka_unit_test_setup(test_unordered, recorder_clear),
        cmocka_unit_test_setup(test_page_in_use, recorder_clear),
        cmocka_unit_test_setup(test_shared_again, recorder_clear),
        cmocka_unit_test_setup(test_taken_late, recorder_clear),
        cmocka_unit_test_setup(test_neighbours, recorder_clear),
        cmocka_unit_test_setup(test_short_again, recorder_clear),
    };
    return cmocka_run_group_tests(tests, recorder_start, NULL);
}
