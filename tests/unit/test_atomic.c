/* Atomic operations that hold nothing (detector/atomic.h): when they are allowed, with operations of others before, between
 * and after. What clocks say afterwards is the model's (test_race_model), and real threads are in test_threads.
 *
 * Seen to fail with turn_is_still without its lock or its version, without the version that the actor's own change gives,
 * with what a relaxed load has learnt taken for an acquiring one, and for another actor; and with a sequence that lost its actor's
 * epoch, or was not ended; with a place that is not marked taken for one that is, and with what a place has when a locked instruction
 * begins taken for what it has when that was run. */
#include "recorder.h"

#include "../../detector/access.h"
#include "../../detector/atomic.h"
#include "../../detector/detector.h"

enum { RELAXED = __ATOMIC_RELAXED, ACQUIRE = __ATOMIC_ACQUIRE, RELEASE = __ATOMIC_RELEASE, ACQ_REL = __ATOMIC_ACQ_REL };

static struct actor *alice, *bob;
static uintptr_t place;
/* Not the place's line: nothing that happens here matters to it. */
static uintptr_t elsewhere;

static int begin_test(void **state)
{
    recorder_clear(state);
    place = (uintptr_t)fresh_memory(64);
    elsewhere = (uintptr_t)fresh_memory(64);
    return 0;
}

static int start(void **state)
{
    if (recorder_start(state) != 0)
        return -1;
    alice = actor_born(main_actor, 1);
    bob = actor_born(main_actor, 2);
    return 0;
}

static void operate(struct actor *a, uintptr_t addr, enum atomic_kind kind, int order)
{
    struct atomic_op op;
    assert_true(atomic_begin(&op, a, addr, kind, order));
    atomic_end(&op, 4, kind, order, 0x100);
}

static bool light(struct actor *a, int order)
{
    return atomic_light_load(a, place, 4, order, 0x200);
}

static void test_a_flag_is_learnt_once(void **state)
{
    (void)state;
    operate(alice, place, ATOMIC_STORE, RELEASE);
    assert_false(light(bob, ACQUIRE));
    operate(bob, place, ATOMIC_LOAD, ACQUIRE);
    operate(alice, elsewhere, ATOMIC_STORE, RELEASE);
    assert_true(light(bob, ACQUIRE));
    assert_true(light(bob, RELAXED));
    operate(alice, place, ATOMIC_STORE, RELEASE);
    assert_false(light(bob, ACQUIRE));
    assert_false(light(bob, RELAXED));
}

static void test_what_one_has_learnt_another_has_not(void **state)
{
    (void)state;
    operate(alice, place, ATOMIC_STORE, RELEASE);
    operate(bob, place, ATOMIC_LOAD, ACQUIRE);
    assert_true(light(bob, ACQUIRE));
    assert_false(light(main_actor, ACQUIRE));
}

/* Goroutines of one thread act with the same memory of what was learnt. */
static void test_what_a_goroutine_has_learnt_its_neighbour_has_not(void **state)
{
    struct actor *thread = actor_born(main_actor, 4);
    struct actor *one = actor_born_light(main_actor, 0x10, 1, "one");
    struct actor *two = actor_born_light(main_actor, 0x11, 2, "two");
    (void)state;
    operate(alice, place, ATOMIC_STORE, RELEASE);
    actor_resume(one, thread);
    operate(one, place, ATOMIC_LOAD, ACQUIRE);
    assert_true(light(one, ACQUIRE));
    actor_suspend(one);
    actor_resume(two, thread);
    assert_false(light(two, ACQUIRE));
    actor_suspend(two);
}

static void test_a_relaxed_load_learns_less(void **state)
{
    (void)state;
    operate(alice, place, ATOMIC_STORE, RELEASE);
    operate(bob, place, ATOMIC_LOAD, RELAXED);
    assert_true(light(bob, RELAXED));
    assert_false(light(bob, ACQUIRE));
}

/* Its value may be there already, its clock is not. */
static void test_in_the_middle_of_a_store(void **state)
{
    struct atomic_op op;
    (void)state;
    operate(alice, place, ATOMIC_STORE, RELEASE);
    operate(bob, place, ATOMIC_LOAD, ACQUIRE);
    assert_true(atomic_begin(&op, alice, place, ATOMIC_STORE, RELEASE));
    assert_false(light(bob, ACQUIRE));
    atomic_end(&op, 4, ATOMIC_STORE, RELEASE, 0x300);
    assert_false(light(bob, ACQUIRE));
}

