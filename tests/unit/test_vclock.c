/* Persistent clocks against dense arrays: many clocks that share structure, changed in random order. A change of one
 * must not be seen in another, and join must not hide that it changed anything. */
#include "../../detector/vclock.h"
#include "script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CLOCKS 6
#define SLOTS 5000
#define STEPS 60000

static struct vclock clocks[CLOCKS];
static uint64_t dense[CLOCKS][SLOTS];
static struct vclock_stock pool;

/* Mostly few slots that all clocks use, now and then a distant one, which makes the tree higher unless it is near enough. */
static uint32_t some_slot(uint64_t *state, uint32_t slots)
{
    uint64_t r = script_random(state);
    return (uint32_t)(r % 8 == 0 ? r / 8 % slots : r % 8 < 3 ? r / 8 % 300 : r / 8 % 20);
}

static void assert_same(int c)
{
    for (uint32_t s = 0; s < SLOTS; s++)
        assert_int_equal(vclock_get(&clocks[c], s), dense[c][s]);
    assert_int_equal(vclock_get(&clocks[c], SLOTS * 16), 0);
}

/* first: the least epoch of a slot that is known. */
static void against_arrays(uint32_t slots, uint64_t first)
{
    uint64_t state = 1;
    for (int c = 0; c < CLOCKS; c++)
        vclock_clear(&clocks[c], &pool);
    memset(dense, 0, sizeof dense);
    int joins = 0, untrue = 0;
    for (int step = 0; step < STEPS; step++) {
        int c = (int)(script_random(&state) % CLOCKS), other = (int)(script_random(&state) % CLOCKS);
        uint32_t slot = some_slot(&state, slots);
        switch (script_random(&state) % 18) {
        case 16:
        case 17: {
            if (c == other)
                break;
            bool changed = false, other_changed = false, said, other_said;
            for (uint32_t s = 0; s < SLOTS; s++) {
                changed |= dense[c][s] < dense[other][s];
                other_changed |= dense[other][s] < dense[c][s];
                dense[c][s] = dense[other][s] = dense[c][s] < dense[other][s] ? dense[other][s] : dense[c][s];
            }
            vclock_meet(&clocks[c], &clocks[other], &pool, &said, &other_said);
            assert_true(said || !changed);
            assert_true(other_said || !other_changed);
            assert_int_equal(vclock_get(&clocks[other], slot), dense[other][slot]);
            break;
        }
        case 0:
            vclock_copy(&clocks[c], &clocks[other], &pool);
            memcpy(dense[c], dense[other], sizeof dense[c]);
            break;
        case 1:
            if (script_random(&state) % 8 == 0) {
                vclock_clear(&clocks[c], &pool);
                memset(dense[c], 0, sizeof dense[c]);
            }
            break;
        case 2:
        case 3:
        case 4:
        case 5: {
            bool changed = false;
            for (uint32_t s = 0; s < SLOTS; s++) {
                if (dense[c][s] < dense[other][s]) {
                    dense[c][s] = dense[other][s];
                    changed = true;
                }
            }
            const bool said = vclock_join(&clocks[c], &clocks[other], &pool);
            assert_true(said || !changed);
            joins++;
            untrue += said && !changed;
            break;
        }
        default:
            dense[c][slot] += (dense[c][slot] ? 0 : first) + 1 + script_random(&state) % 3;
            vclock_set(&clocks[c], slot, dense[c][slot], &pool);
        }
        assert_int_equal(vclock_get(&clocks[c], slot), dense[c][slot]);
        if (step % 500 == 0)
            for (int i = 0; i < CLOCKS; i++)
                assert_same(i);
    }
    assert_true(untrue < joins / 20);
}

static void test_against_arrays(void **unused)
{
    (void)unused;
    against_arrays(512, 0);
    against_arrays(SLOTS, 0);
}

/* Epochs of 32 bits become longer on the way, so that clocks of both kinds meet. */
static void test_long_epochs(void **unused)
{
    (void)unused;
    against_arrays(SLOTS, INT32_MAX - 200);
    against_arrays(512, INT32_MAX - 200);
    int longer = 0, shorter = 0;
    for (int c = 0; c < CLOCKS; c++)
        for (uint32_t s = 0; s < SLOTS; s++) {
            longer += dense[c][s] > INT32_MAX;
            shorter += dense[c][s] && dense[c][s] <= INT32_MAX;
        }
    assert_true(longer > 0 && shorter > 0);
}

