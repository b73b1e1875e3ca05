/* Thousands of actors on one word (crowd.h): nobody's access is forgotten, nor met twice, and what an actor does again is in the place of what
 * it did. */
#include "../../detector/access.h"
#include "../../detector/crowd.h"
#include "../../detector/race.h"
#include "../../detector/sync.h"
#include "recorder.h"

#define MANY 6000

static uintptr_t pcs; /* each test's own: a pair of code addresses is told once in a process */
static struct actor *actors[MANY];

static int begin(void **state)
{
    pcs += 0x100000;
    actors_come(actors, MANY);
    return recorder_clear(state);
}

static int end(void **state)
{
    (void)state;
    actors_go(actors, MANY);
    return 0;
}

static uint32_t remembered(const void *x)
{
    return history_length(granule_at((uintptr_t)x));
}

static bool is_crowd(const void *x)
{
    const uint32_t block = history_block(granule_at((uintptr_t)x));
    return block && spill_room(block) > SPILL_PLAIN && crowd_is(spill_at(block));
}

/* All actors, each from a place of its own, `times` times in as many epochs. */
static void all(char *x, enum access_kind kind, unsigned times)
{
    for (unsigned k = 0; k < times; k++) {
        for (unsigned i = 0; i < MANY; i++) {
            sync_release(actors[i], (uintptr_t)&actors[i]);
            mem_access(actors[i], (uintptr_t)x, 8, kind, pcs + i);
        }
    }
}

/* A write that knows of none meets every one. */
static void all_are_met(char *x, enum access_kind kind)
{
    static bool met[MANY];
    struct actor *stranger = actor_born(main_actor, 1);
    nrecorded = 0;
    mem_access(stranger, (uintptr_t)x, 8, kind, pcs + MANY);
    assert_int_equal(nrecorded, MANY);
    memset(met, 0, sizeof met);
    for (unsigned i = 0; i < RECORDED_MAX; i++) {
        const uintptr_t place = top_of(recorded[i].access[1].stack) - pcs;
        assert_in_range(place, 0, MANY - 1);
        assert_false(met[place]);
        met[place] = true;
    }
    actor_ends(stranger);
    actor_joins(main_actor, stranger);
}

static void test_readers(void **state)
{
    (void)state;
    char *x = fresh_memory(4096);
    mem_access(main_actor, (uintptr_t)x, 8, ACCESS_WRITE, pcs + 2 * MANY); /* which nobody knows of but main_actor */
    nrecorded = 0;
    all(x, ACCESS_READ, 3);
    assert_true(nrecorded >= MANY);
    assert_true(is_crowd(x));
    assert_int_equal(remembered(x), MANY + 1);
    all_are_met(x, ACCESS_WRITE);
}

static void test_readers_in_order(void **state)
{
    (void)state;
    char *x = fresh_memory(4096);
    all(x, ACCESS_READ, 2);
    assert_int_equal(remembered(x), MANY);
    for (unsigned i = 0; i < MANY; i++) {
        sync_release(actors[i], (uintptr_t)x + 64);
        sync_acquire(main_actor, (uintptr_t)x + 64);
    }
    mem_access(main_actor, (uintptr_t)x, 8, ACCESS_WRITE, pcs + MANY);
    assert_int_equal(nrecorded, 0);
    assert_int_equal(remembered(x), 1);
}

/* Relaxed counting: atomic writes race with no other, and with every plain access. */
static void test_counters(void **state)
{
    (void)state;
    char *x = fresh_memory(4096);
    all(x, ACCESS_ATOMIC_WRITE, 3);
    assert_int_equal(nrecorded, 0);
    assert_true(is_crowd(x));
    assert_int_equal(remembered(x), MANY);
    all_are_met(x, ACCESS_READ);
}

/* Those of other classes are in sight or in a row, as long as they are few; then it is no crowd, and forgets no more. */
static void test_others(void **state)
{
    (void)state;
    char *x = fresh_memory(4096);
    all(x, ACCESS_READ, 1);
    struct actor *others[32];
    actors_come(others, 32);
    for (unsigned i = 0; i < 32; i++) {
        mem_access(others[i], (uintptr_t)x, 8, ACCESS_ATOMIC_READ, pcs + 2 * MANY + i);
        assert_int_equal(remembered(x), MANY + i + 1);
        assert_true(is_crowd(x) || i > 8);
    }
    assert_false(is_crowd(x));
    assert_int_equal(nrecorded, 0);
    all_are_met(x, ACCESS_ATOMIC_WRITE);
    actors_go(others, 32);
}

/* The bytes of a word by themselves, and more than one of an actor's. */
static void test_bytes(void **state)
{
    (void)state;
    char *x = fresh_memory(4096);
    for (unsigned i = 0; i < 1000; i++)
        for (unsigned byte = 0; byte < 8; byte++)
            mem_access(actors[i], (uintptr_t)x + byte, 1, ACCESS_READ, pcs + byte);
    assert_true(is_crowd(x));
    assert_int_equal(remembered(x), 8000);
    for (unsigned i = 0; i < 500; i++) {
        sync_release(actors[i], (uintptr_t)&actors[i]);
        mem_access(actors[i], (uintptr_t)x, 4, ACCESS_READ, pcs + 8);
    }
    assert_int_equal(remembered(x), 8000 - 500 * 3);
    struct actor *stranger = actor_born(main_actor, 1);
    for (unsigned byte = 0; byte < 8; byte++) {
        nrecorded = 0;
        mem_access(stranger, (uintptr_t)x + byte, 1, ACCESS_WRITE, pcs + 16 + byte);
        assert_int_equal(nrecorded, byte < 4 ? 2 : 1); /* pairs of places */
    }
    actor_ends(stranger);
    actor_joins(main_actor, stranger);
}

/* A collection gives all numbers anew. */
static void test_collected(void **state)
{
    (void)state;
    char *x = fresh_memory(4096);
    all(x, ACCESS_READ, 2);
    collection_wanted = 1;
    mem_access(main_actor, (uintptr_t)x + 8, 8, ACCESS_READ, pcs);
    mem_access(main_actor, (uintptr_t)x + 8, 8, ACCESS_WRITE, pcs);
    assert_true(is_crowd(x));
    assert_int_equal(remembered(x), MANY);
    all(x, ACCESS_READ, 1);
    assert_int_equal(remembered(x), MANY);
    all_are_met(x, ACCESS_WRITE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_readers), TEST(test_readers_in_order), TEST(test_counters),
        TEST(test_others),  TEST(test_bytes),            TEST(test_collected),
    };
    return cmocka_run_group_tests(tests, recorder_start, NULL);
}
