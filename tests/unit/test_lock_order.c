/* The order of locks, with scripted actors: each filter lets through what can deadlock, and nothing else. Actors act one after
 * the other; whether they could have acted at once is what is asked. */
#include "../../detector/atomic.h"
#include "recorder.h"

#define ACTORS 4
#define LOCKS 40

static uintptr_t locks[LOCKS]; /* new ones for each test */
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
    return 0;
}

#define EXCLUSIVE HOW(THING_MUTEX, HOW_EXCLUSIVE)

static void take(int actor, int lock, unsigned how)
{
    lock_acquire(actors[actor], locks[lock]);
    lock_got(actors[actor], locks[lock], how, ++pcs);
}

static void give(int actor, int lock)
{
    lock_release(actors[actor], locks[lock]);
    assert_true(lock_gone(actors[actor], locks[lock]));
}

static void nest(int actor, int outer, unsigned outer_how, int inner, unsigned inner_how)
{
    take(actor, outer, outer_how);
    take(actor, inner, inner_how);
    give(actor, inner);
    give(actor, outer);
}

static void pair(int actor, int outer, int inner)
{
    nest(actor, outer, EXCLUSIVE, inner, EXCLUSIVE);
}

static void assert_cycle(enum finding_tier tier, int steps)
{
    assert_int_equal(nrecorded, 1);
    assert_int_equal(recorded[0].kind, FINDING_LOCK_ORDER);
    assert_int_equal(recorded[0].tier, tier);
    assert_int_equal(recorded[0].nsteps, steps);
}

static void opposite_orders(void **state)
{
    (void)state;
    uintptr_t first = pcs;
    pair(0, 0, 1);
    pair(1, 1, 0);
    assert_cycle(TIER_PREDICTED, 2);
    /* Both stacks of both: the one that closed the cycle comes first. */
    const struct finding_step *s = recorded_steps[0];
    assert_int_equal(s[0].role, STEP_ACQUIRES);
    assert_int_equal(s[0].addr, locks[0]);
    assert_int_equal(top_of(s[0].stack), first + 4);
    assert_int_equal(s[0].held[0].addr, locks[1]);
    assert_int_equal(top_of(s[0].held[0].stack), first + 3);
    assert_int_equal(s[1].addr, locks[1]);
    assert_int_equal(top_of(s[1].stack), first + 2);
    assert_int_equal(top_of(s[1].held[0].stack), first + 1);
    /* And once only. */
    pair(0, 0, 1);
    pair(1, 1, 0);
    assert_int_equal(nrecorded, 1);
}

static void same_order(void **state)
{
    (void)state;
    for (int i = 0; i < ACTORS; i++)
        pair(i, 0, 1);
    assert_int_equal(nrecorded, 0);
}

static void single_actor(void **state)
{
    (void)state;
    pair(0, 0, 1);
    pair(0, 1, 0);
    assert_int_equal(nrecorded, 0);
    pair(1, 0, 1);
    assert_cycle(TIER_PREDICTED, 2);
}

static void long_cycle(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++)
        pair(i, i, i + 1);
    assert_int_equal(nrecorded, 0);
    pair(3, 3, 0);
    assert_cycle(TIER_PREDICTED, 4);
}

static void many_held(void **state)
{
    (void)state;
    for (int i = 0; i < LOCKS; i++)
        take(0, i, EXCLUSIVE);
    for (int i = 0; i < LOCKS; i++)
        give(0, i);
    assert_int_equal(nrecorded, 0);
    pair(1, LOCKS - 1, 0);
    assert_cycle(TIER_PREDICTED, 2);
}

static void under_a_gate(int gate_of_other, unsigned how)
{
    take(0, 9, how);
    pair(0, 0, 1);
    give(0, 9);
    take(1, gate_of_other, how);
    pair(1, 1, 0);
    give(1, gate_of_other);
}

static void gate(void **state)
{
    (void)state;
    under_a_gate(9, EXCLUSIVE);
    assert_int_equal(nrecorded, 0);
}

static void other_gate(void **state)
{
    (void)state;
    under_a_gate(8, EXCLUSIVE);
    assert_cycle(TIER_PREDICTED, 2);
}

static void gate_that_both_read(void **state)
{
    (void)state;
    under_a_gate(9, HOW(THING_RWLOCK, HOW_READERS_FIRST));
    assert_cycle(TIER_ORDER_ONLY, 2);
    assert_false(recorded[0].doubtful);
}

/* The gate of one occurrence must not hide another one without it. */
static void gate_at_first(void **state)
{
    (void)state;
    under_a_gate(9, EXCLUSIVE);
    assert_int_equal(nrecorded, 0);
    pair(0, 0, 1);
    assert_cycle(TIER_PREDICTED, 2);
}