/* Who acquires and releases at once knows all that is there afterwards. */
static void test_after_ones_own_change(void **state)
{
    (void)state;
    operate(alice, place, ATOMIC_STORE, RELEASE);
    operate(bob, place, ATOMIC_RMW, ACQ_REL);
    assert_true(light(bob, ACQUIRE));
    assert_false(light(alice, ACQUIRE));
    operate(alice, place, ATOMIC_RMW, RELEASE);
    assert_false(light(alice, ACQUIRE));
}

static void test_a_counter_without_a_clock(void **state)
{
    (void)state;
    assert_false(atomic_light_begin(alice, place, RELAXED));
    operate(alice, place, ATOMIC_RMW, RELAXED);
    assert_true(atomic_light_begin(alice, place, RELAXED));
    atomic_light_end(alice, place, 4, ATOMIC_RMW, 0x400);
    operate(bob, place, ATOMIC_RMW, RELAXED);
    assert_true(atomic_light_begin(alice, place, RELAXED));
    assert_false(atomic_light_begin(alice, place, ACQ_REL));
    operate(bob, place, ATOMIC_RMW, RELEASE);
    assert_false(atomic_light_begin(alice, place, RELAXED));
    operate(alice, place, ATOMIC_RMW, RELAXED);
    assert_false(atomic_light_begin(alice, place, RELAXED));
}

/* After a release fence its relaxed operations do give a clock. */
static void test_a_counter_behind_a_fence(void **state)
{
    struct actor *carol = actor_born(main_actor, 3);
    (void)state;
    operate(carol, place, ATOMIC_RMW, RELAXED);
    assert_true(atomic_light_begin(carol, place, RELAXED));
    atomic_light_end(carol, place, 4, ATOMIC_RMW, 0x500);
    atomic_fence(carol, RELEASE);
    assert_false(atomic_light_begin(carol, place, RELAXED));
}

/* Somebody published by it while a counter was being raised, which may have read that: an acquire fence orders them. */
static void test_a_clock_that_came_meanwhile(void **state)
{
    char *data = fresh_memory(64);
    (void)state;
    operate(bob, place, ATOMIC_RMW, RELAXED);
    access_slow(alice, (uintptr_t)data, 8, ACCESS_WRITE, 0x600);
    assert_true(atomic_light_begin(bob, place, RELAXED));
    operate(alice, place, ATOMIC_STORE, RELEASE);
    atomic_light_end(bob, place, 4, ATOMIC_RMW, 0x601);
    atomic_fence(bob, ACQUIRE);
    access_slow(bob, (uintptr_t)data, 8, ACCESS_WRITE, 0x602);
    assert_int_equal(nrecorded, 0);
}

static void test_light_operations_are_accesses(void **state)
{
    (void)state;
    operate(bob, place, ATOMIC_LOAD, ACQUIRE);
    access_slow(alice, place, 4, ACCESS_WRITE, 0x700);
    assert_int_equal(nrecorded, 1);
    recorder_clear(state);
    assert_true(light(bob, ACQUIRE));
    operate(bob, place, ATOMIC_RMW, RELAXED);
    recorder_clear(state);
    assert_true(atomic_light_begin(bob, place, RELAXED));
    atomic_light_end(bob, place, 4, ATOMIC_RMW, 0x701);
    assert_int_equal(nrecorded, 1);
}

/* Of two that have changed it one after the other the first one's plain store keeps what that one gave, and ends the other's. */
static void test_a_store_goes_on_with_its_own_sequence(void **state)
{
    char *data = fresh_memory(64);
    (void)state;
    access_slow(alice, (uintptr_t)data, 8, ACCESS_WRITE, 0x800);
    operate(alice, place, ATOMIC_RMW, ACQ_REL);
    access_slow(bob, (uintptr_t)data + 8, 8, ACCESS_WRITE, 0x801);
    operate(bob, place, ATOMIC_RMW, ACQ_REL);
    operate(alice, place, ATOMIC_STORE, RELAXED);
    operate(main_actor, place, ATOMIC_LOAD, ACQUIRE);
    access_slow(main_actor, (uintptr_t)data, 8, ACCESS_READ, 0x802);
    assert_int_equal(nrecorded, 0);
    access_slow(main_actor, (uintptr_t)data + 8, 8, ACCESS_READ, 0x803);
    assert_int_equal(nrecorded, 1);
}

