/* Renewals that are put off: in the end each occurrence has what its actor knew when it was there last; nothing changes but with its
 * lock, and nothing is kept that nobody can ask for any more. lock_renewal.c is compiled once more here, so that the test sees its
 * locks and its memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../detector/lock_renewal.h"
#include "../../detector/vclock_node.h"

#define MANY (RENEWALS + 2)

static struct gates gates[MANY];
static struct stocks stocks;
static struct actor actors[2];
static bool no_memory;
static long allocated;

/* What a lock guards, as it was when the lock was given back last. */
static struct gates gates_left[MANY];
static uint64_t epochs_left[MANY];
static const struct oslock *taken[2];
static int ntaken, times[MANY];

static bool is_taken(const struct oslock *l)
{
    return (ntaken > 0 && taken[0] == l) || (ntaken > 1 && taken[1] == l);
}

static void assert_untouched(void)
{
    for (int i = 0; i < MANY; i++)
        if (!is_taken(&gates[i].lock)) {
            assert_ptr_equal(gates[i].order.root, gates_left[i].order.root);
            assert_ptr_equal(gates[i].flow.root, gates_left[i].flow.root);
            assert_ptr_equal(gates[i].meanwhile.root, gates_left[i].meanwhile.root);
        }
    for (int i = 0; i < MANY && ntaken == 0; i++)
        assert_int_equal(gates[i].epoch, epochs_left[i]);
}

static void take(struct oslock *l)
{
    assert_untouched();
    assert_true(ntaken < 2);
    taken[ntaken++] = l;
    for (int i = 0; i < MANY; i++)
        times[i] += l == &gates[i].lock;
    os_lock(l);
}

static void let(struct oslock *l)
{
    assert_true(ntaken > 0);
    assert_ptr_equal(taken[ntaken - 1], l);
    assert_untouched();
    for (int i = 0; i < MANY; i++) {
        if (l == &gates[i].lock)
            gates_left[i] = gates[i];
        epochs_left[i] = gates[i].epoch;
    }
    os_unlock(l);
    ntaken--;
}

static void *allocate(size_t size)
{
    if (no_memory)
        return NULL;
    allocated += (long)size;
    return arena_alloc(size);
}

static void release(void *p, size_t size)
{
    allocated -= (long)size;
    arena_free(p, size);
}

#define os_lock(l) take(l)
#define os_unlock(l) let(l)
#define arena_alloc(size) allocate(size)
#define arena_free(p, size) release(p, size)
#include "../../detector/lock_renewal.c"
#undef os_lock
#undef os_unlock
#undef arena_alloc
#undef arena_free

static void keep_gates(struct gates *g)
{
    (void)g;
}

/* The occurrence of gates[i], of actors[by]. */
static struct nesting *noted(int by, int i)
{
    actors[by].held_hash = (uint64_t)i * 0x9fb21c651e98df25;
    const struct nesting k = {nesting_key(&actors[by], (uint64_t)i + 1, HOW_EXCLUSIVE), 1};
    nesting_put(&actors[by], &k, &gates[i], keep_gates);
    return nesting_find(&actors[by], k.key);
}

/* Slots 1, 2, 3 of the three clocks. */
static void learn(struct actor *a, uint64_t epoch)
{
    vclock_set(&a->order, 1, epoch, &stocks.nodes);
    vclock_set(&a->section, 2, epoch, &stocks.nodes);
    vclock_set(&a->meanwhile, 3, epoch, &stocks.nodes);
    a->learnt++;
}

static void assert_knew(int i, uint64_t epoch, uint64_t known)
{
    assert_int_equal(gates[i].epoch, epoch);
    assert_int_equal(vclock_get(&gates[i].order, 1), known);
    assert_int_equal(vclock_get(&gates[i].flow, 2), known);
    assert_int_equal(vclock_get(&gates[i].meanwhile, 3), known);
}

static unsigned put_off(int by)
{
    const struct renewals *r = actors[by].nestings->renewals;
    return r ? r->n : 0;
}

static int begin(void **state)
{
    (void)state;
    memset(gates, 0, sizeof gates);
    memset(gates_left, 0, sizeof gates_left);
    memset(epochs_left, 0, sizeof epochs_left);
    memset(times, 0, sizeof times);
    memset(actors, 0, sizeof actors);
    no_memory = false;
    ntaken = 0;
    allocated = 0;
    for (int i = 0; i < 2; i++) {
        actors[i].stocks = &stocks;
        learn(&actors[i], 10);
    }
    return 0;
}

/* No more is kept than the gates and the actors have. */
static int end(void **state)
{
    (void)state;
    assert_int_equal(ntaken, 0);
    assert_untouched();
    for (int i = 0; i < 2; i++)
        if (actors[i].nestings) {
            renewals_end(actors[i].nestings);
            actors[i].nestings->renewals = NULL;
            nestings_drop(&actors[i], keep_gates);
        }
    assert_int_equal(allocated, 0);
    return 0;
}

static void is_put_off(void **state)
{
    (void)state;
    struct nesting *k = noted(0, 0);
    renewal_put(&actors[0], k, 5);
    assert_int_equal(k->epoch, 5); /* asked for by the actor, at each lock */
    assert_int_equal(put_off(0), 1);
    assert_knew(0, 0, 0);
    renewals_settle(actors[0].nestings, &stocks.nodes);
    assert_int_equal(put_off(0), 0);
    assert_knew(0, 5, 10);
    renewals_settle(actors[0].nestings, &stocks.nodes);
    assert_int_equal(times[0], 1);
}