static void test_lower(void **unused)
{
    (void)unused;
    static uint64_t floor[SLOTS], want[SLOTS];
    for (uint32_t s = 0; s < SLOTS; s++)
        floor[s] = want[s] = UINT64_MAX;
    for (int c = 0; c < CLOCKS; c++) {
        vclock_lower(&clocks[c], floor, SLOTS);
        for (uint32_t s = 0; s < SLOTS; s++)
            if (want[s] > dense[c][s])
                want[s] = dense[c][s];
    }
    assert_memory_equal(floor, want, sizeof floor);

    /* All of them together, twice: what is seen a second time changes nothing. */
    struct vclock_floor together;
    for (uint32_t s = 0; s < SLOTS; s++)
        floor[s] = UINT64_MAX;
    vclock_floor_begin(&together, floor, SLOTS);
    for (int c = 0; c < 2 * CLOCKS; c++)
        vclock_floor_add(&together, &clocks[c % CLOCKS]);
    vclock_floor_end(&together);
    int lower = 0;
    for (uint32_t s = 0; s < SLOTS; s++) {
        assert_true(floor[s] <= want[s]);
        lower += floor[s] < want[s];
    }
    assert_true(lower <= CLOCKS * 8); /* hidden by patches */
}

/* Who goes on for ever, and is copied each time, does not leave its floor behind. */
static void test_floor_follows(void **unused)
{
    (void)unused;
    enum { MANY = 10000, SLOT = 600 };
    static uint64_t floor[1000];
    struct vclock mine = {0}, others = {0};
    for (uint32_t s = 0; s < 1000; s++)
        vclock_set(&mine, s, 1, &pool);
    for (uint64_t epoch = 2; epoch < MANY; epoch++) {
        vclock_copy(&others, &mine, &pool);
        vclock_set(&mine, SLOT, epoch, &pool);
        assert_int_equal(vclock_get(&others, SLOT), epoch - 1);
    }
    struct vclock_floor f;
    memset(floor, 0xff, sizeof floor);
    vclock_floor_begin(&f, floor, 1000);
    vclock_floor_add(&f, &mine);
    vclock_floor_add(&f, &others);
    vclock_floor_end(&f);
    assert_in_range(floor[SLOT], MANY - 100, MANY - 2);
    assert_int_equal(floor[SLOT - 1], 1);
    vclock_clear(&mine, &pool);
    vclock_clear(&others, &pool);
}

/* Both have patches: above one base, above two of which neither knows all, above one that knows less. */
static void test_patches_meet(void **unused)
{
    (void)unused;
    struct vclock base = {0}, a = {0}, b = {0};
    for (uint32_t s = 0; s < 1000; s++)
        vclock_set(&base, s, 10, &pool);
    vclock_copy(&a, &base, &pool);
    vclock_copy(&b, &base, &pool);
    vclock_set(&a, 1, 11, &pool);
    vclock_set(&b, 2, 12, &pool);
    vclock_set(&b, 3, 13, &pool);
    assert_true(vclock_join(&a, &b, &pool));
    assert_false(vclock_join(&a, &b, &pool));
    assert_true(vclock_join(&b, &a, &pool));
    assert_int_equal(vclock_get(&b, 1), 11);
    assert_int_equal(vclock_get(&a, 3), 13);

    vclock_copy(&b, &base, &pool);
    for (uint32_t s = 500; s < 520; s++) /* more than patches hold: another base */
        vclock_set(&b, s, 14, &pool);
    vclock_copy(&base, &b, &pool);
    vclock_set(&b, 999, 15, &pool);
    assert_true(vclock_join(&a, &b, &pool));
    assert_int_equal(vclock_get(&a, 1), 11);
    assert_int_equal(vclock_get(&a, 519), 14);
    assert_int_equal(vclock_get(&a, 999), 15);
    assert_true(vclock_join(&b, &a, &pool));
    for (uint32_t s = 0; s < 1000; s++)
        assert_int_equal(vclock_get(&a, s), vclock_get(&b, s));
    assert_int_equal(vclock_get(&base, 1), 10);
    vclock_clear(&base, &pool);
    vclock_clear(&a, &pool);
    vclock_clear(&b, &pool);
}

