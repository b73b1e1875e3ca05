/* What the core itself knows of the rules of locks. What only libc knows is tested by the patterns (tests/deadlocks). */
#include "recorder.h"

static uintptr_t lock;
static struct actor *other;
static uintptr_t pcs = 0x1000;

static int set_up(void **state)
{
    recorder_clear(state);
    lock = (uintptr_t)fresh_memory(4096);
    other = actor_born(main_actor, 1);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    actor_ends(other);
    actor_joins(main_actor, other);
    return 0;
}

#define EXCLUSIVE HOW(THING_MUTEX, HOW_EXCLUSIVE)

static void assert_misuse(enum misuse what, int steps)
{
    assert_int_equal(nrecorded, 1);
    assert_int_equal(recorded[0].kind, FINDING_MISUSE);
    assert_int_equal(recorded[0].misuse, what);
    assert_int_equal(recorded[0].nsteps, steps);
}

static void holder_is_shown(void **state)
{
    (void)state;
    lock_made(main_actor, lock, THING_MUTEX, ++pcs);
    lock_got(main_actor, lock, EXCLUSIVE, ++pcs);
    misuse(other, MISUSE_UNLOCK_OTHERS, THING_MUTEX, lock, NULL, ++pcs);
    assert_misuse(MISUSE_UNLOCK_OTHERS, 3);
    assert_int_equal(top_of(recorded_steps[0][0].stack), pcs);
    assert_int_equal(recorded_steps[0][1].role, STEP_TOOK);
    assert_int_equal(top_of(recorded_steps[0][1].stack), pcs - 1);
    assert_int_equal(recorded_steps[0][2].role, STEP_MADE);
    lock_gone(main_actor, lock);
}

static void destroyed_is_used(void **state)
{
    (void)state;
    assert_false(lock_used(main_actor, lock, THING_SEM, ++pcs));
    lock_destroyed(other, lock, THING_SEM, ++pcs);
    assert_true(lock_used(main_actor, lock, THING_SEM, ++pcs));
    assert_misuse(MISUSE_USE_DESTROYED, 2);
    assert_int_equal(recorded_steps[0][1].role, STEP_DESTROYED);
    assert_int_equal(top_of(recorded_steps[0][1].stack), pcs - 1);
    lock_made(main_actor, lock, THING_SEM, ++pcs);
    assert_false(lock_used(main_actor, lock, THING_SEM, ++pcs));
}

/* libc would have refused a destroyed mutex: an initializer has made it anew. */
static void taken_after_destroy(void **state)
{
    (void)state;
    lock_destroyed(other, lock, THING_MUTEX, ++pcs);
    lock_got(main_actor, lock, EXCLUSIVE, ++pcs);
    lock_gone(main_actor, lock);
    assert_int_equal(nrecorded, 0);
}

static void freed_while_held(void **state)
{
    (void)state;
    heap_alloc(main_actor, lock, 256, ++pcs);
    lock_got(main_actor, lock + 64, EXCLUSIVE, ++pcs);
    heap_free(main_actor, lock, ++pcs);
    assert_misuse(MISUSE_FREE_LOCKED, 2);
    /* The address may be anything now. */
    assert_false(lock_gone(main_actor, lock + 64));
}

static void freed_when_free(void **state)
{
    (void)state;
    heap_alloc(main_actor, lock, 256, ++pcs);
    lock_got(main_actor, lock + 64, EXCLUSIVE, ++pcs);
    lock_gone(main_actor, lock + 64);
    heap_free(main_actor, lock, ++pcs);
    assert_int_equal(nrecorded, 0);
}

static void made_while_held(void **state)
{
    (void)state;
    lock_got(other, lock, EXCLUSIVE, ++pcs);
    lock_made(main_actor, lock, THING_MUTEX, ++pcs);
    assert_misuse(MISUSE_INIT_LOCKED, 2);
}

static bool nobody(uintptr_t addr, enum thing thing)
{
    (void)addr;
    (void)thing;
    return false;
}

static bool everybody(uintptr_t addr, enum thing thing)
{
    (void)addr;
    (void)thing;
    return true;
}

static void held_at_the_end(void **state)
{
    (void)state;
    lock_got(other, lock, EXCLUSIVE, ++pcs);
    locks_at_end(other, everybody);
    assert_int_equal(nrecorded, 0);
    locks_at_end(other, nobody);
    assert_misuse(MISUSE_ENDS_HOLDING, 1);
    assert_int_equal(top_of(recorded_steps[0][0].stack), pcs);
}

static void copy_is_used(void **state)
{
    (void)state;
    lock_got(main_actor, lock, EXCLUSIVE, ++pcs);
    lock_gone(main_actor, lock);
    locks_copied(main_actor, lock + 1024, lock, 64, ++pcs);
    assert_int_equal(nrecorded, 0);
    lock_got(main_actor, lock + 1024, EXCLUSIVE, ++pcs);
    assert_misuse(MISUSE_COPIED, 3);
    lock_gone(main_actor, lock + 1024);
    lock_got(main_actor, lock + 1024, EXCLUSIVE, ++pcs); /* once is enough */
    lock_gone(main_actor, lock + 1024);
    assert_int_equal(nrecorded, 1);
}

static void moved_is_used(void **state)
{
    (void)state;
    heap_alloc(main_actor, lock, 64, ++pcs);
    lock_got(main_actor, lock, EXCLUSIVE, ++pcs);
    lock_gone(main_actor, lock);
    locks_copied(main_actor, lock + 1024, lock, 64, ++pcs);
    heap_free(main_actor, lock, ++pcs);
    lock_got(main_actor, lock + 1024, EXCLUSIVE, ++pcs);
    lock_gone(main_actor, lock + 1024);
    assert_int_equal(nrecorded, 0);
}

static void two_mutexes(void **state)
{
    (void)state;
    wait_begin(other, &(struct wait_for){.thing = THING_COND, .key = lock, .mutex = lock + 64}, ++pcs);
    wait_begin(main_actor, &(struct wait_for){.thing = THING_COND, .key = lock, .mutex = lock + 128, .how = HOW_TIMED},
               ++pcs);
    assert_misuse(MISUSE_TWO_MUTEXES, 1);
    wait_given_up(main_actor);
    wait_end(other);
    /* One after the other it is allowed. */
    wait_begin(main_actor, &(struct wait_for){.thing = THING_COND, .key = lock, .mutex = lock + 128, .how = HOW_TIMED},
               ++pcs);
    wait_given_up(main_actor);
    assert_int_equal(nrecorded, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(holder_is_shown), TEST(destroyed_is_used), TEST(taken_after_destroy), TEST(freed_while_held),
        TEST(freed_when_free), TEST(made_while_held),   TEST(held_at_the_end),     TEST(copy_is_used),
        TEST(moved_is_used),   TEST(two_mutexes),
    };
    return cmocka_run_group_tests(tests, recorder_start, NULL);
}
