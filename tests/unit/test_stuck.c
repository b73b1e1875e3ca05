/* Who can never go on, with scripted actors whose stacks, blocks and globals are plain memory: what leads to an object, what does
 * not, and where nothing may be claimed. */
#include "recorder.h"

#include "../../detector/actor.h"

#define ACTORS 4
#define WORDS 512

static struct actor *actors[ACTORS];
static uintptr_t *stack[ACTORS], *main_stack, *globals, *block[ACTORS];
static uintptr_t pcs = 0x2000;
static uint64_t kernel_word;
static uintptr_t registers[PARKED_REGISTER_COUNT];
static struct stuck_look look;

/* Stacks are in use from their middle on. */
static uintptr_t sp_of(const uintptr_t *memory)
{
    return (uintptr_t)(memory + WORDS / 2);
}

static void name_memory(const struct stuck_look *l)
{
    assert_ptr_equal(l, &look);
    left_root((uintptr_t)globals, WORDS * sizeof *globals);
    if (kernel_word)
        left_word(kernel_word, 7);
}

static int set_up(void **state)
{
    recorder_clear(state);
    kernel_word = 0;
    main_stack = fresh_memory(WORDS * sizeof *main_stack);
    globals = fresh_memory(WORDS * sizeof *globals);
    actor_starts(main_actor, 1, (uintptr_t)main_stack, WORDS * sizeof *main_stack);
    for (int i = 0; i < ACTORS; i++) {
        stack[i] = fresh_memory(WORDS * sizeof *stack[i]);
        block[i] = fresh_memory(WORDS * sizeof *block[i]);
        heap_alloc(main_actor, (uintptr_t)block[i], 256, ++pcs);
        actors[i] = actor_born(main_actor, 1);
        actor_starts(actors[i], 2 + i, (uintptr_t)stack[i], WORDS * sizeof *stack[i]);
    }
    look = (struct stuck_look){.sp = sp_of(main_stack), .registers = registers, .pages = 1000, .suspected = true, .name_memory = name_memory};
    return 0;
}

static void end_actor(int i)
{
    actor_unparks(actors[i]);
    wait_end(actors[i]);
    for (unsigned n = actors[i]->nheld; n > 0; n--)
        lock_gone(actors[i], actors[i]->held[n - 1].addr);
    actor_ends(actors[i]);
    actor_joins(main_actor, actors[i]);
    actors[i] = NULL;
}

static int tear_down(void **state)
{
    (void)state;
    for (int i = 0; i < ACTORS; i++) {
        if (actors[i])
            end_actor(i);
        heap_free(main_actor, (uintptr_t)block[i], ++pcs);
    }
    return 0;
}

/* Those that a test has no use for. */
static void only(int n)
{
    for (int i = n; i < ACTORS; i++)
        end_actor(i);
}

static void wait_as(int i, struct wait_for f)
{
    wait_begin(actors[i], &f, ++pcs);
    actors[i]->wait.sp = sp_of(stack[i]);
}

static void wait_on(int i, const uintptr_t *object)
{
    wait_as(i, (struct wait_for){.thing = THING_COND, .key = (uintptr_t)object});
}

static void parks(int i)
{
    actor_parks(actors[i], "poll", -1, sp_of(stack[i]));
}

static void looked(unsigned proved, unsigned waiting)
{
    stuck_look(main_actor, &look);
    assert_true(look.known);
    assert_int_equal(look.proved, proved);
    assert_int_equal(look.waiting, waiting);
}

static void nobody_leads_there(void **state)
{
    (void)state;
    only(1);
    wait_on(0, block[0]);
    stack[0][WORDS - 1] = (uintptr_t)block[0]; /* its own stack does not count */
    block[1][0] = (uintptr_t)block[0];         /* nor a block that nobody leads to */
    looked(1, 0);
    assert_int_equal(nrecorded, 1);
    assert_int_equal(recorded[0].kind, FINDING_STUCK);
    assert_int_equal(recorded[0].tier, TIER_HAPPENED);
    assert_int_equal(recorded[0].nsteps, 1);
    assert_int_equal(recorded_steps[0][0].addr, (uintptr_t)block[0]);
    assert_int_equal(recorded_steps[0][0].actor.number, actors[0]->number);
    assert_int_equal(top_of(recorded_steps[0][0].stack), pcs);
    looked(1, 0); /* again: still so, but not told twice */
    assert_int_equal(nrecorded, 1);
}