static void trylock(void **state)
{
    (void)state;
    pair(0, 0, 1);
    nest(1, 1, EXCLUSIVE, 0, EXCLUSIVE | HOW_TRY);
    assert_int_equal(nrecorded, 0);
    nest(1, 1, EXCLUSIVE | HOW_TRY, 0, EXCLUSIVE);
    assert_cycle(TIER_ORDER_ONLY, 2); /* it has had both after the other */
    assert_false(recorded[0].doubtful);
}

static void timed(void **state)
{
    (void)state;
    pair(0, 0, 1);
    nest(1, 1, EXCLUSIVE, 0, EXCLUSIVE | HOW_TIMED);
    assert_cycle(TIER_PREDICTED, 2);
}

static void timed_out(void **state)
{
    (void)state;
    pair(0, 0, 1);
    take(1, 1, EXCLUSIVE);
    lock_missed(actors[1], locks[0], EXCLUSIVE | HOW_TIMED, ++pcs);
    assert_cycle(TIER_PREDICTED, 2);
    give(1, 1);
}

#define WRITE HOW(THING_RWLOCK, HOW_EXCLUSIVE)
#define READ HOW(THING_RWLOCK, HOW_READERS_FIRST)

static void readers(void **state)
{
    (void)state;
    nest(0, 0, READ, 1, READ);
    nest(1, 1, READ, 0, READ);
    nest(2, 0, WRITE, 9, WRITE);
    assert_int_equal(nrecorded, 0);
}

static void reader_and_writer(void **state)
{
    (void)state;
    nest(0, 0, READ, 1, WRITE);
    nest(1, 1, READ, 0, WRITE);
    assert_cycle(TIER_ORDER_ONLY, 2);
    assert_false(recorded[0].doubtful);
}

/* Who asks to read does not wait for who reads, and so the cycle does not close. */
static void half_read(void **state)
{
    (void)state;
    nest(0, 0, READ, 1, WRITE);
    nest(1, 1, WRITE, 0, READ);
    assert_int_equal(nrecorded, 0);
}

#define WRITE_FIRST HOW(THING_RWLOCK, HOW_EXCLUSIVE | HOW_WRITERS_FIRST)
#define READ_AFTER HOW(THING_RWLOCK, 0)

static void readers_behind_writers(void **state)
{
    (void)state;
    nest(0, 0, READ_AFTER, 1, READ_AFTER);
    nest(1, 1, READ_AFTER, 0, READ_AFTER);
    assert_int_equal(nrecorded, 0); /* nobody writes */
    take(2, 0, WRITE_FIRST);
    give(2, 0);
    assert_int_equal(nrecorded, 0); /* nobody waits to write the other one */
    take(3, 1, WRITE_FIRST);
    give(3, 1);
    assert_cycle(TIER_ORDER_ONLY, 2);
    assert_false(recorded[0].doubtful);
}

static void writer_before_all(void **state)
{
    (void)state;
    take(2, 0, WRITE_FIRST);
    give(2, 0);
    take(2, 1, WRITE_FIRST);
    give(2, 1);
    sync_release(actors[2], 77);
    for (int i = 0; i < 2; i++)
        sync_acquire(actors[i], 77);
    nest(0, 0, READ_AFTER, 1, READ_AFTER);
    nest(1, 1, READ_AFTER, 0, READ_AFTER);
    assert_int_equal(nrecorded, 0);
}

static void ordered_by_release(void **state)
{
    (void)state;
    pair(0, 0, 1);
    sync_release(actors[0], 78);
    sync_acquire(actors[1], 78);
    pair(1, 1, 0);
    assert_int_equal(nrecorded, 0);
    /* What comes after the release is not before the other's. */
    pair(0, 0, 1);
    assert_cycle(TIER_PREDICTED, 2);
}

/* What comes between a release and the acquire that hears of it is not before the acquire. */
static void between_telling_and_hearing(void **state)
{
    (void)state;
    pair(0, 0, 1);
    sync_release(actors[0], 79);
    pair(0, 0, 1);
    sync_acquire(actors[1], 79);
    pair(1, 1, 0);
    assert_cycle(TIER_PREDICTED, 2);
}

/* A release by somebody else keeps what the object was told before. */
static void told_by_two(void **state)
{
    (void)state;
    pair(0, 0, 1);
    pair(2, 2, 3);
    sync_release(actors[0], 80);
    sync_release_merge(actors[2], 80);
    sync_acquire(actors[1], 80);
    pair(1, 1, 0);
    pair(1, 3, 2);
    assert_int_equal(nrecorded, 0);
}

