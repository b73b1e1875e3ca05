/* The calling context: what was entered and not left is the stack of an access, as one number. */
#include "../../detector/access.h"
#include "recorder.h"

static void assert_stack(uint32_t stack, const uintptr_t *want, int n)
{
    uintptr_t pcs[64];
    assert_int_equal(context_pcs(stack, pcs, 64), n);
    for (int i = 0; i < n; i++)
        assert_int_equal(pcs[i], want[i]);
}

static void test_enter_and_exit(void **state)
{
    (void)state;
    uint32_t empty = main_actor->context;
    func_enter(main_actor, 0x100, 0x9000);
    func_enter(main_actor, 0x200, 0x8000);
    uint32_t deep = context_stack(main_actor, 0x300);
    assert_stack(deep, (uintptr_t[]){0x300, 0x200, 0x100}, 3);
    func_exit(main_actor);
    assert_stack(context_stack(main_actor, 0x300), (uintptr_t[]){0x300, 0x100}, 2);
    /* The same way again is the same number; another caller makes another one. */
    func_enter(main_actor, 0x200, 0x8000);
    assert_int_equal(context_stack(main_actor, 0x300), deep);
    func_exit(main_actor);
    func_enter(main_actor, 0x201, 0x8000);
    assert_int_not_equal(context_stack(main_actor, 0x300), deep);
    func_exit(main_actor);
    func_exit(main_actor);
    assert_int_equal(main_actor->context, empty);
    /* One too many, as in code that was entered before the detector was there. */
    func_exit(main_actor);
    assert_int_equal(main_actor->context, empty);
}

static void test_longjmp(void **state)
{
    (void)state;
    func_enter(main_actor, 0x100, 0x9000);
    func_enter(main_actor, 0x200, 0x8000);
    func_enter(main_actor, 0x300, 0x7000);
    func_enter(main_actor, 0x400, 0x6000);
    /* Back into the function that 0x200 returns from: frames called below its stack pointer have gone. */
    context_unwound(main_actor, 0x7800);
    assert_stack(context_stack(main_actor, 0x500), (uintptr_t[]){0x500, 0x200, 0x100}, 3);
    func_exit(main_actor);
    func_exit(main_actor);
}

static void test_deep(void **state)
{
    (void)state;
    enum { DEPTH = 100000 };
    static uintptr_t pcs[DEPTH + 1];
    uint32_t empty = main_actor->context;
    for (uintptr_t i = 0; i < DEPTH; i++)
        func_enter(main_actor, 0x1000 + i % 7, 0x900000 - i);
    assert_int_equal(context_pcs(context_stack(main_actor, 0x2000), pcs, DEPTH + 1), DEPTH + 1);
    for (uintptr_t i = 0; i < DEPTH; i++)
        assert_int_equal(pcs[DEPTH - i], 0x1000 + i % 7);
    for (int i = 0; i < DEPTH; i++)
        func_exit(main_actor);
    assert_int_equal(main_actor->context, empty);
}

/* Both sides of a race show the stack of their own moment, long after it. */
static void test_in_a_finding(void **state)
{
    (void)state;
    char *x = fresh_memory(4096);
    struct actor *a = actor_born(main_actor, 0x42);
    func_enter(a, 0x700, 0x9000);
    access_fast(a, (uintptr_t)x, 4, ACCESS_WRITE, 0x701);
    func_exit(a);
    func_enter(a, 0x800, 0x9000);
    func_enter(main_actor, 0x900, 0x9000);
    access_fast(main_actor, (uintptr_t)x, 4, ACCESS_READ, 0x901);
    func_exit(main_actor);
    func_exit(a);
    assert_int_equal(nrecorded, 1);
    assert_stack(recorded[0].access[0].stack, (uintptr_t[]){0x901, 0x900}, 2);
    assert_stack(recorded[0].access[1].stack, (uintptr_t[]){0x701, 0x700}, 2);
    actor_ends(a);
    actor_joins(main_actor, a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_enter_and_exit, recorder_clear),
        cmocka_unit_test_setup(test_longjmp, recorder_clear),
        cmocka_unit_test_setup(test_deep, recorder_clear),
        cmocka_unit_test_setup(test_in_a_finding, recorder_clear),
    };
    return cmocka_run_group_tests(tests, recorder_start, NULL);
}
