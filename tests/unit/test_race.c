/* What the random scripts cannot see: which bytes exactly a finding names, and that histories stay short. */
#include "../../detector/access.h"
#include "../../detector/history.h"
#include "recorder.h"

static uintptr_t pcs; /* each test's own: a pair of code addresses is told once in a process */
static struct actor *other;

static int begin(void **state)
{
    pcs += 0x1000;
    other = actor_born(main_actor, 1);
    return recorder_clear(state);
}

static int end(void **state)
{
    (void)state;
    actor_ends(other);
    actor_joins(main_actor, other);
    return 0;
}

static void test_every_pair_of_ranges(void **state)
{
    (void)state;
    enum { SPAN = 20 };
    char *x = fresh_memory(4096);
    int n = 0;
    for (unsigned a = 0; a < SPAN; a++) {
        for (unsigned na = 1; a + na <= SPAN; na++) {
            for (unsigned b = 0; b < SPAN; b += 3) {
                for (unsigned nb = 1; b + nb <= SPAN; nb += 2) {
                    mem_fresh(main_actor, (uintptr_t)x, 64);
                    nrecorded = 0;
                    pcs += 2;
                    mem_write(other, x + a, na, pcs);
                    mem_read(main_actor, x + b, nb, pcs + 1);
                    unsigned lo = a > b ? a : b, hi = a + na < b + nb ? a + na : b + nb;
                    assert_int_equal(nrecorded > 0, lo < hi);
                    if (lo < hi)
                        assert_ptr_equal(recorded[0].access[0].addr, x + lo);
                    n++;
                }
            }
        }
    }
    assert_in_range(n, 1000, 100000);
}

/* Accesses by the hooks' own path that leave a granule, and the region that it is the last of. The shadow is all that is
 * touched: no memory has to be there. Told once, an access of the same epoch is not looked at again; the other side is. */
static void test_straddling(void **state)
{
    (void)state;
    const uintptr_t boundary = (uintptr_t)0x30 << REGION_SHIFT;
    for (int i = -1; i <= 1; i++) {
        const uintptr_t middle = boundary + (uintptr_t)(i * 64);
        for (unsigned before = 1; before < 8; before++) {
            nrecorded = 0;
            pcs += 4;
            mem_fresh(main_actor, middle - 8, 16);
            access_fast(other, middle - before, 8, ACCESS_WRITE, pcs);
            access_fast(other, middle - before, 8, ACCESS_WRITE, pcs + 1);
            access_fast(other, middle - before, 8, ACCESS_READ, pcs + 1);
            access_fast(main_actor, middle - before, 1, ACCESS_READ, pcs + 2);
            assert_int_equal(nrecorded, 1);
            access_fast(main_actor, middle - before + 7, 1, ACCESS_READ, pcs + 3);
            assert_int_equal(nrecorded, 2);
        }
    }
}

/* Bytes are written and read, each from a place of its own: so many accesses are remembered in a block. What covers one of now is to be
 * in sight the second time, whatever has to move for it, and every one meets the other actor's write all the same. */
static void check_crowded(unsigned writes, unsigned reads)
{
    char *x = fresh_memory(4096); /* a page that is the actor's own */
    pcs += 0x100;
    for (unsigned i = 0; i < writes; i++)
        access_fast(other, (uintptr_t)x + i, 1, ACCESS_WRITE, pcs + i);
    sync_release(other, (uintptr_t)&other); /* another epoch */
    for (unsigned i = 0; i < reads; i++)
        access_fast(other, (uintptr_t)x + i, 1, ACCESS_READ, pcs + GRANULE + i);
    for (unsigned i = 0; i < reads; i++)
        access_fast(other, (uintptr_t)x + i, 1, ACCESS_READ, pcs + 2 * GRANULE);
    for (unsigned i = 0; i < GRANULE; i++) {
        assert_int_equal(access_covered(other, (uintptr_t)x + i, 0, ACCESS_READ), i < reads);
        assert_false(access_covered(other, (uintptr_t)x + i, 0, ACCESS_WRITE));
    }
    for (unsigned i = 0; i < GRANULE; i++) {
        nrecorded = 0;
        access_fast(main_actor, (uintptr_t)x + i, 1, ACCESS_WRITE, pcs + 3 * GRANULE + i);
        assert_int_equal(nrecorded, (i < writes) + (i < reads));
        for (int k = 0; k < nrecorded; k++) {
            const uintptr_t place = top_of(recorded[k].access[1].stack) - pcs;
            if (recorded[k].access[1].kind == ACCESS_WRITE)
                assert_int_equal(place, i);
            else /* the second time, if the numbers of its epoch are not those of the first time */
                assert_true(place == GRANULE + i || place == 2 * GRANULE);
        }
        assert_true(nrecorded < 2 || recorded[0].access[1].kind != recorded[1].access[1].kind);
    }
}