/* What a thread learnt under a lock goes on with a message. */
static void ordered_by_mutex_and_message(void **state)
{
    (void)state;
    pair(0, 0, 1);
    take(0, 9, EXCLUSIVE);
    give(0, 9);
    take(2, 9, EXCLUSIVE);
    give(2, 9);
    sync_release(actors[2], 81);
    sync_acquire(actors[1], 81);
    pair(1, 1, 0);
    assert_cycle(TIER_ORDER_ONLY, 2);
    assert_true(recorded[0].doubtful);
}

/* The second knows of a part of somebody's section of the lock that it takes: not sure that this one can leave it. */
static void told_inside(void **state)
{
    (void)state;
    take(2, 1, EXCLUSIVE);
    sync_release(actors[2], 82);
    sync_acquire(actors[1], 82);
    give(2, 1);
    pair(0, 0, 1);
    pair(1, 1, 0);
    assert_cycle(TIER_ORDER_ONLY, 2);
    assert_false(recorded[0].doubtful);
}

static void told_outside(void **state)
{
    (void)state;
    take(2, 1, EXCLUSIVE);
    sync_release(actors[2], 82);
    give(2, 1);
    sync_release(actors[2], 82);
    sync_acquire(actors[1], 82);
    pair(0, 0, 1);
    pair(1, 1, 0);
    assert_cycle(TIER_PREDICTED, 2);
}

/* A lock that was given back before the request may have brought what orders the two. */
static void learnt_meanwhile(void **state)
{
    (void)state;
    pair(0, 0, 1);
    take(0, 9, EXCLUSIVE);
    give(0, 9);
    take(1, 1, EXCLUSIVE);
    take(1, 9, EXCLUSIVE);
    give(1, 9);
    take(1, 0, EXCLUSIVE);
    give(1, 0);
    give(1, 1);
    assert_cycle(TIER_ORDER_ONLY, 2);
    assert_false(recorded[0].doubtful);
}

/* The second reads what the first has written: before it took the locks, while it holds them. What is read must have been
 * written, so in the latter case the first has both locks before the second goes on. */
static void value_written_before(void **state)
{
    (void)state;
    sync_release(actors[0], 83);
    pair(0, 0, 1);
    sync_acquire(actors[1], 83);
    pair(1, 1, 0);
    assert_cycle(TIER_PREDICTED, 2);
}

static void value_written_inside(void **state)
{
    (void)state;
    take(0, 0, EXCLUSIVE);
    take(0, 1, EXCLUSIVE);
    sync_release(actors[0], 84);
    give(0, 1);
    give(0, 0);
    take(1, 1, EXCLUSIVE);
    sync_acquire(actors[1], 84);
    take(1, 0, EXCLUSIVE);
    give(1, 0);
    give(1, 1);
    assert_int_equal(nrecorded, 0);
}

/* Of many times that the first took both, only the one that the second does not know of can meet it. */
static void last_of_many(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++) {
        pair(0, 0, 1);
        sync_release(actors[0], 85);
    }
    sync_acquire(actors[1], 85);
    pair(1, 1, 0);
    assert_int_equal(nrecorded, 0);
    pair(0, 0, 1);
    assert_cycle(TIER_PREDICTED, 2);
}

static void ordered_by_join(void **state)
{
    (void)state;
    struct actor *child = actor_born(main_actor, 1);
    struct actor *kept = actors[0];
    actors[0] = child;
    pair(0, 0, 1);
    actor_ends(child);
    actor_joins(main_actor, child);
    actors[0] = actor_born(main_actor, 1);
    pair(0, 1, 0);
    assert_int_equal(nrecorded, 0);
    pair(1, 0, 1); /* created before, by the same parent */
    assert_cycle(TIER_PREDICTED, 2);
    actor_ends(actors[0]);
    actor_joins(main_actor, actors[0]);
    actors[0] = kept;
}

/* A flag under a mutex may have told the second to come: not sure, but not impossible either. */
static void ordered_by_mutex(void **state)
{
    (void)state;
    pair(0, 0, 1);
    take(0, 9, EXCLUSIVE);
    give(0, 9);
    take(1, 9, EXCLUSIVE);
    give(1, 9);
    pair(1, 1, 0);
    assert_cycle(TIER_ORDER_ONLY, 2);
    assert_true(recorded[0].doubtful);
    /* Once the other way round: nothing is left that orders them. */
    pair(0, 0, 1);
    assert_int_equal(nrecorded, 2);
    assert_int_equal(recorded[1].tier, TIER_PREDICTED);
}

