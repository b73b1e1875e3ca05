/* The table of what an actor has taken under what it held: whatever was put in is found, however it lies in there, and every
 * reference comes back once. What is settled stays so until the actor tells somebody, or an edge is found to lie on a cycle.
 *
 * Seen to fail with lines of settled keys that are true for ever, and with keys on cycles among them. */
#include "../../detector/lock_nesting.h"
#include "script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define KEYS 140000 /* more than there can be places */

static struct actor actor;
static struct gates gates[KEYS];
static uint64_t keys[KEYS];
static size_t dropped;

static void drop(struct gates *g)
{
    assert_int_equal(g->n, 0);
    g->n = 1;
    dropped++;
}

static int begin(void **unused)
{
    (void)unused;
    dropped = 0;
    for (size_t i = 0; i < KEYS; i++)
        gates[i] = (struct gates){.refs = 1};
    return 0;
}

static void put(size_t i, uint64_t held, uint64_t id)
{
    actor.held_hash = held;
    keys[i] = nesting_key(&actor, id, HOW_EXCLUSIVE);
    const struct nesting k = {keys[i], i + 1};
    nesting_put(&actor, &k, &gates[i], drop);
}

static void assert_there(size_t i)
{
    const struct nesting *k = nesting_find(&actor, keys[i]);
    assert_non_null(k);
    assert_int_equal(k->epoch, i + 1);
    assert_ptr_equal(*nesting_gates(actor.nestings, k), &gates[i]);
}

static void end(size_t kept)
{
    nestings_drop(&actor, drop);
    assert_null(actor.nestings);
    assert_int_equal(dropped, kept);
}

/* Many under the same locks, so that blocks overflow, and locks that are held alone, so that the table grows. */
static void test_all_are_found(void **unused)
{
    (void)unused;
    uint64_t state = 1;
    const size_t n = 30000;
    for (size_t i = 0; i < n; i++) {
        put(i, i % 3 ? script_random(&state) : 0x123456789abcdef1 * (1 + i % 7), i);
        if (i % 1000 == 0)
            for (size_t j = 0; j <= i; j++)
                assert_there(j);
    }
    assert_int_equal(dropped, 0);
    assert_int_equal(actor.nestings->used, n);
    for (size_t i = 0; i < n; i++)
        assert_there(i);
    for (size_t i = 0; i < n; i++)
        assert_null(nesting_find(&actor, keys[i] ^ (uint64_t)1 << 63));
    end(n);
}

/* What few locks lead to does not make it large. */
static void test_growth(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < 256; i++)
        put(i, 0x123456789abcdef1, i);
    assert_true(actor.nestings->size <= 1024);
    end(256);
}

static void test_put_again(void **unused)
{
    (void)unused;
    put(0, 5, 1);
    put(1, 5, 1);
    assert_int_equal(dropped, 1);
    assert_there(1);
    assert_int_equal(actor.nestings->used, 1);
    end(2);
}

/* When it cannot grow any more, the latest is always there, and what it drives out is given back. */
static void test_full(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < KEYS; i++) {
        put(i, 77, i);
        assert_there(i);
    }
    assert_true(dropped > 0);
    assert_int_equal(actor.nestings->used + dropped, KEYS);
    end(KEYS);
}

/* Once other edges lie on cycles nothing of it is known any more. */
static void test_seen(void **unused)
{
    (void)unused;
    put(0, 5, 1);
    cycles_marked++;
    assert_null(nesting_find(&actor, keys[0]));
    nestings_empty(actor.nestings, drop);
    actor.nestings->seen = cycles_marked;
    assert_int_equal(actor.nestings->used, 0);
    assert_null(nesting_find(&actor, keys[0]));
    put(1, 5, 1);
    assert_there(1);
    end(2);
}

static bool settled(size_t i)
{
    actor.held_hash = i < 100 ? 5 : 1000 * i;
    return nesting_settled(&actor, keys[i]);
}

static bool found_new(size_t i)
{
    const struct nesting *k = nesting_find(&actor, keys[i]);
    return k && nesting_is_new(&actor, k);
}

static size_t settle_all(size_t n)
{
    size_t found = 0;
    for (size_t i = 0; i < n; i++) {
        actor.held_hash = i < 100 ? 5 : 1000 * i;
        found += found_new(i);
    }
    return found;
}

/* More under the same locks than two lines hold, and some that are taken under others. */
static void test_settled(void **unused)
{
    (void)unused;
    const size_t n = 200;
    for (size_t i = 0; i < n; i++)
        put(i, i < 100 ? 5 : 1000 * i, i);
    for (size_t i = 0; i < n; i++)
        assert_false(settled(i)); /* nobody has asked yet */
    assert_int_equal(settle_all(n), n);
    size_t there = 0;
    for (size_t i = 0; i < n; i++) {
        there += settled(i);
        assert_false(nesting_settled(&actor, keys[i] ^ (uint64_t)1 << 40));
    }
    assert_true(there > n / 2);
    assert_true(settled(n - 1)); /* the latest */

    actor.order_told = n / 2; /* the first half, epoch 1 to n / 2, was before that */
    for (size_t i = 0; i < n; i++)
        assert_false(settled(i));
    assert_int_equal(settle_all(n), n / 2);
    assert_false(settled(n / 2 - 1));
    assert_true(settled(n - 1));

    cycles_marked++;
    for (size_t i = 0; i < n; i++)
        assert_false(settled(i));
    actor.order_told = 0;
    end(n);
}

/* Of a key on a cycle it matters as well what was told by locks. */
static void test_cyclic_is_not_settled(void **unused)
{
    (void)unused;
    actor.held_hash = 5;
    keys[0] = nesting_key(&actor, 1, HOW_EXCLUSIVE);
    const struct nesting k = {keys[0] | NESTING_CYCLIC, 7};
    nesting_put(&actor, &k, &gates[0], drop);
    assert_true(found_new(0));
    assert_false(settled(0));
    actor.told = 7;
    assert_false(found_new(0));
    actor.told = 0;
    end(1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_all_are_found, begin), cmocka_unit_test_setup(test_growth, begin),
        cmocka_unit_test_setup(test_put_again, begin),     cmocka_unit_test_setup(test_full, begin),
        cmocka_unit_test_setup(test_seen, begin),          cmocka_unit_test_setup(test_settled, begin),
        cmocka_unit_test_setup(test_cyclic_is_not_settled, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
