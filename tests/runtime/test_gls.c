/* Goroutine-local storage: values are a goroutine's own, also over switches and reuse, and are destroyed with it. */
#include "run.h"

static goro_key plain, counted, again;
static int destroyed, rounds;

static void destroy(void *value)
{
    goro_atomic_add(&destroyed, *(int *)value);
}

static void set_again(void *value)
{
    if (++*(int *)value < 100)
        goro_key_set(again, value);
}

static void own(int number)
{
    int mine = number;
    CHECK(goro_key_get(plain) == NULL);
    CHECK(goro_key_get(counted) == NULL);
    CHECK_EQ(goro_key_set(plain, &mine), 0);
    CHECK_EQ(goro_key_set(counted, NULL), 0);
    for (int i = 0; i < 5; i++) {
        goro_yield();
        CHECK(goro_key_get(plain) == &mine);
    }
    static int one = 1;
    CHECK_EQ(goro_key_set(counted, &one), 0);
    if (number % 2)
        goro_exit();
}

GORO_TEST(values_are_a_goroutines_own)
{
    enum { N = 300 };
    destroyed = 0;
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < N; i++)
            goro_go(own, i);
        while (goro_num_goroutines() > 1)
            goro_yield();
        CHECK_EQ(goro_atomic_load(&destroyed), N * (round + 1));
    }
    CHECK(goro_key_get(plain) == NULL);
}

static void set_counter(void)
{
    CHECK_EQ(goro_key_set(again, &rounds), 0);
}

GORO_TEST(destructors_that_set_values_end)
{
    rounds = 0;
    goro_go(set_counter);
    while (goro_num_goroutines() > 1)
        goro_yield();
    CHECK_EQ(rounds, 4);
}

/* The main goroutine's values are destroyed, too: looked at by the next test. */
GORO_TEST(main_sets_a_value)
{
    static int ten = 10;
    destroyed = 0;
    CHECK_EQ(goro_key_set(counted, &ten), 0);
}

GORO_TEST(main_has_ended)
{
    CHECK_EQ(destroyed, 10);
    CHECK(goro_key_get(counted) == NULL);
}

GORO_TEST(keys_run_out)
{
    goro_key key;
    int made = 0;
    CHECK_EQ(goro_key_set(127, &made), -EINVAL);
    while (goro_key_create(&key, NULL) == 0)
        made++;
    CHECK_EQ(made, 128 - 3);
    CHECK_EQ(goro_key_create(&key, NULL), -EAGAIN);
    CHECK_EQ(goro_key_set(127, &made), 0);
    CHECK(goro_key_get(127) == &made);
    CHECK_EQ(goro_key_set(128, &made), -EINVAL);
    CHECK(goro_key_get(128) == NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_a_goroutines_own),
        cmocka_unit_test(destructors_that_set_values_end),
        cmocka_unit_test(main_sets_a_value),
        cmocka_unit_test(main_has_ended),
        cmocka_unit_test(keys_run_out),
    };
    if (goro_key_create(&plain, NULL) || goro_key_create(&counted, destroy) || goro_key_create(&again, set_again))
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
