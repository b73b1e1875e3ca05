/* Who waits for whom, with scripted actors: what closes a cycle, what leaves nobody, and what does not. */
#include "../../detector/wait.h"
#include "recorder.h"

#define ACTORS 3

static uintptr_t a, b;
static struct actor *actors[ACTORS];
static uintptr_t pcs = 0x1000;
static bool available;

static bool is_available(const struct wait_for *f)
{
    (void)f;
    return available;
}

static int set_up(void **state)
{
    recorder_clear(state);
    a = (uintptr_t)fresh_memory(4096);
    b = a + 64;
    available = false;
    for (int i = 0; i < ACTORS; i++)
        actors[i] = actor_born(main_actor, 1);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (int i = 0; i < ACTORS; i++) {
        if (!actors[i])
            continue;
        wait_end(actors[i]);
        actor_ends(actors[i]);
        actor_joins(main_actor, actors[i]);
    }
    wait_end(main_actor);
    return 0;
}

static void hold(int actor, uintptr_t lock, unsigned how)
{
    lock_got(actors[actor], lock, how, ++pcs);
}

static void wait_on(struct actor *by, enum thing thing, uint64_t key, unsigned how)
{
    wait_begin(by, &(struct wait_for){.thing = thing, .key = key, .how = how, .available = is_available}, ++pcs);
}

#define EXCLUSIVE HOW(THING_MUTEX, HOW_EXCLUSIVE)

static void mutual(void **state)
{
    (void)state;
    uintptr_t first = pcs;
    hold(0, a, EXCLUSIVE);
    hold(1, b, EXCLUSIVE);
    wait_on(actors[0], THING_MUTEX, b, HOW_EXCLUSIVE);
    assert_int_equal(nrecorded, 0);
    wait_on(actors[1], THING_MUTEX, a, HOW_EXCLUSIVE);
    assert_int_equal(nrecorded, 1);
    assert_int_equal(recorded[0].kind, FINDING_DEADLOCK);
    assert_int_equal(recorded[0].nsteps, 2);
    assert_int_equal(recorded_everybody, 0); /* main and another one still run */
    for (int i = 0; i < 2; i++) {
        const struct finding_step *s = &recorded_steps[0][i];
        int who = s->addr == a ? 1 : 0;
        assert_int_equal(top_of(s->stack), first + 3 + (uintptr_t)who);
        assert_int_equal(top_of(s->held[0].stack), first + 1 + (uintptr_t)who);
        assert_true(s->has_target);
    }
    assert_int_not_equal(recorded_steps[0][0].addr, recorded_steps[0][1].addr);
    /* A third one that comes later waits for nobody in a new way. */
    wait_on(actors[2], THING_MUTEX, a, HOW_EXCLUSIVE);
    assert_int_equal(nrecorded, 1);
}

static void time_limit(void **state)
{
    (void)state;
    hold(0, a, EXCLUSIVE);
    hold(1, b, EXCLUSIVE);
    wait_on(actors[0], THING_MUTEX, b, HOW_EXCLUSIVE | HOW_TIMED);
    wait_on(actors[1], THING_MUTEX, a, HOW_EXCLUSIVE);
    assert_int_equal(nrecorded, 0);
}

static void over(void **state)
{
    (void)state;
    hold(0, a, EXCLUSIVE);
    hold(1, b, EXCLUSIVE);
    wait_on(actors[0], THING_MUTEX, b, HOW_EXCLUSIVE);
    wait_end(actors[0]);
    wait_on(actors[1], THING_MUTEX, a, HOW_EXCLUSIVE);
    assert_int_equal(nrecorded, 0);
}

static void given_back(void **state)
{
    (void)state;
    hold(0, a, EXCLUSIVE);
    hold(1, b, EXCLUSIVE);
    wait_on(actors[0], THING_MUTEX, b, HOW_EXCLUSIVE);
    assert_true(lock_gone(actors[1], b));
    wait_on(actors[1], THING_MUTEX, a, HOW_EXCLUSIVE);
    assert_int_equal(nrecorded, 0);
}

static void itself(void **state)
{
    (void)state;
    hold(0, a, EXCLUSIVE);
    wait_on(actors[0], THING_MUTEX, a, HOW_EXCLUSIVE);
    assert_int_equal(nrecorded, 1);
    assert_int_equal(recorded[0].nsteps, 1);
}

static void upgrade(void **state)
{
    (void)state;
    hold(0, a, HOW(THING_RWLOCK, HOW_READERS_FIRST));
    wait_on(actors[0], THING_RWLOCK, a, HOW_EXCLUSIVE);
    assert_int_equal(nrecorded, 1);
}