/* Machine code (instrument/): an atomic instruction marks its place, moves there are loads and stores from then on, and all of them order. */
static void test_a_locked_instruction_makes_moves_atomic(void **state)
{
    (void)state;
    assert_false(atomic_moved(bob, place, 4, false, 0x300));
    atomic_locked(alice, place, 4, 0x301);
    assert_true(sync_is_atomic(bob, place));
    assert_false(atomic_moved(bob, elsewhere, 4, false, 0x300));
    mem_write(alice, (void *)elsewhere, 8, 0x302);
    assert_true(atomic_moved(alice, place, 4, true, 0x303));
    assert_true(atomic_moved(bob, place, 4, false, 0x304));
    mem_read(bob, (void *)elsewhere, 8, 0x305);
    assert_int_equal(nrecorded, 0);
    mem_read(main_actor, (void *)elsewhere, 8, 0x306);
    assert_int_equal(nrecorded, 1);
    sync_forget(alice, place);
    assert_false(atomic_moved(bob, place, 4, false, 0x304));
}

static bool is_still(struct atomic_seen seen)
{
    return turn_is_still(seen.turn, seen.version);
}

static void test_what_came_while_a_locked_instruction_ran(void **state)
{
    (void)state;
    const struct atomic_seen first = atomic_locked(alice, place, 4, 0x400);
    assert_true(is_still(first));
    assert_true(is_still(atomic_locked(bob, elsewhere, 4, 0x401)));
    assert_true(is_still(first));
    atomic_locked(bob, place, 4, 0x402);
    assert_false(is_still(first));
    const struct atomic_seen second = atomic_locked(alice, place, 4, 0x403);
    assert_true(atomic_moved(bob, place, 4, true, 0x404));
    assert_false(is_still(second));
    const struct atomic_seen third = atomic_locked(alice, place, 4, 0x405);
    sync_forget(bob, place);
    assert_false(is_still(third));
    assert_true(is_still(atomic_unseen()));
}

static void test_a_move_is_told_once(void **state)
{
    (void)state;
    atomic_locked(alice, place, 4, 0x500);
    assert_false(atomic_load_known(bob, place, 2));
    assert_true(atomic_moved(bob, place, 4, false, 0x501));
    assert_true(atomic_load_known(bob, place, 2));
    assert_false(atomic_load_known(bob, place, 3));
    assert_false(atomic_load_known(main_actor, place, 2));
    assert_true(atomic_moved(alice, place, 4, true, 0x502));
    assert_false(atomic_load_known(bob, place, 2));
    operate(alice, elsewhere, ATOMIC_RMW, ACQ_REL);
    operate(bob, elsewhere, ATOMIC_LOAD, ACQUIRE);
    assert_false(atomic_load_known(bob, elsewhere, 2));
    assert_false(atomic_moved(bob, elsewhere, 4, false, 0x503));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_a_flag_is_learnt_once, begin_test),
        cmocka_unit_test_setup(test_what_one_has_learnt_another_has_not, begin_test),
        cmocka_unit_test_setup(test_what_a_goroutine_has_learnt_its_neighbour_has_not, begin_test),
        cmocka_unit_test_setup(test_a_relaxed_load_learns_less, begin_test),
        cmocka_unit_test_setup(test_in_the_middle_of_a_store, begin_test),
        cmocka_unit_test_setup(test_after_ones_own_change, begin_test),
        cmocka_unit_test_setup(test_a_counter_without_a_clock, begin_test),
        cmocka_unit_test_setup(test_a_counter_behind_a_fence, begin_test),
        cmocka_unit_test_setup(test_a_clock_that_came_meanwhile, begin_test),
        cmocka_unit_test_setup(test_light_operations_are_accesses, begin_test),
        cmocka_unit_test_setup(test_a_store_goes_on_with_its_own_sequence, begin_test),
        cmocka_unit_test_setup(test_a_locked_instruction_makes_moves_atomic, begin_test),
        cmocka_unit_test_setup(test_what_came_while_a_locked_instruction_ran, begin_test),
        cmocka_unit_test_setup(test_a_move_is_told_once, begin_test),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
