/* Memory of the core: what large blocks do when they are given back. Seen to fail without os_drop in arena_free. */
#include "../../detector/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../support/resident.h"

#define LARGE ((size_t)4 << 20)

static void test_large_blocks_keep_no_memory(void **state)
{
    (void)state;
    char *first = arena_alloc(LARGE);
    assert_non_null(first);
    memset(first, 1, LARGE);
    const long before = resident_bytes();
    arena_free(first, LARGE);
    assert_in_range(before - resident_bytes(), LARGE / 2, 2 * LARGE);
    char *again = arena_alloc(LARGE);
    assert_ptr_equal(again, first);
    memset(again, 2, LARGE);
    assert_int_equal(again[LARGE - 1], 2);
    arena_free(again, LARGE);
}

static void test_small_blocks_are_given_out_again(void **state)
{
    (void)state;
    void *first = arena_alloc(100), *other = arena_alloc(100);
    assert_ptr_not_equal(first, other);
    arena_free(first, 100);
    assert_ptr_equal(arena_alloc(97), first); /* of the same class */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_large_blocks_keep_no_memory),
        cmocka_unit_test(test_small_blocks_are_given_out_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
