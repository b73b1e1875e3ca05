/* The table of what an actor has taken under what it held: whatever was put in is found, however it lies in there, and every
 * reference comes back once. What is settled stays so until the actor tells somebody, or an edge is found to lie on a cycle.
 *
 * Seen to fail with lines of settled keys that are true for ever, with keys on cycles among them, with rows that are true for ever, and
 * with rows that are told apart by less than what they belong to. */
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

static void hold(uint64_t number, uint64_t hash)
{
    static struct held held;
    held = (struct held){.id = number, .hash = hash, .exclusive = true};
    actor.held = &held;
    actor.nheld = 1;
    actor.held_hash = hash;
}

static bool settled(size_t i)
{
    hold(i < 100 ? 1 : i, i < 100 ? 5 : 1000 * i);
    return nesting_settled(&actor, i, HOW_EXCLUSIVE);
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
        hold(i < 100 ? 1 : i, i < 100 ? 5 : 1000 * i);
        found += nesting_noted(&actor, nesting_find(&actor, keys[i]), settled_now(&actor), i, HOW_EXCLUSIVE);
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
        assert_false(nesting_settled(&actor, n + i, HOW_EXCLUSIVE));
        assert_false(nesting_settled(&actor, i, 0)); /* for reading */
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

#define OUTER 3000
#define INNER 60

static uint64_t hash_of(uint64_t number)
{
    return keys_mix(7, number);
}

/* Settles number taken under outer for each pair of the two, but for those of which the sum is a multiple of 7: how many are found
 * afterwards, all of them or none. */
static size_t settle_table(size_t outer, size_t inner)
{
    size_t there = 0;
    for (size_t o = 0; o < outer; o++)
        for (size_t i = 0; i < inner; i++) {
            hold(100 + o, hash_of(100 + o));
            if ((o + i) % 7)
                nesting_settle(&actor, settled_now(&actor), 10000 + i, HOW_EXCLUSIVE);
        }
    for (size_t o = 0; o < outer; o++)
        for (size_t i = 0; i < inner; i++) {
            hold(100 + o, hash_of(100 + o));
            const bool is = nesting_settled(&actor, 10000 + i, HOW_EXCLUSIVE);
            if ((o + i) % 7 == 0)
                assert_false(is);
            there += is;
        }
    return there;
}

static size_t settled_of(size_t outer, size_t inner)
{
    size_t n = 0;
    for (size_t o = 0; o < outer; o++)
        for (size_t i = 0; i < inner; i++)
            n += (o + i) % 7 != 0;
    return n;
}

/* A table of locks with the same few inside of each, and the other way round: nearly all is in rows at once. */
static void test_rows(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < 30000; i++)
        put(i, hash_of(i), i);
    assert_true(settle_table(OUTER, INNER) > settled_of(OUTER, INNER) * 95 / 100);
    actor.order_told++;
    assert_true(settle_table(2, OUTER) > settled_of(2, OUTER) * 95 / 100);
    for (size_t o = 0; o < OUTER; o++) { /* what was so before is not so any more */
        hold(100 + o, hash_of(100 + o));
        if (o > 2)
            assert_false(nesting_settled(&actor, 10001, HOW_EXCLUSIVE));
    }
    actor.order_told = 0;
    end(30000);
}

/* A lock of its own inside of each of thousands: they push each other out of the rows, and are in lines when they come again. */
static void test_rows_overflow(void **unused)
{
    (void)unused;
    const size_t n = 12000;
    size_t missing = 0;
    for (size_t i = 0; i < n; i++)
        put(i, hash_of(i * 1000), i * 1000 + 1);
    for (unsigned round = 0; round < 4; round++) {
        missing = 0;
        for (size_t i = 0; i < n; i++) {
            hold(i * 1000, hash_of(i * 1000));
            assert_false(nesting_settled(&actor, i * 1000 + 2, HOW_EXCLUSIVE));
            if (nesting_settled(&actor, i * 1000 + 1, HOW_EXCLUSIVE))
                continue;
            missing++;
            nesting_settle(&actor, settled_now(&actor), i * 1000 + 1, HOW_EXCLUSIVE);
        }
    }
    assert_true(actor.nestings->lines);
    assert_true(missing < n / 10);
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
        cmocka_unit_test_setup(test_all_are_found, begin),
        cmocka_unit_test_setup(test_growth, begin),
        cmocka_unit_test_setup(test_put_again, begin),
        cmocka_unit_test_setup(test_full, begin),
        cmocka_unit_test_setup(test_seen, begin),
        cmocka_unit_test_setup(test_settled, begin),
        cmocka_unit_test_setup(test_cyclic_is_not_settled, begin),
        cmocka_unit_test_setup(test_rows, begin),
        cmocka_unit_test_setup(test_rows_overflow, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