static void as_it_was_then(void **state)
{
    (void)state;
    renewal_put(&actors[0], noted(0, 0), 5);
    learn(&actors[0], 20);
    renewals_settle(actors[0].nestings, &stocks.nodes);
    assert_knew(0, 5, 10);
}

/* The same once more, and nothing learnt: one renewal, with the later epoch. */
static void once_more(void **state)
{
    (void)state;
    struct nesting *k = noted(0, 0);
    renewal_put(&actors[0], k, 5);
    renewal_put(&actors[0], k, 6);
    assert_int_equal(k->epoch, 6);
    assert_int_equal(put_off(0), 1);
    renewals_settle(actors[0].nestings, &stocks.nodes);
    assert_knew(0, 6, 10);
    assert_int_equal(times[0], 1);
}

static void learnt_between(void **state)
{
    (void)state;
    struct nesting *k = noted(0, 0);
    renewal_put(&actors[0], k, 5);
    learn(&actors[0], 20);
    renewal_put(&actors[0], k, 6);
    renewals_settle(actors[0].nestings, &stocks.nodes);
    assert_knew(0, 6, 20);
}

static void another_between(void **state)
{
    (void)state;
    struct nesting *one = noted(0, 0), *other = noted(0, 1);
    renewal_put(&actors[0], one, 5);
    renewal_put(&actors[0], other, 6);
    renewal_put(&actors[0], one, 7);
    renewals_settle(actors[0].nestings, &stocks.nodes);
    assert_knew(0, 7, 10);
    assert_knew(1, 6, 10);
}

static void when_full(void **state)
{
    (void)state;
    struct nesting *k[MANY];
    for (int i = 0; i < MANY; i++)
        noted(0, i);
    for (int i = 0; i < MANY; i++)
        k[i] = noted(0, i); /* the table has grown */
    for (int i = 0; i < RENEWALS; i++)
        renewal_put(&actors[0], k[i], 100 + (uint64_t)i);
    for (int i = 0; i < RENEWALS; i++)
        assert_knew(i, 0, 0);
    for (int i = RENEWALS; i < MANY; i++) {
        renewal_put(&actors[0], k[i], 100 + (uint64_t)i);
        assert_int_equal(put_off(0), i - RENEWALS + 1);
    }
    for (int i = 0; i < MANY; i++)
        assert_knew(i, i < RENEWALS ? 100 + (uint64_t)i : 0, i < RENEWALS ? 10 : 0);
    renewals_settle(actors[0].nestings, &stocks.nodes);
    for (int i = RENEWALS; i < MANY; i++)
        assert_knew(i, 100 + (uint64_t)i, 10);
}

static void of_all(void **state)
{
    (void)state;
    renewal_put(&actors[0], noted(0, 0), 5);
    learn(&actors[1], 20);
    renewal_put(&actors[1], noted(1, 1), 6);
    renewals_settle(actors[1].nestings, &stocks.nodes);
    assert_knew(0, 0, 0);
    assert_knew(1, 6, 20);
    renewal_put(&actors[1], noted(1, 1), 7);
    renewals_settle_all(&stocks.nodes);
    assert_knew(0, 5, 10);
    assert_knew(1, 7, 20);
    renewals_settle(NULL, &stocks.nodes);
}

/* It is done at once then, and later ones are as well. */
static void without_memory(void **state)
{
    (void)state;
    struct nesting *k = noted(0, 0);
    no_memory = true;
    renewal_put(&actors[0], k, 5);
    assert_int_equal(k->epoch, 5);
    assert_knew(0, 5, 10);
    /* Without the lock of renewals, of which there are none. */
    epochs_left[0] = gates[0].epoch;
    renewals_settle(actors[0].nestings, &stocks.nodes);
    no_memory = false;
    renewal_put(&actors[0], k, 6);
    assert_int_equal(put_off(0), 1);
    assert_knew(0, 5, 10);
}

/* What an occurrence knew before is given back. */
static void nothing_is_kept(void **state)
{
    (void)state;
    struct vclock mine[3] = {{NULL}};
    struct nesting *k = noted(0, 0);
    renewal_put(&actors[0], k, 5);
    vclock_share(&mine[0], &actors[0].order, &stocks.nodes);
    vclock_share(&mine[1], &actors[0].section, &stocks.nodes);
    vclock_share(&mine[2], &actors[0].meanwhile, &stocks.nodes);
    for (int i = 0; i < 3; i++)
        assert_int_equal(mine[i].root->refs, 3); /* the actor's, the renewal's */
    renewals_settle(actors[0].nestings, &stocks.nodes);
    for (int i = 0; i < 3; i++)
        assert_int_equal(mine[i].root->refs, 3);
    learn(&actors[0], 20);
    for (int i = 0; i < 3; i++)
        assert_int_equal(mine[i].root->refs, 2); /* the occurrence's */
    renewal_put(&actors[0], k, 6);
    renewal_put(&actors[0], k, 7);
    renewals_settle(actors[0].nestings, &stocks.nodes);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(mine[i].root->refs, 1);
        vclock_clear(&mine[i], &stocks.nodes);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(is_put_off), TEST(as_it_was_then), TEST(once_more), TEST(learnt_between),  TEST(another_between),
        TEST(when_full),  TEST(of_all),         TEST(without_memory), TEST(nothing_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