static unsigned asked;

static enum asleep sleeps_at_last(enum sleeper (*who)(int tid))
{
    (void)who;
    return ++asked < 200 ? ASLEEP_NOT_YET : ASLEEP_ALL;
}

/* One that has given up its mutex and gets no processor for a while, on which it would begin to sleep. */
static void on_its_way_to_sleep(void **state)
{
    (void)state;
    only(1);
    wait_on(0, block[0]);
    host.asleep = sleeps_at_last;
    looked(1, 0);
    host.asleep = NULL;
    assert_int_equal(asked, 200);
}

static void global_leads_there(void **state)
{
    (void)state;
    only(1);
    wait_on(0, block[0] + 3);
    globals[7] = (uintptr_t)block[1] + 16; /* into it, not to its begin */
    block[1][2] = (uintptr_t)block[0];
    looked(0, 1);
    assert_int_equal(nrecorded, 1);
    assert_int_equal(recorded[0].tier, TIER_SUSPECTED);
    assert_int_equal(recorded[0].npath, 3);
    assert_int_equal(recorded_paths[0][0].kind, OBJECT_GLOBAL);
    assert_int_equal(recorded_paths[0][0].base, (uintptr_t)&globals[7]);
    assert_int_equal(recorded_paths[0][1].kind, OBJECT_HEAP);
    assert_int_equal(recorded_paths[0][1].base, (uintptr_t)block[1]);
    assert_int_equal(recorded_paths[0][2].base, (uintptr_t)block[0]);
    assert_int_equal(recorded_paths[0][2].size, 256);
}

static void suspects_are_not_told_unasked(void **state)
{
    (void)state;
    only(1);
    wait_on(0, block[0]);
    globals[7] = (uintptr_t)block[0];
    look.suspected = false;
    looked(0, 1);
    assert_int_equal(nrecorded, 0);
}

static void object_is_a_global(void **state)
{
    (void)state;
    only(1);
    wait_on(0, globals + 9);
    looked(0, 1);
    assert_int_equal(recorded[0].npath, 1);
    assert_int_equal(recorded_paths[0][0].kind, OBJECT_GLOBAL);
    assert_int_equal(recorded_paths[0][0].base, (uintptr_t)(globals + 9));
}

static void caller_leads_there(void **state)
{
    (void)state;
    only(1);
    wait_on(0, block[0]);
    main_stack[WORDS - 2] = (uintptr_t)block[0];
    looked(0, 1);
    assert_int_equal(recorded_paths[0][0].kind, OBJECT_STACK);
    main_stack[WORDS - 2] = 0;
    main_stack[1] = (uintptr_t)block[0]; /* below the stack pointer: of calls that are over */
    registers[2] = (uintptr_t)block[0];
    looked(0, 1);
    registers[2] = 0;
    looked(1, 0);
}

static void sleeper_leads_there(void **state)
{
    (void)state;
    only(2);
    wait_on(0, block[0]);
    parks(1);
    stack[1][WORDS - 2] = (uintptr_t)block[0];
    looked(0, 1);
    stack[1][WORDS - 2] = 0;
    stack[1][1] = (uintptr_t)block[0];
    looked(1, 0);
}

static void kernel_leads_there(void **state)
{
    (void)state;
    only(1);
    wait_on(0, block[0]);
    kernel_word = (uintptr_t)block[0];
    looked(0, 1);
    assert_int_equal(recorded_paths[0][0].kind, OBJECT_FD);
    assert_int_equal(recorded_paths[0][0].base, 7);
}

/* Who can be woken may wake the next one. */
static void chain(void **state)
{
    (void)state;
    only(3);
    for (int i = 0; i < 3; i++)
        wait_on(i, block[i]);
    stack[0][WORDS - 1] = (uintptr_t)block[1];
    stack[1][WORDS - 1] = (uintptr_t)block[2];
    globals[0] = (uintptr_t)block[0];
    looked(0, 3);
    globals[0] = 0;
    looked(3, 0);
}

