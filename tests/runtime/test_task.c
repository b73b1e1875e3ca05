/* Goroutines: arguments, order, yield, exit, many. */
#include <string.h>

#include "run.h"

static int total;

static void add(int n)
{
    __atomic_add_fetch(&total, n, __ATOMIC_RELAXED);
}

static void wait_total(int n)
{
    while (__atomic_load_n(&total, __ATOMIC_ACQUIRE) != n)
        goro_yield();
}

GORO_TEST(test_spawn)
{
    total = 0;
    for (int i = 1; i <= 10000; i++)
        CHECK_EQ(goro_go(add, i), 0);
    wait_total(10000 * 10001 / 2);
}

static void mixed(const char *text, double d, char c, float f, long l, int *out)
{
    *out = strcmp(text, "text") == 0 && d == 2.5 && c == 'c' && f == 0.5f && l == -7;
    add(1);
}

GORO_TEST(test_arguments)
{
    int right = 0;
    const char *text = "text";
    total = 0;
    goro_go(mixed, text, 2.5, (char)'c', 0.5f, -7L, &right);
    wait_total(1);
    CHECK(right);
}

static void tree(int depth)
{
    if (depth > 0) {
        goro_go(tree, depth - 1);
        goro_go(tree, depth - 1);
    } else {
        add(1);
    }
}

GORO_TEST(test_tree)
{
    total = 0;
    goro_go(tree, 14);
    wait_total(1 << 14);
}

static void yielder(int times)
{
    while (times-- > 0)
        goro_yield();
    add(1);
}

GORO_TEST(test_yield)
{
    total = 0;
    for (int i = 0; i < 100; i++)
        goro_go(yielder, 1000);
    wait_total(100);
}

static void leaver(void)
{
    add(1);
    goro_exit();
    add(100);
}

GORO_TEST(test_exit)
{
    total = 0;
    for (int i = 0; i < 10; i++)
        goro_go(leaver);
    wait_total(10);
}

GORO_TEST(test_not_waited_for)
{
    for (int i = 0; i < 1000; i++)
        goro_go(yielder, 1 << 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spawn), cmocka_unit_test(test_arguments), cmocka_unit_test(test_tree),
        cmocka_unit_test(test_yield), cmocka_unit_test(test_exit),      cmocka_unit_test(test_not_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
