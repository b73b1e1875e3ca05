/* Stacks of code without hooks are unwound once, as long as the cache has room for them. */
#include "../../detector/actor.h"
#include "../../detector/foreign.h"
#include "recorder.h"

static int unwound;
static uintptr_t place;

/* A caller that is the place's own. */
static int unwind(uintptr_t *pcs, int max)
{
    assert_true(max >= 2);
    unwound++;
    pcs[0] = place;
    pcs[1] = place + 0x1000;
    return 2;
}

static uint32_t stack_of(uintptr_t pc)
{
    place = pc;
    return foreign_stack(main_actor, pc, 0x7000);
}

/* n places of one set of the cache. */
static void of_one_set(uintptr_t *pcs, int n)
{
    struct foreign_cache none[FOREIGN];
    uintptr_t pc = 0x400000;
    for (int i = 0; i < n; pc += 0x10)
        if (foreign_set(none, pc, 0x7000) == foreign_set(none, 0x400000, 0x7000))
            pcs[i++] = pc;
}

/* Of three that are used in turn, two are in their set and one is in the neighbour's. */
static void test_three_of_a_set(void **state)
{
    (void)state;
    uintptr_t pcs[3];
    uint32_t stacks[3];
    of_one_set(pcs, 3);
    host.unwind = unwind;
    for (int i = 0; i < 3; i++)
        stacks[i] = stack_of(pcs[i]);
    assert_int_equal(unwound, 3);
    for (int round = 0; round < 10; round++)
        for (int i = 0; i < 3; i++)
            assert_int_equal(stack_of(pcs[i]), stacks[i]);
    assert_int_equal(unwound, 3);
    for (int i = 0; i < 3; i++)
        assert_int_equal(top_of(stacks[i]), pcs[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_three_of_a_set, recorder_clear),
    };
    return cmocka_run_group_tests(tests, recorder_start, NULL);
}