/* A reader that comes again behind a writer that waits for it. */
static void reads_again(unsigned how)
{
    hold(0, a, HOW(THING_RWLOCK, how));
    wait_on(actors[1], THING_RWLOCK, a, HOW_EXCLUSIVE);
    wait_on(actors[0], THING_RWLOCK, a, how);
}

static void reads_again_behind_writer(void **state)
{
    (void)state;
    reads_again(0);
    assert_int_equal(nrecorded, 1);
    assert_int_equal(recorded[0].nsteps, 2);
}

static void reads_again_before_writer(void **state)
{
    (void)state;
    reads_again(HOW_READERS_FIRST);
    assert_int_equal(nrecorded, 0);
}

/* The wait on a condition cannot end without its mutex, signalled or not, timed or not. */
static void condition_and_mutex(void **state)
{
    (void)state;
    hold(0, a, EXCLUSIVE);
    hold(1, b, EXCLUSIVE);
    wait_begin(actors[0], &(struct wait_for){.thing = THING_COND, .key = a + 128, .mutex = b, .how = HOW_TIMED}, ++pcs);
    wait_on(actors[1], THING_MUTEX, a, HOW_EXCLUSIVE);
    assert_int_equal(nrecorded, 1);
    assert_int_equal(recorded[0].nsteps, 2);
}

static void join_and_mutex(void **state)
{
    (void)state;
    hold(0, a, EXCLUSIVE);
    wait_on(actors[1], THING_MUTEX, a, HOW_EXCLUSIVE);
    wait_begin(actors[0], &(struct wait_for){.thing = THING_THREAD, .key = 1, .target = actors[1]}, ++pcs);
    assert_int_equal(nrecorded, 1);
}

static void cancelled_join(void **state)
{
    (void)state;
    hold(0, a, EXCLUSIVE);
    wait_on(actors[1], THING_MUTEX, a, HOW_EXCLUSIVE);
    actor_cancelled(actors[0]);
    wait_begin(actors[0], &(struct wait_for){.thing = THING_THREAD, .key = 1, .target = actors[1]}, ++pcs);
    assert_int_equal(nrecorded, 0);
}

static void holder_has_ended(void **state)
{
    (void)state;
    hold(0, a, EXCLUSIVE);
    actor_ends(actors[0]);
    actor_joins(main_actor, actors[0]);
    actors[0] = NULL;
    wait_on(actors[1], THING_MUTEX, a, HOW_EXCLUSIVE);
    assert_int_equal(nrecorded, 1);
    assert_true(recorded_steps[0][0].target_ended);
    assert_int_equal(recorded_steps[0][1].role, STEP_TOOK);
}

/* ---- nobody is left ---- */

static void all_but_one_wait(unsigned how)
{
    for (int i = 0; i < ACTORS; i++)
        wait_on(actors[i], THING_SEM, a + 64 * (uintptr_t)i, i ? 0 : how);
    assert_int_equal(nrecorded, 0);
    wait_on(main_actor, THING_SEM, b, 0);
}

static void nobody_left(void **state)
{
    (void)state;
    all_but_one_wait(0);
    assert_int_equal(nrecorded, 1);
    assert_true(recorded[0].everybody);
    assert_int_equal(recorded[0].nsteps, ACTORS + 1);
    assert_int_equal(recorded_everybody, 1);
}

static void one_has_a_time_limit(void **state)
{
    (void)state;
    all_but_one_wait(HOW_TIMED);
    assert_int_equal(nrecorded, 0);
}

static void one_has_partners_outside(void **state)
{
    (void)state;
    all_but_one_wait(HOW_OUTSIDE);
    assert_int_equal(nrecorded, 0);
}

static void one_could_go_on(void **state)
{
    (void)state;
    available = true;
    all_but_one_wait(0);
    assert_int_equal(nrecorded, 0);
}

static void last_one_ends(void **state)
{
    (void)state;
    wait_on(main_actor, THING_SEM, a, 0);
    for (int i = 1; i < ACTORS; i++)
        wait_on(actors[i], THING_SEM, a, 0);
    assert_int_equal(nrecorded, 0);
    actor_ends(actors[0]);
    wait_check(NULL);
    assert_int_equal(nrecorded, 1);
    actor_joins(main_actor, actors[0]);
    actors[0] = NULL;
}

