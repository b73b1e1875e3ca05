/* What locks tell (order.h), where it is limited: locks that are used again and again tell nothing new in the end, however many
 * others there are, and what is left out for that is never an order that there is, nor a cycle that is not. Locks are taken as the
 * wrappers of mutexes take them. */
#include "recorder.h"

#include "../../detector/lock_cycle.h"
#include "../../detector/order.h"

#define ACTORS 4
#define TABLE 65 /* locks 10 and on, and as many behind them, are tables: more than 4096 pairs */
#define LOCKS (10 + 2 * TABLE)

static uintptr_t locks[LOCKS];
static struct actor *actors[ACTORS];
static uintptr_t pcs = 0x1000;

static int set_up(void **state)
{
    fresh_locks(locks, LOCKS);
    recorder_clear(state);
    actors_come(actors, ACTORS);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    actors_go(actors, ACTORS);
    for (int i = 0; i < LOCKS; i++)
        lock_destroyed(main_actor, locks[i], THING_MUTEX, ++pcs);
    return 0;
}

static void take(int actor, int lock)
{
    lock_got_mutex(actors[actor], lock_place(locks[lock]), locks[lock], 0x2000);
}

static void try(int actor, int lock)
{
    lock_tried_mutex(actors[actor], locks[lock], 0x3000);
}

static void give(int actor, int lock)
{
    assert_true(lock_gone(actors[actor], locks[lock]));
}

static void pair(int actor, int outer, int inner)
{
    take(actor, outer);
    take(actor, inner);
    give(actor, inner);
    give(actor, outer);
}

static void pass(int from, int to, int lock)
{
    take(from, lock);
    give(from, lock);
    take(to, lock);
    give(to, lock);
}

static void assert_cycle(enum finding_tier tier, bool doubtful)
{
    assert_int_equal(nrecorded, 1);
    assert_int_equal(recorded[0].kind, FINDING_LOCK_ORDER);
    assert_int_equal(recorded[0].tier, tier);
    assert_int_equal(recorded[0].doubtful, doubtful);
}

/* ---- an order that this run has, and another schedule need not have ---------------------------------------------------------- */

static void chance_is_doubt(void **state)
{
    (void)state;
    pair(0, 0, 1);
    sync_release_chance(actors[0], 81);
    sync_acquire(actors[1], 81);
    pair(1, 1, 0);
    assert_cycle(TIER_ORDER_ONLY, true);
}

static void chance_keeps_what_is_there(void **state)
{
    (void)state;
    pair(0, 0, 1);
    sync_release_merge(actors[0], 81);
    sync_release_chance(actors[2], 81);
    sync_acquire(actors[1], 81);
    pair(1, 1, 0);
    assert_int_equal(nrecorded, 0);
}

/* The next one passes on what it heard by it. */
static void chance_goes_on(void **state)
{
    (void)state;
    pair(0, 0, 1);
    sync_release_chance(actors[0], 81);
    sync_acquire(actors[2], 81);
    sync_release(actors[2], 82);
    sync_acquire(actors[1], 82);
    pair(1, 1, 0);
    assert_cycle(TIER_ORDER_ONLY, true);
}

static void chance_inside(void **state)
{
    (void)state;
    take(2, 1);
    sync_release_chance(actors[2], 82);
    sync_acquire(actors[1], 82);
    give(2, 1);
    pair(0, 0, 1);
    pair(1, 1, 0);
    assert_cycle(TIER_ORDER_ONLY, false);
}

/* ---- nothing new in the end ------------------------------------------------------------------------------------------------- */

static const struct lock *known(int lock)
{
    return lock_find(locks[lock]);
}

static void rounds(int n)
{
    for (int i = 0; i < n; i++)
        for (int a = 0; a < 3; a++)
            for (int l = 0; l < 20; l += 2)
                pair(a, l, l + 1);
}

static void all_know_all(void **state)
{
    (void)state;
    rounds(60);
    uint64_t epochs[3];
    uint32_t learnt[3];
    for (int a = 0; a < 3; a++) {
        epochs[a] = actors[a]->order_epoch;
        learnt[a] = actors[a]->learnt;
        assert_ptr_equal(actors[a]->flow.root, actors[0]->flow.root);
    }
    for (int l = 0; l < 20; l++)
        assert_ptr_equal(known(l)->flow.root, actors[0]->flow.root);
    rounds(20);
    for (int a = 0; a < 3; a++) {
        assert_int_equal(actors[a]->order_epoch, epochs[a]);
        assert_int_equal(actors[a]->learnt, learnt[a]);
    }
    /* Two hear the same at different places. */
    pair(2, 40, 41);
    pass(2, 0, 0);
    pass(2, 1, 2);
    rounds(10);
    assert_ptr_equal(actors[1]->flow.root, actors[0]->flow.root);
    /* What is new goes on. */
    pair(0, 30, 31);
    pass(0, 1, 0);
    pair(1, 31, 30);
    assert_cycle(TIER_ORDER_ONLY, true);
}

