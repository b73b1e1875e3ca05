/* Mutexes that are taken again and again, where nobody hears anything new by them, are only read (lock.h): what their holder does
 * not write there is known all the same to whoever has to know it. Locks are taken as the wrappers of mutexes take them. */
#include "recorder.h"

#include "../../detector/lock.h"

#define ACTORS 3
#define LOCKS 20 /* more than are told apart (order.c) */

static uintptr_t locks[LOCKS];
static struct actor *actors[ACTORS];
static uintptr_t pcs = 0x1000;
static bool taken; /* what the library says of all mutexes */

static bool says(uintptr_t addr, int tid)
{
    (void)addr;
    (void)tid;
    return taken;
}

static void take(int actor, int lock)
{
    lock_got_mutex(actors[actor], lock_place(locks[lock]), locks[lock], 0x2000);
}

static void give(int actor, int lock)
{
    assert_true(lock_gone(actors[actor], locks[lock]));
}

/* From where they are taken now they were not before. */
#define TAKE_AGAIN(actor, lock) \
    for (int again = 0; again < 2; again++) { \
        take(actor, lock); \
        if (!again) \
            give(actor, lock); \
    }

static void pair(int actor, int outer, int inner)
{
    take(actor, outer);
    take(actor, inner);
    give(actor, inner);
    give(actor, outer);
}

static void rounds(int n)
{
    for (int i = 0; i < n; i++)
        for (int a = 0; a < ACTORS; a++)
            for (int l = 0; l < LOCKS; l += 2)
                pair(a, l, l + 1);
}

static int set_up(void **state)
{
    fresh_locks(locks, LOCKS);
    recorder_clear(state);
    actors_come(actors, ACTORS);
    rounds(60);
    assert_int_equal(nrecorded, 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    host.mutex_taken = NULL;
    for (int a = 0; a < ACTORS; a++)
        wait_end(actors[a]);
    actors_go(actors, ACTORS);
    for (int i = 0; i < LOCKS; i++)
        lock_destroyed(main_actor, locks[i], THING_MUTEX, ++pcs);
    return 0;
}

static void assert_misuse(enum misuse what)
{
    assert_int_equal(nrecorded, 1);
    assert_int_equal(recorded[0].kind, FINDING_MISUSE);
    assert_int_equal(recorded[0].misuse, what);
    assert_true(recorded[0].nsteps >= 2); /* with where it was taken */
    assert_int_equal(recorded_steps[0][1].actor.number, actors[0]->number);
}

static void line_stays(void **state)
{
    (void)state;
    char line[64];
    struct lock *l = lock_find(locks[0]);
    memcpy(line, l, sizeof line);
    for (int i = 0; i < 2 * ACTORS; i++) {
        const int a = i % ACTORS;
        take(a, 0);
        take(a, 1);
        assert_true(i < ACTORS || !memcmp(l, line, sizeof line)); /* at first they are taken from a new place */
        give(a, 1);
        give(a, 0);
        assert_memory_equal(l, line, sizeof line);
    }
}

/* Who hears something new is followed by all, also by who gave the lock up before, and nothing else since. */
static void news_arrive(void **state)
{
    (void)state;
    const int last = 0, other = 1, third = 2;
    assert_int_equal(lock_find(locks[0])->teller.epoch, 0); /* all know of who gave it up last */
    pair(third, 2, 5); /* is noted, and told by the lock that guards nothing else */
    take(other, 2);
    give(other, 2);
    take(other, 0);
    give(other, 0);
    take(last, 0);
    give(last, 0);
    pair(last, 5, 2);
    assert_int_equal(nrecorded, 1);
    assert_int_equal(recorded[0].tier, TIER_ORDER_ONLY);
    assert_true(recorded[0].doubtful);
}

static void cycle_is_seen(void **state)
{
    (void)state;
    TAKE_AGAIN(0, 0);
    TAKE_AGAIN(1, 2);
    assert_null(lock_find(locks[0])->owner);
    assert_null(lock_find(locks[2])->owner);
    wait_begin(actors[0], &(struct wait_for){.thing = THING_MUTEX, .key = locks[2], .how = HOW_EXCLUSIVE}, ++pcs);
    assert_int_equal(nrecorded, 0);
    wait_begin(actors[1], &(struct wait_for){.thing = THING_MUTEX, .key = locks[0], .how = HOW_EXCLUSIVE}, ++pcs);
    assert_int_equal(nrecorded, 1);
    assert_int_equal(recorded[0].kind, FINDING_DEADLOCK);
    assert_int_equal(recorded[0].nsteps, 2);
    wait_end(actors[0]);
    wait_end(actors[1]);
    give(0, 0);
    give(1, 2);
    assert_null(lock_find(locks[0])->owner);
}

/* One that has lost its lock by code that is not seen claims nothing of it. */
static void lost_is_not_claimed(void **state)
{
    (void)state;
    TAKE_AGAIN(0, 0);
    host.mutex_taken = says;
    taken = false;
    wait_begin(actors[0], &(struct wait_for){.thing = THING_MUTEX, .key = locks[2], .how = HOW_EXCLUSIVE}, ++pcs);
    assert_null(lock_find(locks[0])->owner);
    take(1, 2);
    wait_begin(actors[1], &(struct wait_for){.thing = THING_MUTEX, .key = locks[0], .how = HOW_EXCLUSIVE}, ++pcs);
    assert_int_equal(nrecorded, 0);
    wait_end(actors[0]);
    wait_end(actors[1]);
    give(1, 2);
    give(0, 0);
}

static void lost_is_not_kept(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct actor *owner = lock_find(locks[0])->owner;
        assert_ptr_equal(owner, i ? actors[0] : NULL);
        take(1, 0); /* the second time from a place that is known */
        if (i)
            assert_null(lock_find(locks[0])->owner);
        give(1, 0);
        if (i)
            break;
        TAKE_AGAIN(0, 0);
        wait_begin(actors[0], &(struct wait_for){.thing = THING_MUTEX, .key = locks[2], .how = HOW_EXCLUSIVE}, ++pcs);
        wait_end(actors[0]);
    }
    give(0, 0);
}