/* What is cut knows less than what it was made of, which keeps what it has when the two meet. */
static void test_cut(void **unused)
{
    (void)unused;
    struct vclock base = {0}, a = {0}, b = {0};
    for (uint32_t s = 0; s < 1000; s++)
        vclock_set(&base, s, 10, &pool);
    vclock_copy(&a, &base, &pool);
    vclock_set(&a, 5, 20, &pool);
    vclock_set(&a, 6, 20, &pool);
    vclock_copy(&b, &a, &pool);
    vclock_cut(&b, 5, 12, &pool);
    vclock_cut(&b, 7, 12, &pool); /* it knows less */
    assert_int_equal(vclock_get(&b, 5), 12);
    assert_int_equal(vclock_get(&b, 6), 20);
    assert_int_equal(vclock_get(&b, 7), 10);
    vclock_join(&a, &b, &pool);
    assert_int_equal(vclock_get(&a, 5), 20);
    assert_true(vclock_join(&b, &a, &pool));
    assert_int_equal(vclock_get(&b, 5), 20);
    vclock_clear(&base, &pool);
    vclock_clear(&a, &pool);
    vclock_clear(&b, &pool);
}

/* Many begin with what one knows: the later ones, like him, without patches. Each learns what those before him did. */
static void test_hand_down(void **unused)
{
    (void)unused;
    enum { CHILDREN = 200 };
    static struct vclock children[CHILDREN];
    struct vclock parent = {0}, object = {0};
    for (uint32_t s = 0; s < 1000; s++)
        vclock_set(&parent, s, 10, &pool);
    vclock_copy(&object, &parent, &pool);
    for (uint32_t s = 100; s < 110; s++)
        vclock_set(&parent, s, 11, &pool);
    for (uint32_t i = 0; i < CHILDREN; i++)
        vclock_hand_down(&children[i], &parent, &pool);
    assert_ptr_equal(children[CHILDREN - 1].root, parent.root);
    assert_ptr_not_equal(children[0].root, parent.root);
    for (uint32_t i = 0; i < CHILDREN; i++) {
        vclock_join(&children[i], &object, &pool);
        vclock_set(&children[i], i, 20, &pool);
        vclock_copy(&object, &children[i], &pool);
        for (uint32_t s = 0; s < 1000; s++)
            assert_int_equal(vclock_get(&children[i], s), s <= i ? 20 : s >= 100 && s < 110 ? 11 : 10);
    }
    for (uint32_t i = 0; i < CHILDREN; i++)
        vclock_clear(&children[i], &pool);
    vclock_clear(&parent, &pool);
    vclock_clear(&object, &pool);
}

static void note_most(uint32_t slot, uint64_t epoch, void *most)
{
    uint64_t *at = (uint64_t *)most + slot;
    assert_true(epoch > 0);
    if (*at < epoch)
        *at = epoch;
}

/* Every epoch of any clock is visited, and none that is in no clock. */
static void test_walk(void **unused)
{
    (void)unused;
    static uint64_t most[SLOTS], want[SLOTS];
    vclock_walk_begin();
    for (int c = 0; c < CLOCKS; c++) {
        vclock_walk(&clocks[c], note_most, most);
        for (uint32_t s = 0; s < SLOTS; s++)
            if (want[s] < dense[c][s])
                want[s] = dense[c][s];
    }
    assert_memory_equal(most, want, sizeof most);
}

/* A million actors leave one wait group: each joins what all knew before and an epoch of its own. */
static void test_many_versions(void **unused)
{
    (void)unused;
    enum { MANY = 100000 };
    struct vclock all = {0}, left = {0}, mine = {0};
    for (uint32_t s = 0; s < MANY; s++)
        vclock_set(&all, s, 1, &pool);
    for (uint32_t s = 0; s < MANY; s++) {
        vclock_copy(&mine, &all, &pool);
        vclock_set(&mine, s, 2, &pool);
        assert_true(vclock_join(&left, &mine, &pool));
        assert_false(vclock_join(&left, &mine, &pool));
    }
    for (uint32_t s = 0; s < MANY; s++)
        assert_int_equal(vclock_get(&left, s), 2);
    vclock_clear(&all, &pool);
    vclock_clear(&left, &pool);
    vclock_clear(&mine, &pool);
}

/* A copy costs no memory, and neither does joining what is known already: the trees become one. */
static void test_sharing(void **unused)
{
    (void)unused;
    struct vclock a = {0}, b = {0};
    for (uint32_t s = 0; s < 1000; s++)
        vclock_set(&a, s, s + 1, &pool);
    vclock_copy(&b, &a, &pool);
    assert_ptr_equal(a.root, b.root);
    vclock_set(&b, 7, 1000, &pool);
    assert_int_equal(vclock_get(&a, 7), 8);
    assert_true(vclock_join(&a, &b, &pool));
    assert_ptr_equal(a.root, b.root);
    assert_false(vclock_join(&a, &b, &pool));
    vclock_clear(&a, &pool);
    vclock_clear(&b, &pool);
    assert_false(vclock_failed);
}

