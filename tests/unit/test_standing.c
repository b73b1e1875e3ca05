/* Reads that are renewed where they stand: that the granule stays as it is, and that nothing is forgotten by it. */
#include "../../detector/access.h"
#include "../../detector/collect.h"
#include "../../detector/history.h"
#include "../../detector/owner.h"
#include "recorder.h"

enum { READERS = 6 };

static uintptr_t pcs; /* each test's own: a pair of code addresses is told once in a process */
static struct actor *readers[READERS];
static char *x;
static union granule *g;

static int begin(void **state)
{
    pcs += 0x1000;
    actors_come(readers, READERS);
    x = fresh_memory(4096);
    access_fast(main_actor, (uintptr_t)x, 8, ACCESS_READ, pcs);
    g = granule_at((uintptr_t)x);
    __atomic_store_n(shadow_page(g, (uintptr_t)x), PAGE_SHARED, __ATOMIC_RELEASE);
    return recorder_clear(state);
}

static int end(void **state)
{
    (void)state;
    actors_go(readers, READERS);
    return 0;
}

static void read_by(int reader, unsigned pc)
{
    access_fast(readers[reader], (uintptr_t)x, 8, ACCESS_READ, pcs + pc);
}

/* The first n readers, each in an epoch of its own, from the place 1 + its number. */
static void read_by_all(int n)
{
    for (int i = 0; i < n; i++) {
        sync_release(readers[i], (uintptr_t)&readers[i]);
        read_by(i, 1 + (unsigned)i);
    }
}

static bool stands(void)
{
    const uint32_t block = history_block(g);
    return block && history_stands(block);
}

static void test_granule_stays(void **state)
{
    (void)state;
    for (int n = 2; n <= READERS; n += READERS - 2) {
        read_by_all(n);
        read_by_all(n);
        const union granule before = *g;
        assert_true(stands());
        for (int i = 0; i < 100; i++)
            read_by_all(n);
        assert_true(granule_same(&before, g));
    }
}

/* A writer knows all reads but the last one of each. */
static void test_last_reads_are_found(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++)
        read_by_all(READERS);
    for (int i = 0; i < READERS; i++) {
        sync_release(readers[i], (uintptr_t)&readers[i]);
        sync_acquire(main_actor, (uintptr_t)&readers[i]);
        read_by(i, 0x100 + (unsigned)i);
    }
    assert_true(stands());
    access_fast(main_actor, (uintptr_t)x, 8, ACCESS_WRITE, pcs + 0x200);
    assert_int_equal(nrecorded, READERS);
    for (int i = 0; i < READERS; i++)
        assert_in_range(top_of(recorded[i].access[1].stack), pcs + 0x100, pcs + 0x100 + READERS - 1);
}

/* A writer that knows all of them ends them without a race; the next reads meet the write. */
static void test_known_reads_are_not(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++)
        read_by_all(READERS);
    for (int i = 0; i < READERS; i++) {
        sync_release(readers[i], (uintptr_t)&readers[i]);
        sync_acquire(main_actor, (uintptr_t)&readers[i]);
    }
    assert_true(stands());
    access_fast(main_actor, (uintptr_t)x, 8, ACCESS_WRITE, pcs + 0x200);
    assert_int_equal(nrecorded, 0);
    assert_false(stands());
    read_by(0, 1);
    assert_int_equal(nrecorded, 1);
    assert_int_equal(top_of(recorded[0].access[0].stack), pcs + 1);
}

