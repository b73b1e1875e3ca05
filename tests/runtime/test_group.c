/* Groups beyond what go_group.c asks: tasks that end their goroutine, and groups within groups. */
#include "run.h"

static int exits(void *arg)
{
    goro_yield();
    if (arg)
        goro_exit();
    return -EIO;
}

/* goro_exit in a task gives its place back and counts as success. */
GORO_TEST(tasks_that_end_their_goroutine)
{
    goro_group g = {0};
    goro_group_limit(&g, 2);
    for (int i = 0; i < 20; i++)
        CHECK_EQ(goro_group_go(&g, exits, &g), 0);
    CHECK_EQ(goro_group_wait(&g), 0);
    CHECK_EQ(goro_group_go(&g, exits, NULL), 0);
    CHECK_EQ(goro_group_wait(&g), -EIO);
}

GORO_TEST(no_limit)
{
    goro_group g;
    goro_group_init(&g, NULL);
    goro_group_limit(&g, -1);
    for (int i = 0; i < 100; i++)
        CHECK(goro_group_try_go(&g, exits, &g));
    CHECK_EQ(goro_group_wait(&g), 0);
    CHECK(goro_group_context(&g) == goro_context_background()); /* its own was released */
}

static int inner(void *arg)
{
    goro_group g;
    goro_group_init(&g, goro_group_context(arg));
    for (int i = 0; i < 5; i++)
        goro_group_go(&g, exits, i == 4 ? NULL : &g);
    return goro_group_wait(&g);
}

GORO_TEST(groups_in_groups)
{
    goro_group g;
    goro_group_init(&g, NULL);
    for (int i = 0; i < 5; i++)
        goro_group_go(&g, inner, &g);
    CHECK_EQ(goro_group_wait(&g), -EIO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tasks_that_end_their_goroutine),
        cmocka_unit_test(no_limit),
        cmocka_unit_test(groups_in_groups),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