/* Arrays of all lengths that become equal: each keeps one of its own, in place, whatever form they had. */
static void test_meet(void **unused)
{
    (void)unused;
    for (uint32_t length = 1; length <= 512; length += length < 40 ? 1 : 59) {
        struct vclock a = {0}, b = {0}, before = {0};
        bool a_grew, b_grew;
        for (uint32_t s = 0; s < length; s++) {
            vclock_set(&a, s, 10 + s % 3, &pool);
            vclock_set(&b, s, 10 + s % 2, &pool);
        }
        vclock_copy(&before, &a, &pool);
        vclock_set(&a, length - 1, 20, &pool); /* a patch, if it is long */
        vclock_meet(&a, &b, &pool, &a_grew, &b_grew);
        assert_int_equal(a_grew, length > 4); /* the first where b has more, and a was not set */
        assert_true(b_grew);
        for (uint32_t s = 0; s < length; s++) {
            const uint64_t want = s + 1 == length ? 20 : 10 + (s % 3 > s % 2 ? s % 3 : s % 2);
            assert_int_equal(vclock_get(&a, s), want);
            assert_int_equal(vclock_get(&b, s), want);
            assert_int_equal(vclock_get(&before, s), 10 + s % 3);
        }
        assert_ptr_not_equal(a.root, b.root);
        struct vclock_node *kept = a.root;
        vclock_set(&b, 0, 30, &pool);
        vclock_meet(&a, &b, &pool, &a_grew, &b_grew);
        assert_true(a_grew);
        assert_false(b_grew);
        assert_int_equal(vclock_get(&a, 0), 30);
        assert_ptr_equal(a.root, kept);
        vclock_clear(&a, &pool);
        vclock_clear(&b, &pool);
        vclock_clear(&before, &pool);
    }
}

/* Short ones are copied, but not over what others share. */
static void test_short(void **unused)
{
    (void)unused;
    struct vclock a = {0}, b = {0}, c = {0};
    vclock_set(&a, 1, 1, &pool);
    vclock_set(&c, 2, 2, &pool);
    vclock_copy(&b, &a, &pool);
    vclock_copy(&b, &c, &pool);
    assert_int_equal(vclock_get(&a, 1), 1);
    assert_int_equal(vclock_get(&a, 2), 0);
    vclock_set(&b, 3, 3, &pool); /* its own now */
    vclock_copy(&b, &a, &pool);
    assert_ptr_not_equal(b.root, a.root);
    vclock_set(&b, 1, 4, &pool);
    assert_int_equal(vclock_get(&a, 1), 1);
    assert_int_equal(vclock_get(&b, 3), 0);
    vclock_clear(&a, &pool);
    vclock_clear(&b, &pool);
    vclock_clear(&c, &pool);
}

/* Short ones that say the same become one, whichever comes first; others stay what they are. */
static void test_unite(void **unused)
{
    (void)unused;
    struct vclock a = {NULL}, b = {NULL};
    vclock_unite(&a, &b, &pool);
    assert_null(a.root);
    vclock_set(&a, 3, 7, &pool);
    vclock_unite(&a, &b, &pool);
    assert_null(b.root);
    vclock_unite(&b, &a, &pool);
    assert_null(b.root);
    vclock_set(&b, 3, 7, &pool);
    struct vclock_node *x = a.root, *y = b.root;
    for (int turn = 0; turn < 2; turn++) {
        struct vclock p = {NULL}, q = {NULL};
        vclock_share(&p, turn ? &a : &b, &pool);
        vclock_share(&q, turn ? &b : &a, &pool);
        vclock_unite(&p, &q, &pool);
        assert_ptr_equal(p.root, x < y ? x : y);
        assert_ptr_equal(q.root, p.root);
        vclock_clear(&p, &pool);
        vclock_clear(&q, &pool);
    }
    for (int more = 0; more < 2; more++) {
        vclock_set(more ? &a : &b, 5, 8 + (uint64_t)more, &pool);
        x = a.root, y = b.root;
        vclock_unite(&a, &b, &pool);
        assert_true(a.root == x && b.root == y);
        vclock_unite(&b, &a, &pool);
        assert_true(a.root == x && b.root == y);
    }
    vclock_set(&a, 20, 1, &pool); /* a longer one */
    x = a.root, y = b.root;
    vclock_unite(&a, &b, &pool);
    assert_true(a.root == x && b.root == y);
    vclock_clear(&a, &pool);
    vclock_clear(&b, &pool);
}