static void only_one_another(void **state)
{
    (void)state;
    only(2);
    wait_on(0, block[0]);
    wait_on(1, block[1]);
    stack[0][WORDS - 1] = (uintptr_t)block[1];
    stack[1][WORDS - 1] = (uintptr_t)block[0];
    looked(2, 0);
    assert_int_equal(nrecorded, 2);
}

static void same_place(void **state)
{
    (void)state;
    only(2);
    wait_on(0, block[0]);
    pcs--;
    wait_on(1, block[1]);
    looked(2, 0);
    assert_int_equal(nrecorded, 1);
    assert_int_equal(recorded[0].nsteps, 2);
}

#define EXCLUSIVE HOW(THING_MUTEX, HOW_EXCLUSIVE)

/* Everybody can reach the lock, and only its holder can give it up. */
static void holder_is_stuck(void **state)
{
    (void)state;
    only(2);
    lock_got(actors[0], (uintptr_t)&globals[4], EXCLUSIVE, ++pcs);
    wait_on(0, block[0]);
    wait_as(1, (struct wait_for){.thing = THING_MUTEX, .how = HOW_EXCLUSIVE, .key = (uintptr_t)&globals[4]});
    globals[0] = (uintptr_t)block[0];
    looked(0, 2);
    globals[0] = 0;
    looked(2, 0);
}

static void joins_the_stuck(void **state)
{
    (void)state;
    only(2);
    wait_on(0, block[0]);
    wait_as(1, (struct wait_for){.thing = THING_THREAD, .key = 1, .target = actors[0]});
    looked(2, 0);
}

static void at_the_end(void **state)
{
    (void)state;
    only(3);
    look.at_end = true;
    wait_on(0, block[0]);
    wait_as(1, (struct wait_for){.thing = THING_THREAD, .key = 1, .target = actors[0]});
    parks(2);
    looked(0, 2); /* a worker without work, and who waits for its end */
    wait_end(actors[0]);
    lock_got(actors[0], (uintptr_t)&globals[4], EXCLUSIVE, ++pcs);
    wait_on(0, block[0]);
    actor_unparks(actors[2]);
    wait_as(2, (struct wait_for){.thing = THING_MUTEX, .how = HOW_EXCLUSIVE, .key = (uintptr_t)&globals[4]});
    looked(2, 1); /* a lock that is not given up */
}

static void may_end_by_itself(void **state)
{
    (void)state;
    only(3);
    wait_as(0, (struct wait_for){.thing = THING_COND, .key = (uintptr_t)block[0], .how = HOW_TIMED});
    wait_as(1, (struct wait_for){.thing = THING_SEM, .key = (uintptr_t)block[1], .how = HOW_OUTSIDE});
    wait_on(2, block[2]);
    actor_cancelled(actors[2]);
    looked(0, 0);
    assert_int_equal(nrecorded, 0);
}

/* What the one who waits with a time limit leads to. */
static void roots_that_wait(void **state)
{
    (void)state;
    only(2);
    wait_as(0, (struct wait_for){.thing = THING_COND, .key = (uintptr_t)block[0], .how = HOW_TIMED});
    wait_on(1, block[1]);
    stack[0][WORDS - 1] = (uintptr_t)block[1];
    looked(0, 1);
}

static void may_be_cancelled(void **state)
{
    (void)state;
    only(2);
    look.cancels = true;
    lock_got(actors[0], (uintptr_t)&globals[4], EXCLUSIVE, ++pcs);
    wait_on(0, block[0]);
    wait_as(1, (struct wait_for){.thing = THING_MUTEX, .how = HOW_EXCLUSIVE, .key = (uintptr_t)&globals[4]});
    looked(0, 1);
    look.cancels = false;
    looked(2, 0);
}

static void somebody_runs(void **state)
{
    (void)state;
    only(2);
    wait_on(0, block[0]);
    look.tries = 1;
    stuck_look(main_actor, &look);
    assert_false(look.known);
    assert_int_equal(look.proved, 0);
    assert_int_equal(nrecorded, 0);
    parks(1); /* ... and when it sleeps: */
    looked(1, 0);
}