static void made_while_held(void **state)
{
    (void)state;
    TAKE_AGAIN(0, 0);
    assert_null(lock_find(locks[0])->owner);
    lock_made(actors[1], locks[0], THING_MUTEX, ++pcs);
    assert_misuse(MISUSE_INIT_LOCKED);
}

static void freed_while_held(void **state)
{
    (void)state;
    take(0, 0);
    give(0, 0);
    TAKE_AGAIN(0, 3);
    assert_null(lock_find(locks[3])->owner);
    locks_freed(actors[1], locks[3], 64, ++pcs);
    assert_misuse(MISUSE_FREE_LOCKED);
}

static void free_when_given_up(void **state)
{
    (void)state;
    take(0, 0);
    give(0, 0);
    lock_made(actors[1], locks[0], THING_MUTEX, ++pcs);
    TAKE_AGAIN(0, 2);
    host.mutex_taken = says;
    taken = false; /* by code that is not seen */
    locks_freed(actors[1], locks[2], 64, ++pcs);
    assert_int_equal(nrecorded, 0);
}

static void ends_holding(void **state)
{
    (void)state;
    struct actor *one = actor_born(main_actor, 1);
    actors[0] = one;
    rounds(60);
    TAKE_AGAIN(0, 0);
    assert_null(lock_find(locks[0])->owner);
    actor_ends(one);
    assert_non_null(lock_find(locks[0])->orphan);
    actor_joins(main_actor, one);
    actors[0] = actor_born(main_actor, 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(line_stays),          TEST(news_arrive),        TEST(cycle_is_seen),
        TEST(lost_is_not_claimed), TEST(lost_is_not_kept),   TEST(made_while_held),
        TEST(freed_while_held),    TEST(free_when_given_up), TEST(ends_holding),
    };
    return cmocka_run_group_tests(tests, recorder_start, NULL);
}