static void atomic_step(int actor, enum atomic_kind kind, int order)
{
    struct atomic_op op;
    if (atomic_begin(&op, actors[actor], locks[20], kind, order))
        atomic_end(&op, 4, kind, order, ++pcs);
}

static void ordered_by_atomic(void **state)
{
    (void)state;
    pair(0, 0, 1);
    atomic_step(0, ATOMIC_STORE, __ATOMIC_RELEASE);
    atomic_step(1, ATOMIC_LOAD, __ATOMIC_ACQUIRE);
    pair(1, 1, 0);
    assert_int_equal(nrecorded, 0);
}

static void relaxed_orders_nothing(void **state)
{
    (void)state;
    pair(0, 0, 1);
    atomic_step(0, ATOMIC_STORE, __ATOMIC_RELAXED);
    atomic_step(1, ATOMIC_LOAD, __ATOMIC_RELAXED);
    pair(1, 1, 0);
    assert_cycle(TIER_PREDICTED, 2);
}

/* The locks of the cycle itself do not order it. */
static void ordered_by_own_locks(void **state)
{
    (void)state;
    pair(0, 0, 1);
    take(1, 1, EXCLUSIVE);
    give(1, 1);
    pair(1, 1, 0);
    assert_cycle(TIER_PREDICTED, 2);
}

static void ordered_by_creator(void **state)
{
    (void)state;
    pair(0, 0, 1);
    take(0, 9, EXCLUSIVE);
    give(0, 9);
    take(1, 9, EXCLUSIVE);
    give(1, 9);
    struct actor *child = actor_born(actors[1], 1), *kept = actors[1];
    actors[1] = child;
    take(1, 1, EXCLUSIVE);
    give(1, 1);
    pair(1, 1, 0);
    assert_cycle(TIER_ORDER_ONLY, 2);
    assert_true(recorded[0].doubtful);
    actors[1] = kept;
    actor_ends(child);
    actor_joins(main_actor, child);
}

static void mutex_of_a_condition(void **state)
{
    (void)state;
    pair(0, 0, 1);
    take(0, 9, EXCLUSIVE);
    lock_guards_condition(actors[0], 0);
    give(0, 9);
    take(1, 9, EXCLUSIVE);
    give(1, 9);
    pair(1, 1, 0);
    assert_int_equal(nrecorded, 0);
}

static void destroyed(void **state)
{
    (void)state;
    pair(0, 0, 1);
    lock_destroyed(actors[0], locks[0], THING_MUTEX, ++pcs);
    lock_made(actors[0], locks[0], THING_MUTEX, ++pcs);
    pair(1, 1, 0);
    assert_int_equal(nrecorded, 0);
}

static void freed(void **state)
{
    (void)state;
    heap_alloc(actors[0], locks[0], 64, ++pcs);
    pair(0, 0, 1);
    heap_free(actors[0], locks[0], ++pcs);
    heap_alloc(actors[1], locks[0], 64, ++pcs);
    pair(1, 1, 0);
    assert_int_equal(nrecorded, 0);
    heap_free(actors[1], locks[0], ++pcs);
}

static void recursive(void **state)
{
    (void)state;
    take(0, 0, EXCLUSIVE);
    take(0, 1, EXCLUSIVE);
    take(0, 0, EXCLUSIVE); /* again: nobody has to be waited for */
    give(0, 0);
    give(0, 1);
    give(0, 0);
    pair(1, 0, 1);
    assert_int_equal(nrecorded, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(opposite_orders),
        TEST(same_order),
        TEST(single_actor),
        TEST(long_cycle),
        TEST(many_held),
        TEST(gate),
        TEST(other_gate),
        TEST(gate_that_both_read),
        TEST(gate_at_first),
        TEST(trylock),
        TEST(timed),
        TEST(timed_out),
        TEST(readers),
        TEST(reader_and_writer),
        TEST(half_read),
        TEST(readers_behind_writers),
        TEST(writer_before_all),
        TEST(ordered_by_release),
        TEST(between_telling_and_hearing),
        TEST(told_by_two),
        TEST(ordered_by_mutex_and_message),
        TEST(told_inside),
        TEST(told_outside),
        TEST(learnt_meanwhile),
        TEST(value_written_before),
        TEST(value_written_inside),
        TEST(last_of_many),
        TEST(ordered_by_join),
        TEST(ordered_by_mutex),
        TEST(ordered_by_atomic),
        TEST(relaxed_orders_nothing),
        TEST(ordered_by_own_locks),
        TEST(ordered_by_creator),
        TEST(mutex_of_a_condition),
        TEST(destroyed),
        TEST(freed),
        TEST(recursive),
    };
    return cmocka_run_group_tests(tests, recorder_start, NULL);
}