static void too_much_memory(void **state)
{
    (void)state;
    only(1);
    wait_on(0, block[0]);
    look.pages = 1;
    look.suspected = false;
    stuck_look(main_actor, &look);
    assert_false(look.known);
    assert_int_equal(nrecorded, 0);
}

/* A stack in a block that the program has allocated for it is a piece of its own. */
static void stack_in_a_block(void **state)
{
    (void)state;
    only(1);
    heap_alloc(main_actor, (uintptr_t)stack[0], WORDS * sizeof *stack[0], ++pcs);
    globals[0] = (uintptr_t)stack[0];
    stack[0][WORDS - 1] = (uintptr_t)block[0];
    wait_on(0, block[0]);
    looked(1, 0);
    heap_free(main_actor, (uintptr_t)stack[0], ++pcs);
}

/* ---- the end of the goroutines' runtime ---- */

static void left(struct actor *a, const uintptr_t *object, bool by_stack, const uintptr_t *its_stack)
{
    actor_suspend(main_actor);
    actor_resume(a, main_actor);
    wait_begin(a, &(struct wait_for){.thing = THING_CHANNEL, .key = (uintptr_t)object}, ++pcs);
    actor_suspend(a);
    actor_resume(main_actor, main_actor);
    left_waiting(a, (uintptr_t)object, by_stack, sp_of(its_stack), WORDS / 2 * sizeof *its_stack);
}

static void end_green(struct actor *a)
{
    assert_false(wait_woken(a));
    actor_suspend(main_actor);
    actor_resume(a, main_actor);
    actor_ends(a);
    actor_resume(main_actor, main_actor);
}

static void left_goroutines(void **state)
{
    (void)state;
    struct actor *green[3];
    only(0);
    actor_has_locals(main_actor, (uintptr_t)&main_stack[WORDS - 8], 16);
    assert_true(left_begin());
    name_memory(&look);
    left_hole((uintptr_t)&globals[100], 8 * sizeof *globals);
    globals[101] = (uintptr_t)block[0]; /* in the runtime's own memory */
    globals[5] = (uintptr_t)block[2];
    stack[1][WORDS - 1] = (uintptr_t)block[1]; /* of a select: its channel */
    for (int i = 0; i < 3; i++) {
        green[i] = actor_born_light(main_actor, ++pcs, (uint64_t)i + 10, "g");
        left(green[i], i == 1 ? NULL : block[i], i == 1, stack[i]);
    }
    left_end(main_actor, sp_of(main_stack), registers, true);
    assert_int_equal(nrecorded, 2);
    assert_int_equal(recorded_steps[0][0].actor.goroutine + recorded_steps[1][0].actor.goroutine, 10 + 11);
    for (int i = 0; i < 3; i++) {
        end_green(green[i]);
    }
}

static void left_without_roots(void **state)
{
    (void)state;
    only(0);
    struct actor *green = actor_born_light(main_actor, ++pcs, 20, "g");
    assert_true(left_begin());
    left(green, block[0], false, stack[0]);
    left_end(main_actor, sp_of(main_stack), registers, false);
    assert_int_equal(nrecorded, 0);
    end_green(green);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(nobody_leads_there),
        TEST(on_its_way_to_sleep),
        TEST(global_leads_there),
        TEST(suspects_are_not_told_unasked),
        TEST(object_is_a_global),
        TEST(caller_leads_there),
        TEST(sleeper_leads_there),
        TEST(kernel_leads_there),
        TEST(chain),
        TEST(only_one_another),
        TEST(same_place),
        TEST(holder_is_stuck),
        TEST(joins_the_stuck),
        TEST(at_the_end),
        TEST(may_end_by_itself),
        TEST(roots_that_wait),
        TEST(may_be_cancelled),
        TEST(somebody_runs),
        TEST(too_much_memory),
        TEST(stack_in_a_block),
        TEST(left_goroutines),
        TEST(left_without_roots),
    };
    return cmocka_run_group_tests(tests, recorder_start, NULL);
}