/* Other bytes, another kind, other memory at the address: no renewal of what stands. */
static void test_others_are_not_renewed(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++)
        read_by_all(2);
    assert_true(stands());
    sync_release(readers[0], (uintptr_t)&readers[0]);
    sync_acquire(main_actor, (uintptr_t)&readers[0]);
    access_fast(readers[0], (uintptr_t)x, 4, ACCESS_READ, pcs + 0x100);
    sync_release(readers[1], (uintptr_t)&readers[1]);
    sync_acquire(main_actor, (uintptr_t)&readers[1]);
    access_fast(main_actor, (uintptr_t)x + 4, 4, ACCESS_WRITE, pcs + 0x200);
    assert_int_equal(nrecorded, 0);
    access_fast(main_actor, (uintptr_t)x, 4, ACCESS_WRITE, pcs + 0x201);
    assert_int_equal(nrecorded, 1);

    mem_fresh(main_actor, (uintptr_t)x, 8);
    sync_release(main_actor, (uintptr_t)&main_actor);
    for (int i = 0; i < 2; i++)
        sync_acquire(readers[i], (uintptr_t)&main_actor);
    for (int i = 0; i < 4; i++)
        read_by_all(2);
    assert_true(stands());
    mem_fresh(main_actor, (uintptr_t)x, 8);
    sync_release(readers[0], (uintptr_t)&readers[0]);
    read_by(0, 0x101);
    access_fast(main_actor, (uintptr_t)x, 8, ACCESS_WRITE, pcs + 0x202);
    assert_int_equal(nrecorded, 2);
    assert_int_equal(top_of(recorded[1].access[1].stack), pcs + 0x101);
}

static void test_collected(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++)
        read_by_all(READERS);
    assert_true(stands());
    __atomic_store_n(&collection_wanted, 1, __ATOMIC_RELAXED);
    collect(main_actor);
    assert_false(stands());
    access_fast(main_actor, (uintptr_t)x, 8, ACCESS_WRITE, pcs + 0x200);
    assert_int_equal(nrecorded, READERS);
}

/* Where each read is followed by a write, it is soon left alone. */
static void test_no_gain(void **state)
{
    (void)state;
    int stood = 0;
    for (int i = 0; i < 400; i++) {
        for (int r = 0; r < 2; r++) {
            sync_acquire(readers[r], (uintptr_t)&main_actor);
            read_by(r, 1);
            sync_release(readers[r], (uintptr_t)&readers[r]);
            sync_acquire(main_actor, (uintptr_t)&readers[r]);
        }
        stood += stands();
        access_fast(main_actor, (uintptr_t)x, 8, ACCESS_WRITE, pcs + 0x200);
        sync_release(main_actor, (uintptr_t)&main_actor);
    }
    assert_int_equal(nrecorded, 0);
    assert_in_range(stood, 0, 100);
}

/* Who finds what it reads standing goes on looking for it; who hardly does rests. */
static void test_rest(void **state)
{
    (void)state;
    for (int i = 0; i < 700; i++)
        read_by_all(2);
    assert_true(stands());
    assert_int_equal(readers[0]->stocks->standings.rest, 0);
    for (int round = 0; round < 3; round++) {
        for (unsigned at = GRANULE; at < 4096; at += GRANULE) {
            access_fast(main_actor, (uintptr_t)x + at, 8, ACCESS_READ, pcs + 2);
            access_fast(readers[0], (uintptr_t)x + at, 8, ACCESS_READ, pcs + 1);
        }
        for (unsigned at = GRANULE; at < 4096; at += GRANULE) {
            sync_release(readers[0], (uintptr_t)&readers[0]);
            sync_acquire(main_actor, (uintptr_t)&readers[0]);
            access_fast(main_actor, (uintptr_t)x + at, 8, ACCESS_WRITE, pcs + 3);
        }
        sync_release(main_actor, (uintptr_t)&main_actor);
        sync_acquire(readers[0], (uintptr_t)&main_actor);
    }
    assert_int_not_equal(readers[0]->stocks->standings.rest, 0);
    assert_int_equal(nrecorded, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_granule_stays),
        TEST(test_last_reads_are_found),
        TEST(test_known_reads_are_not),
        TEST(test_others_are_not_renewed),
        TEST(test_collected),
        TEST(test_no_gain),
        TEST(test_rest),
    };
    return cmocka_run_group_tests(tests, recorder_start, NULL);
}