static void test_crowded_granule(void **state)
{
    (void)state;
    for (unsigned writes = 0; writes <= GRANULE; writes++)
        for (unsigned reads = 1; reads <= GRANULE; reads++)
            check_crowded(writes, reads);
}

/* A program with thousands of racy pairs: describing one again is dear, and not to happen often. */
static void test_told_once(void **state)
{
    (void)state;
    enum { PAIRS = 8000 };
    char *x = fresh_memory(64);
    for (int round = 0; round < 2; round++) {
        nrecorded = 0;
        for (int i = 0; i < PAIRS; i++) {
            mem_fresh(main_actor, (uintptr_t)x, 64);
            mem_write(other, x, 8, pcs + 2 * (unsigned)i);
            mem_write(main_actor, x, 8, pcs + 2 * (unsigned)i + 1);
        }
        assert_in_range(nrecorded, round ? 0 : PAIRS, round ? PAIRS / 4 : PAIRS);
    }
    pcs += 2 * PAIRS;
}

static uint32_t remembered(const void *x)
{
    return history_length(granule_at((uintptr_t)x));
}

/* Ordered accesses replace each other, however many there are and whoever makes them. */
static void test_dominated(void **state)
{
    (void)state;
    char *x = fresh_memory(4096);
    struct actor *turn[2] = {main_actor, other};
    for (unsigned i = 0; i < 1000; i++) {
        struct actor *a = turn[i % 2];
        sync_acquire(a, (uintptr_t)x + 64);
        mem_read(a, x, 8, pcs + i % 50);
        mem_write(a, x, 8, pcs + i % 50);
        sync_release(a, (uintptr_t)x + 64);
        /* The write, and the read of the same epoch before it. */
        assert_in_range(remembered(x), 1, 2);
    }
    assert_int_equal(nrecorded, 0);
}

static void test_fresh_is_empty(void **state)
{
    (void)state;
    char *x = fresh_memory(1 << 20);
    for (unsigned i = 0; i < 1 << 20; i += 8)
        mem_write(other, x + i, 8, pcs);
    mem_fresh(main_actor, (uintptr_t)x, 1 << 20);
    for (unsigned i = 0; i < 1 << 20; i += 8)
        assert_int_equal(remembered(x + i), 0);
    mem_write(main_actor, x, 1 << 20, pcs + 1);
    assert_int_equal(nrecorded, 0);
}