/* Every lock of one table with every one of another, which says nothing of the first ten. */
static void tables(int actor)
{
    for (int l = 10; l < 10 + TABLE; l++)
        for (int m = 10 + TABLE; m < LOCKS; m++)
            pair(actor, l, m);
}

/* Takes what it has taken before until its epochs are no finer than they must be. */
static void tire(int actor)
{
    while (actors[actor]->fine) {
        take(actor, 6);
        pair(actor, 7, 8);
        give(actor, 6);
    }
}

/* By more locks than are told apart; what the next one learns by one that it gives back before the other. */
static void learnt_meanwhile(void **state)
{
    (void)state;
    rounds(2);
    assert_true(actors[1]->log_over);
    pair(0, 30, 31);
    take(0, 9);
    give(0, 9);
    take(1, 31);
    take(1, 9);
    give(1, 9);
    take(1, 30);
    give(1, 30);
    give(1, 31);
    assert_cycle(TIER_ORDER_ONLY, false);
}

/* The same from one who has never learnt anything, so that all there is to hear is what it says of itself. */
static void learnt_from_a_stranger(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++)
        for (int l = 0; l < 20; l += 2) {
            pair(1, l, l + 1);
            pair(2, l, l + 1);
        }
    assert_true(actors[1]->log_over);
    assert_null(actors[0]->flow.root); /* as long as no test came before */
    pair(0, 30, 31);
    take(0, 29);
    give(0, 29);
    take(1, 31);
    take(1, 29);
    give(1, 29);
    take(1, 30);
    give(1, 30);
    give(1, 31);
    assert_cycle(TIER_ORDER_ONLY, false);
}

/* What is told by what every schedule has makes no more than one new epoch for all that was noted before. */
static void messages(void **state)
{
    (void)state;
    tables(0);
    tire(0);
    sync_release(actors[0], 83);
    const uint64_t told = actors[0]->order_epoch;
    tables(0);
    assert_true(actors[0]->order_epoch <= told + 3);
}

/* ---- never an order that there is not, nor a cycle that is not --------------------------------------------------------------- */

static void many(void)
{
    tables(3);
    sync_release(actors[1], 86); /* nothing, yet */
    pair(0, 0, 1);
    pair(0, 2, 3);
    tire(0);
    tire(1);
    assert_int_equal(nrecorded, 0);
    assert_int_equal(actors[0]->fine, 0);
}

static void many_cycle(void **state)
{
    (void)state;
    many();
    sync_release(actors[0], 84);
    sync_acquire(actors[1], 84);
    pair(0, 0, 1); /* after it was told */
    pair(1, 1, 0);
    assert_true(nrecorded > 0);
    assert_false(recorded[0].doubtful);
}

static void many_ordered(void **state)
{
    (void)state;
    many();
    sync_release(actors[0], 84);
    pair(0, 0, 1);
    pair(0, 2, 3);
    sync_release(actors[0], 84);
    sync_acquire(actors[1], 84);
    pair(1, 1, 0);
    pair(1, 3, 2);
    assert_int_equal(nrecorded, 0);
}

/* Who heard by a lock of what came before it counts as after it, at first; on a cycle it is exact. */
static void many_doubt(void **state)
{
    (void)state;
    many();
    sync_release(actors[0], 84);
    sync_acquire(actors[1], 84);
    pair(0, 2, 3);
    pass(0, 1, 9);
    pair(0, 0, 1);
    pair(1, 1, 0);
    assert_true(nrecorded > 0);
    for (int i = 0; i < nrecorded; i++)
        assert_true(recorded[i].doubtful);
    recorder_clear(NULL);
    pair(0, 0, 1);
    assert_true(nrecorded > 0);
    assert_false(recorded[0].doubtful);
}

/* The second closes it again, who has heard nothing of the first's last time; that one had heard of the second's. */
static void many_exact(void **state)
{
    (void)state;
    many();
    sync_release(actors[0], 84);
    sync_acquire(actors[1], 84);
    pair(0, 2, 3);
    pass(0, 1, 9);
    pair(0, 0, 1);
    pair(1, 1, 0);
    recorder_clear(NULL);
    pass(1, 0, 5);
    pair(0, 0, 1);
    assert_int_equal(nrecorded, 0);
    pair(1, 1, 0);
    assert_true(nrecorded > 0);
    assert_false(recorded[0].doubtful);
}

