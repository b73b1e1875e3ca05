/* What a goroutine's record says when it begins: nothing of its arguments, which lay in the same place, nor of whoever had it before.
 * A detector would show the one or the other as the place of a call that this goroutine never made. */
#include "rt.h"
#include "run.h"

enum { GOROUTINES = 8 };

static goro_waitgroup all;

static void begins(int64_t first, int64_t second, int64_t third)
{
    const struct rt_g *g = rt_self();
    CHECK_EQ(g->pc, 0);
    CHECK_EQ(g->children, 0);
    CHECK_EQ(first + second + third, 3 * second);
    goro_waitgroup_done(&all);
}

static void leaves_its_mark(void)
{
    struct rt_g *g = rt_self();
    g->pc = (uintptr_t)leaves_its_mark; /* as each call of the API does when somebody listens */
    goro_waitgroup_done(&all);
}

static void begins_without_arguments(void)
{
    CHECK_EQ(rt_self()->pc, 0);
    goro_waitgroup_done(&all);
}

GORO_TEST(arguments_are_gone)
{
    goro_waitgroup_add(&all, GOROUTINES);
    for (int64_t i = 0; i < GOROUTINES; i++)
        CHECK_EQ(goro_go(begins, 0x1000 + i, 0x1001 + i, 0x1002 + i), 0);
    goro_waitgroup_wait(&all);
}

GORO_TEST(former_owner_is_gone)
{
    for (int round = 0; round < 2; round++) {
        goro_waitgroup_add(&all, GOROUTINES);
        for (int i = 0; i < GOROUTINES; i++)
            CHECK_EQ(round ? goro_go(begins_without_arguments) : goro_go(leaves_its_mark), 0);
        goro_waitgroup_wait(&all);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arguments_are_gone),
        cmocka_unit_test(former_owner_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