static void test_kinds_and_locks(void **state)
{
    (void)state;
    char *x = fresh_memory(4096);
    lock_got(other, (uintptr_t)x + 128, true, pcs + 1);
    lock_got(other, (uintptr_t)x + 256, false, pcs + 2);
    lock_got(other, (uintptr_t)x + 128, true, pcs + 3); /* once more, recursively */
    mem_access(other, (uintptr_t)x, 4, ACCESS_ATOMIC_WRITE, pcs + 4);
    lock_gone(other, (uintptr_t)x + 128);
    lock_gone(other, (uintptr_t)x + 256);
    lock_gone(other, (uintptr_t)x + 128);
    lock_got(main_actor, (uintptr_t)x + 256, true, pcs + 5);
    mem_read(main_actor, x, 4, pcs + 6);
    lock_gone(main_actor, (uintptr_t)x + 256);
    assert_int_equal(nrecorded, 1);
    const struct finding_access *now = &recorded[0].access[0], *earlier = &recorded[0].access[1];
    assert_int_equal(recorded[0].kind, FINDING_RACE);
    assert_int_equal(now->kind, ACCESS_READ);
    assert_int_equal(now->nlocks, 1);
    assert_ptr_equal(now->locks[0].addr, x + 256);
    assert_int_equal(top_of(now->locks[0].stack), pcs + 5);
    assert_int_equal(earlier->kind, ACCESS_ATOMIC_WRITE);
    assert_int_equal(earlier->size, 4);
    assert_int_equal(earlier->nlocks, 2);
    assert_ptr_equal(earlier->locks[0].addr, x + 128);
    assert_true(earlier->locks[0].exclusive);
    assert_int_equal(top_of(earlier->locks[0].stack), pcs + 1);
    assert_ptr_equal(earlier->locks[1].addr, x + 256);
    assert_false(earlier->locks[1].exclusive);
    assert_false(earlier->locks_lost);
    /* Without locks there are none. */
    mem_write(other, x + 8, 1, pcs + 7);
    mem_read(main_actor, x + 8, 1, pcs + 8);
    assert_int_equal(nrecorded, 2);
    assert_int_equal(recorded[1].access[0].nlocks, 0);
    assert_int_equal(recorded[1].access[1].nlocks, 0);
}

/* More locks than a report shows are still counted. */
static void test_many_locks(void **state)
{
    (void)state;
    enum { LOCKS = 200 };
    char *x = fresh_memory(65536);
    for (unsigned i = 0; i < LOCKS; i++)
        lock_got(other, (uintptr_t)x + 64 * (i + 1), true, pcs + 1);
    mem_write(other, x, 1, pcs + 2);
    for (unsigned i = 0; i < LOCKS; i++)
        lock_gone(other, (uintptr_t)x + 64 * (i + 1));
    mem_write(main_actor, x, 1, pcs + 3);
    assert_int_equal(nrecorded, 1);
    assert_int_equal(recorded[0].access[1].nlocks, LOCKS);
    assert_ptr_equal(recorded[0].access[1].locks[FINDING_LOCKS - 1].addr, x + 64 * FINDING_LOCKS);
}

static void test_objects(void **state)
{
    (void)state;
    char *x = fresh_memory(65536);
    heap_alloc(other, (uintptr_t)x + 1024, 100, pcs + 1);
    mem_write(other, x + 1024 + 40, 8, pcs + 2);
    mem_read(main_actor, x + 1024 + 44, 2, pcs + 3);
    assert_int_equal(nrecorded, 1);
    const struct finding_object *o = &recorded[0].object;
    assert_int_equal(o->kind, OBJECT_HEAP);
    assert_ptr_equal(o->base, x + 1024);
    assert_int_equal(o->size, 100);
    assert_int_equal(top_of(o->stack), pcs + 1);
    assert_int_equal(o->actor.number, recorded[0].access[1].actor.number);

    /* A free is a write of the whole block. */
    mem_read(main_actor, x + 1024 + 99, 1, pcs + 4);
    nrecorded = 0;
    heap_free(other, (uintptr_t)x + 1024, pcs + 5);
    assert_true(nrecorded >= 1);
    assert_int_equal(recorded[0].access[0].kind, ACCESS_FREE);
    nrecorded = 0;
    mem_read(main_actor, x + 1024 + 8, 1, pcs + 6);
    assert_int_equal(nrecorded, 1);
    assert_int_equal(recorded[0].access[1].kind, ACCESS_FREE);
    assert_int_equal(top_of(recorded[0].access[1].stack), pcs + 5);
    /* And the next block there knows nothing of it. */
    nrecorded = 0;
    heap_alloc(main_actor, (uintptr_t)x + 1024, 64, pcs + 7);
    mem_read(main_actor, x + 1024 + 8, 1, pcs + 8);
    assert_int_equal(nrecorded, 0);
    /* A free of what was never allocated is nothing. */
    heap_free(main_actor, (uintptr_t)x + 1032, pcs + 9);
    assert_int_equal(nrecorded, 0);

    actor_starts(other, 99, (uintptr_t)x + 8192, 4096);
    mem_write(other, x + 8192 + 4095, 1, pcs + 10);
    mem_write(main_actor, x + 8192 + 4095, 1, pcs + 11);
    assert_int_equal(nrecorded, 1);
    assert_int_equal(recorded[0].object.kind, OBJECT_STACK);
    assert_ptr_equal(recorded[0].object.base, x + 8192);
    assert_int_equal(recorded[0].object.actor.tid, 99);
}