/* Many are many only as long as they are there. */
static void few_again(void **state)
{
    (void)state;
    many();
    pair(0, 3, 4);
    assert_int_equal(actors[0]->fine, 0);
    for (int l = 10; l < LOCKS; l++)
        lock_destroyed(main_actor, locks[l], THING_MUTEX, ++pcs);
    pair(0, 4, 5);
    assert_true(actors[0]->fine > 0);
}

/* Of what one actor does again in the same way nothing is kept but the last time. */
static void only_the_last(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        pair(0, 0, 1);
        pair(1, 1, 0);
        pair(2, 1, 0);
    }
    assert_int_equal(known(0)->out->n, 1);
    assert_int_equal(known(1)->out->n, 2);
}

/* What may have been told inside of a section, and what was. */
static void listen(int rounds_before, bool inside)
{
    for (int i = 0; i < rounds_before; i++)
        pair(2, 1, 3);
    if (inside) {
        take(2, 1);
        take(2, 3);
        give(2, 3);
    } else {
        pair(2, 1, 3);
    }
    take(1, 3);
    give(1, 3);
    if (!inside) {
        pass(2, 1, 4);
    } else {
        give(2, 1);
    }
    pair(0, 0, 1);
    pair(1, 1, 0);
}

static void told_outside(void **state)
{
    (void)state;
    listen(0, false);
    assert_cycle(TIER_PREDICTED, false);
}

static void told_inside(void **state)
{
    (void)state;
    listen(0, true);
    assert_cycle(TIER_ORDER_ONLY, false);
}

static void told_inside_late(void **state)
{
    (void)state;
    listen(100, true);
    assert_cycle(TIER_ORDER_ONLY, false);
}

/* ---- trylock ---------------------------------------------------------------------------------------------------------------- */

static void tried(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        take(0, 0);
        try(0, 1);
        assert_int_equal(actors[0]->nheld, 2);
        assert_int_equal(lock_holder(actors[0], locks[1]), HOLDER_SELF);
        give(0, 1);
        give(0, 0);
        assert_int_equal(actors[0]->nheld, 0);
        pair(1, 1, 0);
    }
    assert_int_equal(nrecorded, 0);
}

/* What comes under it is taken by waiting. */
static void tried_outside(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        try(0, 0);
        take(0, 1);
        give(0, 1);
        give(0, 0);
    }
    pair(1, 1, 0);
    assert_cycle(TIER_PREDICTED, false);
}

static void tried_again(void **state)
{
    (void)state;
    take(0, 0); /* what is tried under it is known, and there is room for two */
    try(0, 1);
    give(0, 1);
    give(0, 0);
    for (int i = 0; i < 2; i++) {
        try(0, 0);
        try(0, 0);
        assert_int_equal(actors[0]->nheld, 1);
        give(0, 0);
        assert_int_equal(actors[0]->nheld, 1);
        give(0, 0);
        assert_int_equal(actors[0]->nheld, 0);
    }
}

/* By what was tried inside of another's section one hears of a part of that: told_inside. */
static void tried_inside(void **state)
{
    (void)state;
    pair(2, 6, 5); /* there is room for two */
    take(2, 1);
    give(2, 1);
    take(2, 1);
    try(2, 5);
    give(2, 5);
    take(1, 5);
    give(1, 5);
    give(2, 1);
    pair(0, 0, 1);
    pair(1, 1, 0);
    assert_cycle(TIER_ORDER_ONLY, false);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        /* Before those that are too many to keep all of. */
        TEST(learnt_from_a_stranger),
        TEST(told_outside),
        TEST(learnt_meanwhile),
        TEST(told_inside),
        TEST(told_inside_late),
        TEST(tried),
        TEST(tried_outside),
        TEST(tried_again),
        TEST(tried_inside),
        TEST(chance_is_doubt),
        TEST(chance_keeps_what_is_there),
        TEST(chance_goes_on),
        TEST(chance_inside),
        TEST(all_know_all),
        TEST(messages),
        TEST(many_cycle),
        TEST(many_ordered),
        TEST(many_doubt),
        TEST(many_exact),
        TEST(few_again),
        TEST(only_the_last),
    };
    return cmocka_run_group_tests(tests, recorder_start, NULL);
}