/* A few slots with epochs of more than 31 bits, and as many as make an array of shorter ones. */
static void long_and_short(struct vclock *few, struct vclock *many, struct vclock_stock *stock)
{
    for (uint32_t s = 0; s < 100; s++) {
        if (s < 20)
            vclock_set(few, s, ((uint64_t)1 << 32) + s, stock);
        vclock_set(many, s, 7, stock);
    }
}

static void assert_both(const struct vclock *c)
{
    for (uint32_t s = 0; s < 100; s++)
        assert_int_equal(vclock_get(c, s), s < 20 ? ((uint64_t)1 << 32) + s : 7);
}

static void test_long_and_short(void **unused)
{
    (void)unused;
    bool grew, other_grew;
    struct vclock few = {0}, many = {0};
    long_and_short(&few, &many, &pool);
    assert_true(vclock_join(&few, &many, &pool));
    assert_both(&few);
    assert_true(vclock_join(&many, &few, &pool));
    assert_both(&many);
    vclock_clear(&few, &pool);
    vclock_clear(&many, &pool);

    long_and_short(&few, &many, &pool);
    assert_true(vclock_join(&many, &few, &pool));
    assert_both(&many);
    vclock_clear(&few, &pool);
    vclock_clear(&many, &pool);

    long_and_short(&few, &many, &pool);
    vclock_meet(&few, &many, &pool, &grew, &other_grew);
    assert_true(grew && other_grew);
    assert_both(&few);
    assert_both(&many);
    vclock_clear(&few, &pool);
    vclock_clear(&many, &pool);
}

/* What many know, each with something of his own, is put together in place: once it is known that the one has all that they have
 * in common, only what is their own is looked at, and no part of it is made anew. */
static void test_many_leave(void **unused)
{
    (void)unused;
    struct vclock all = {NULL}, group = {NULL};
    unsigned anew = 0;
    for (uint32_t s = 0; s < SLOTS; s++)
        vclock_set(&all, s, 1, &pool);
    vclock_copy(&group, &all, &pool);
    for (uint32_t s = 0; s < SLOTS; s++) {
        struct vclock one = {NULL};
        const struct vclock_node *before = group.root;
        vclock_share(&one, &all, &pool);
        vclock_set(&one, s, 2, &pool);
        assert_true(vclock_join(&group, &one, &pool));
        anew += group.root != before;
        vclock_clear(&one, &pool);
        assert_int_equal(vclock_get(&group, s), 2);
        assert_int_equal(vclock_get(&all, s), 1);
    }
    assert_in_range(anew, 0, 100);
    for (uint32_t s = 0; s < SLOTS; s++)
        assert_int_equal(vclock_get(&group, s), 2);
    vclock_clear(&group, &pool);
    vclock_clear(&all, &pool);
}

/* Whoever learns what has all that he knows has the same one afterwards, however low the tree was in his days. */
static void test_old_learn(void **unused)
{
    (void)unused;
    static struct vclock old[SLOTS];
    struct vclock latest = {NULL};
    unsigned apart = 0;
    for (uint32_t s = 0; s < SLOTS; s++) {
        vclock_set(&latest, 0, s + 1, &pool); /* who starts them */
        vclock_set(&latest, s, s + 1, &pool);
        vclock_share(&old[s], &latest, &pool);
    }
    for (uint32_t s = 0; s < SLOTS; s++) {
        vclock_join(&old[s], &latest, &pool);
        apart += old[s].root != latest.root;
        assert_int_equal(vclock_get(&old[s], SLOTS - 1), SLOTS);
        assert_int_equal(vclock_get(&old[s], s), s ? s + 1 : SLOTS);
        vclock_clear(&old[s], &pool);
    }
    assert_in_range(apart, 0, 100);
    vclock_clear(&latest, &pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_arrays), cmocka_unit_test(test_lower),
        cmocka_unit_test(test_walk),           cmocka_unit_test(test_many_versions),
        cmocka_unit_test(test_sharing),        cmocka_unit_test(test_floor_follows),
        cmocka_unit_test(test_patches_meet),   cmocka_unit_test(test_short),
        cmocka_unit_test(test_cut),            cmocka_unit_test(test_hand_down),
        cmocka_unit_test(test_meet),           cmocka_unit_test(test_unite),
        cmocka_unit_test(test_many_leave),     cmocka_unit_test(test_old_learn),
        cmocka_unit_test(test_long_and_short), cmocka_unit_test(test_long_epochs),
        cmocka_unit_test(test_lower),          cmocka_unit_test(test_walk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