/* A link to a block looks like a cell but for its bytes: that of an access whose stamp has the very number is not to be taken for
 * the link's twin, or all that the block has is forgotten. */
static void test_twin_of_a_link(void **state)
{
    (void)state;
    char *x = fresh_memory(1 << 20), *elsewhere = fresh_memory(1 << 20);
    const struct stamp_reserve *numbers = &other->stocks->reserve;
    const uint32_t write = (CELL_PLAIN | CELL_WRITE) >> 8;
    unsigned tried = 0, burnt = 0;
    for (unsigned i = 0; i < (1u << 20) / GRANULE && !tried; i++) {
        char *at = x + i * GRANULE;
        for (unsigned byte = 0; byte < 5; byte++)
            access_fast(other, (uintptr_t)at + byte, 1, ACCESS_WRITE, pcs + byte);
        const uint32_t block = history_block(granule_at((uintptr_t)at)), number = block >> 2;
        assert_true(block);
        if (block % 4 != write || number < numbers->next)
            continue;
        for (; numbers->next < number; burnt++)
            access_fast(other, (uintptr_t)elsewhere + burnt * GRANULE, 1, ACCESS_WRITE, pcs + 0x100 + burnt);
        if (numbers->next != number)
            continue;
        access_fast(other, (uintptr_t)at + 5, 1, ACCESS_WRITE, pcs + 0x100 + burnt);
        assert_int_equal(numbers->next, number + 1);
        tried++;
        for (unsigned byte = 0; byte < 6; byte++)
            access_fast(main_actor, (uintptr_t)at + byte, 1, ACCESS_READ, pcs + 0x10 + byte);
        assert_int_equal(nrecorded, 6);
    }
    assert_int_equal(tried, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

/* Two accesses from one place, in one epoch, under other locks. */
static void test_locks_of_one_place(void **state)
{
    (void)state;
    static char outer, inner;
    char *x = fresh_memory(4096);
    lock_got(other, (uintptr_t)&outer, true, 0x10);
    access_fast(other, (uintptr_t)x, 8, ACCESS_WRITE, pcs);
    lock_got(other, (uintptr_t)&inner, true, 0x11);
    access_fast(other, (uintptr_t)x + 8, 8, ACCESS_WRITE, pcs);
    access_fast(main_actor, (uintptr_t)x, 8, ACCESS_READ, pcs + 1);
    access_fast(main_actor, (uintptr_t)x + 8, 8, ACCESS_READ, pcs + 2);
    assert_int_equal(nrecorded, 2);
    assert_int_equal(recorded[0].access[1].nlocks, 1);
    assert_int_equal(recorded[1].access[1].nlocks, 2);
    lock_gone(other, (uintptr_t)&inner);
    lock_gone(other, (uintptr_t)&outer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_twin_of_a_link), /* first: it needs low numbers */
        TEST(test_locks_of_one_place),
        TEST(test_every_pair_of_ranges),
        TEST(test_straddling),
        TEST(test_crowded_granule),
        TEST(test_told_once),
        TEST(test_dominated),
        TEST(test_fresh_is_empty),
        TEST(test_kinds_and_locks),
        TEST(test_many_locks),
        TEST(test_objects),
    };
    return cmocka_run_group_tests(tests, recorder_start, NULL);
}