static void joins_one_who_has_ended(void **state)
{
    (void)state;
    for (int i = 1; i < ACTORS; i++)
        wait_on(actors[i], THING_SEM, a, 0);
    wait_begin(main_actor, &(struct wait_for){.thing = THING_THREAD, .key = 1, .target = actors[0]}, ++pcs);
    actor_ends(actors[0]);
    wait_check(NULL);
    assert_int_equal(nrecorded, 0); /* main is about to go on */
    wait_end(main_actor);
    actor_joins(main_actor, actors[0]);
    actors[0] = NULL;
}

static void wait_for_condition(struct actor *by)
{
    wait_begin(by, &(struct wait_for){.thing = THING_COND, .key = a, .mutex = b}, ++pcs);
}

static void signalled(void **state)
{
    (void)state;
    wait_for_condition(main_actor);
    for (int i = 1; i < ACTORS; i++)
        wait_for_condition(actors[i]);
    bool counted = wait_signalling(actors[0], a, false);
    wait_signalled(actors[0], a, false, counted);
    wait_for_condition(actors[0]);
    assert_int_equal(nrecorded, 0); /* one of them is on its way */
    wait_end(actors[1]);
    wait_for_condition(actors[1]);
    assert_int_equal(nrecorded, 1);
}

/* The first one that was woken is back while the second one is being woken: both were. */
static void back_while_signalling(void **state)
{
    (void)state;
    wait_for_condition(actors[1]);
    wait_for_condition(actors[2]);
    wait_signalled(actors[0], a, false, wait_signalling(actors[0], a, false));
    assert_true(condition_waited(actors[0], a));
    bool counted = wait_signalling(actors[0], a, false);
    wait_end(actors[1]);
    wait_signalled(actors[0], a, false, counted);
    assert_false(condition_waited(actors[0], a));
    wait_end(actors[2]);
}

/* Who began to wait when it looked as if nobody did is woken all the same. */
static void waits_while_signalling(void **state)
{
    (void)state;
    for (int all = 0; all < 2; all++) {
        bool counted = wait_signalling(actors[0], a, all);
        wait_for_condition(actors[1]);
        wait_signalled(actors[0], a, all, counted);
        assert_false(condition_waited(actors[0], a));
        wait_end(actors[1]);
    }
}

/* A deadlock of some, of which was told, and then the others wait for them: the end is told, not a finding. */
static void the_rest_joins(void **state)
{
    (void)state;
    mutual(state);
    wait_begin(main_actor, &(struct wait_for){.thing = THING_THREAD, .key = 1, .target = actors[0]}, ++pcs);
    assert_int_equal(nrecorded, 1);
    assert_int_equal(recorded_everybody, 1);
}

/* A goroutine on a thread that does not wait: nobody need count it, yet there is somebody who may be stuck. */
static void goroutine_of_a_thread_that_goes_on(void **state)
{
    (void)state;
    struct actor *green = actor_born_light(main_actor, ++pcs, 1, "g");
    for (int waits = 0; waits < 2; waits++) {
        const uint32_t before = waits_without_limit() + (uint32_t)waits;
        if (waits)
            wait_on(main_actor, THING_SEM, b, 0);
        actor_resume(green, main_actor);
        wait_parks(green, THING_CHANNEL, a, 0, ++pcs);
        assert_true(wait_active(green));
        assert_int_equal(waits_without_limit(), before + (uint32_t)waits);
        assert_true(waits_possible());
        wait_end(main_actor);
        assert_false(wait_woken(green)); /* it is counted off as it was counted, whatever the thread does now */
        assert_false(wait_active(green));
        assert_int_equal(waits_without_limit(), before - (uint32_t)waits);
        actor_suspend(green);
        actor_resume(main_actor, main_actor);
    }
    actor_resume(green, main_actor);
    actor_ends(green);
    actor_resume(main_actor, main_actor);
    assert_int_equal(nrecorded, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(mutual),
        TEST(time_limit),
        TEST(over),
        TEST(given_back),
        TEST(itself),
        TEST(upgrade),
        TEST(reads_again_behind_writer),
        TEST(reads_again_before_writer),
        TEST(condition_and_mutex),
        TEST(join_and_mutex),
        TEST(cancelled_join),
        TEST(holder_has_ended),
        TEST(nobody_left),
        TEST(one_has_a_time_limit),
        TEST(one_has_partners_outside),
        TEST(one_could_go_on),
        TEST(last_one_ends),
        TEST(joins_one_who_has_ended),
        TEST(signalled),
        TEST(back_while_signalling),
        TEST(waits_while_signalling),
        TEST(the_rest_joins),
        TEST(goroutine_of_a_thread_that_goes_on),
    };
    return cmocka_run_group_tests(tests, recorder_start, NULL);
}
