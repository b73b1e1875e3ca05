/* Contexts as Go's context tests have them, in our words. docs/goro-tests.md says which is where. */
#define GORO_SHORT_NAMES
#include "run.h"

#include <stdlib.h>

#include "parked.h"

typedef struct goro_context context;

static bool is_done(context *c)
{
    bool done = false;
    chan_select {
        recv_case(goro_context_done(c), NULL) {
            done = true;
        }
        default_case {
        }
    }
    return done;
}

GORO_TEST(background_never_ends)
{
    context *c = goro_context_background();
    CHECK(c == goro_context_background());
    CHECK(goro_context_done(c) == NULL);
    CHECK(!is_done(c));
    CHECK_EQ(goro_context_err(c), 0);
    CHECK_EQ(goro_context_cause(c), 0);
    CHECK_EQ(goro_context_deadline(c), GORO_FOREVER);
    CHECK(goro_context_value(c, &c) == NULL);
    goro_context_cancel(c, 0);
    CHECK_EQ(goro_context_err(c), 0);
    CHECK_EQ(goro_context_sleep(c, 1000), 0);
    goro_context_release(c);
    CHECK(goro_context_background() == c);
}

GORO_TEST(cancel)
{
    context *c = goro_context_with_cancel(goro_context_background());
    CHECK(goro_context_done(c) != NULL);
    CHECK(!is_done(c));
    CHECK_EQ(goro_context_err(c), 0);
    CHECK_EQ(goro_context_deadline(c), GORO_FOREVER);
    for (int i = 0; i < 2; i++) { /* the second one changes nothing */
        goro_context_cancel(c, i == 0 ? 0 : -EIO);
        CHECK(is_done(c));
        CHECK_EQ(goro_context_err(c), -ECANCELED);
        CHECK_EQ(goro_context_cause(c), -ECANCELED);
        CHECK_EQ(goro_context_sleep(c, 3600 * GORO_SECOND), -ECANCELED);
    }
    goro_context_release(c);
}

GORO_TEST(causes)
{
    context *a = goro_context_with_cancel(goro_context_background());
    context *b = goro_context_with_cancel(a);
    context *c = goro_context_with_cancel(b);
    goro_context_cancel(b, -EIO);
    CHECK_EQ(goro_context_cause(a), 0);
    CHECK_EQ(goro_context_cause(b), -EIO);
    CHECK_EQ(goro_context_cause(c), -EIO);
    CHECK_EQ(goro_context_err(c), -ECANCELED);
    goro_context_cancel(a, -EPERM);
    CHECK_EQ(goro_context_cause(a), -EPERM);
    CHECK_EQ(goro_context_cause(c), -EIO);
    goro_context_release(a);
    goro_context_release(b);
    goro_context_release(c);
}

/* A tree with value contexts in between; the end of the parent is the end of all below, whoever else is cancelled. */
GORO_TEST(parent_ends_children)
{
    static const char key, other;
    context *parent = goro_context_with_cancel(goro_context_background());
    context *cancel_child = goro_context_with_cancel(parent);
    context *value_child = goro_context_with_value(parent, &key, "value");
    context *timer_child = goro_context_with_timeout(value_child, 3600 * GORO_SECOND);
    context *all[] = {parent, cancel_child, value_child, timer_child};
    for (int i = 0; i < 4; i++)
        CHECK(!is_done(all[i]));
    CHECK(goro_context_value(timer_child, &key) != NULL);
    CHECK(goro_context_value(timer_child, &other) == NULL);
    goro_context_cancel(parent, 0);
    for (int i = 0; i < 4; i++) {
        CHECK(is_done(all[i]));
        CHECK_EQ(goro_context_err(all[i]), -ECANCELED);
    }
    context *born_late = goro_context_with_value(parent, &key, "late");
    context *born_later = goro_context_with_cancel(born_late);
    CHECK(is_done(born_late));
    CHECK(is_done(born_later));
    CHECK_EQ(goro_context_err(born_later), -ECANCELED);
    goro_context_release(born_later);
    goro_context_release(born_late);
    for (int i = 0; i < 4; i++)
        goro_context_release(all[i]);
}

GORO_TEST(child_ends_alone)
{
    context *parent = goro_context_with_cancel(goro_context_background());
    context *child = goro_context_with_cancel(parent);
    context *sister = goro_context_with_cancel(parent);
    goro_context_cancel(child, 0);
    CHECK(is_done(child));
    CHECK(!is_done(parent));
    CHECK(!is_done(sister));
    goro_context_release(child);
    goro_context_release(sister);
    CHECK(!is_done(parent));
    goro_context_release(parent);
}

/* Parents may be released before their children: a child holds its parent. */
GORO_TEST(released_in_any_order)
{
    static const char key;
    context *a = goro_context_with_value(goro_context_background(), &key, "a");
    context *b = goro_context_with_cancel(a);
    context *c = goro_context_with_timeout(b, 3600 * GORO_SECOND);
    context *again = goro_context_retain(b);
    CHECK(again == b);
    goro_context_release(a);
    goro_context_release(b);
    CHECK(goro_context_value(c, &key) != NULL);
    goro_context_cancel(again, 0);
    CHECK_EQ(goro_context_err(c), -ECANCELED);
    goro_context_release(again);
    CHECK_EQ(goro_context_err(c), -ECANCELED);
    goro_context_release(c);
}

static void check_ends(int line, context *c, int64_t not_before)
{
    chan_recv(goro_context_done(c), NULL);
    if (goro_now() < not_before || goro_context_err(c) != -ETIMEDOUT || goro_context_cause(c) != -ETIMEDOUT) {
        fprintf(stderr, "line %d: ended too early, or with %d\n", line, goro_context_err(c));
        CHECK(false);
    }
}

GORO_TEST(deadlines)
{
    static const char key;
    context *back = goro_context_background();
    int64_t soon = goro_now() + 3 * GORO_MILLISECOND;
    context *c = goro_context_with_deadline(back, soon);
    CHECK_EQ(goro_context_deadline(c), soon);
    check_ends(__LINE__, c, soon);
    goro_context_release(c);

    soon = goro_now() + 3 * GORO_MILLISECOND;
    c = goro_context_with_timeout(back, 3 * GORO_MILLISECOND);
    context *value = goro_context_with_value(c, &key, "v");
    context *longer = goro_context_with_deadline(value, soon + 3600 * GORO_SECOND);
    CHECK(goro_context_deadline(longer) <= soon + GORO_SECOND); /* its parent's */
    check_ends(__LINE__, longer, soon);
    check_ends(__LINE__, c, soon);
    goro_context_release(longer);
    goro_context_release(value);
    goro_context_release(c);

    context *far = goro_context_with_timeout(back, 3600 * GORO_SECOND);
    soon = goro_now() + 3 * GORO_MILLISECOND;
    context *nearer = goro_context_with_deadline(far, soon);
    CHECK_EQ(goro_context_deadline(nearer), soon);
    check_ends(__LINE__, nearer, soon);
    CHECK_EQ(goro_context_err(far), 0);
    goro_context_release(nearer);

    context *past = goro_context_with_deadline(far, goro_now() - 1);
    CHECK(is_done(past));
    CHECK_EQ(goro_context_err(past), -ETIMEDOUT);
    goro_context_release(past);
    past = goro_context_with_timeout(far, 0);
    CHECK_EQ(goro_context_err(past), -ETIMEDOUT);
    goro_context_release(past);
    goro_context_release(far);

    context *never = goro_context_with_deadline(back, GORO_FOREVER);
    CHECK_EQ(goro_context_deadline(never), GORO_FOREVER);
    CHECK(!is_done(never));
    goro_context_release(never);
}

/* Cancelled before its time: -ECANCELED, and it stays that when the time has come. */
GORO_TEST(cancelled_before_the_deadline)
{
    context *parent = goro_context_with_timeout(goro_context_background(), 3600 * GORO_SECOND);
    int64_t soon = goro_now() + 2 * GORO_MILLISECOND;
    context *c = goro_context_with_deadline(parent, soon);
    goro_context_cancel(c, 0);
    CHECK_EQ(goro_context_err(c), -ECANCELED);
    while (goro_now() < soon)
        goro_sleep(GORO_MILLISECOND);
    CHECK_EQ(goro_context_err(c), -ECANCELED);
    CHECK_EQ(goro_context_err(parent), 0);
    goro_context_release(c);
    goro_context_release(parent);
}

GORO_TEST(values)
{
    static const char k1, k2, k3;
    static char v1[] = "one", v2[] = "two", v3[] = "three";
    context *back = goro_context_background();
    context *c1 = goro_context_with_value(back, &k1, v1);
    context *c2 = goro_context_with_value(c1, &k2, v2);
    context *c3 = goro_context_with_value(c2, &k3, v3);
    context *c4 = goro_context_with_value(c3, &k1, NULL); /* hides what is above */
    context *c5 = goro_context_with_cancel(c3);
    CHECK(goro_context_value(back, &k1) == NULL);
    CHECK(goro_context_value(c1, &k1) == v1 && goro_context_value(c1, &k2) == NULL);
    CHECK(goro_context_value(c2, &k1) == v1 && goro_context_value(c2, &k2) == v2);
    CHECK(goro_context_value(c3, &k1) == v1 && goro_context_value(c3, &k3) == v3);
    CHECK(goro_context_value(c4, &k1) == NULL && goro_context_value(c4, &k2) == v2);
    CHECK(goro_context_value(c5, &k2) == v2);
    CHECK(goro_context_done(c3) == NULL);
    goro_context_release(c5);
    goro_context_release(c4);
    goro_context_release(c3);
    goro_context_release(c2);
    goro_context_release(c1);
}

/* ---- many at the same time ---- */

static void cancel_and_check(context *c, waitgroup *done)
{
    goro_context_cancel(c, 0);
    chan_recv(goro_context_done(c), NULL);
    CHECK_EQ(goro_context_err(c), -ECANCELED);
    waitgroup_done(done);
}

GORO_TEST(simultaneous_cancels)
{
    enum { N = 100 };
    context *root = goro_context_with_cancel(goro_context_background()), *all[N];
    waitgroup done = {0};
    all[0] = root;
    for (int i = 1; i < N; i++)
        all[i] = goro_context_with_cancel(all[(i - 1) / 2]); /* a tree */
    waitgroup_add(&done, N);
    for (int i = 0; i < N; i++)
        go(cancel_and_check, all[i], &done);
    waitgroup_wait(&done);
    for (int i = 0; i < N; i++)
        goro_context_release(all[i]);
}

static void wait_and_cancel(context *wait_for, context *other, waitgroup *done)
{
    if (wait_for)
        chan_recv(goro_context_done(wait_for), NULL);
    goro_context_cancel(other, 0);
    waitgroup_done(done);
}

/* Parent and child cancel each other. */
GORO_TEST(interlocked_cancels)
{
    for (int i = 0; i < 200; i++) {
        context *parent = goro_context_with_cancel(goro_context_background());
        context *child = goro_context_with_cancel(parent);
        waitgroup done = {0};
        waitgroup_add(&done, 3);
        go(wait_and_cancel, parent, child, &done);
        go(wait_and_cancel, child, parent, &done);
        go(wait_and_cancel, NULL, i % 2 ? parent : child, &done);
        waitgroup_wait(&done);
        CHECK_EQ(goro_context_err(parent), -ECANCELED);
        CHECK_EQ(goro_context_err(child), -ECANCELED);
        goro_context_release(parent);
        goro_context_release(child);
    }
}

/* Random layers of all kinds, fixed seed; then a cancel in the middle, or a timeout. */
static void layers(unsigned seed, bool timeout)
{
    enum { LAYERS = 30 };
    static const char keys[LAYERS + 1];
    context *chain[LAYERS + 1];
    uint64_t random = seed * 2654435761u + 1;
    enum { MIDDLE = LAYERS / 2 };
    bool has_value[LAYERS + 1] = {false};
    chain[0] = goro_context_retain(goro_context_background());
    for (int i = 1; i <= LAYERS; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        if (i == MIDDLE) { /* the one to end */
            chain[i] = timeout ? goro_context_with_timeout(chain[i - 1], 2 * GORO_MILLISECOND)
                               : goro_context_with_cancel(chain[i - 1]);
            continue;
        }
        switch (random >> 62) {
        case 0:
            chain[i] = goro_context_with_value(chain[i - 1], &keys[i], (void *)&keys[i]);
            has_value[i] = true;
            break;
        case 1:
            chain[i] = goro_context_with_deadline(chain[i - 1], goro_now() + 3600 * GORO_SECOND);
            break;
        default:
            chain[i] = goro_context_with_cancel(chain[i - 1]);
        }
    }
    for (int i = 1; i <= LAYERS; i++)
        CHECK(goro_context_value(chain[LAYERS], &keys[i]) == (has_value[i] ? (void *)&keys[i] : NULL));
    if (timeout)
        chan_recv(goro_context_done(chain[LAYERS]), NULL);
    else
        goro_context_cancel(chain[MIDDLE], 0);
    for (int i = 0; i <= LAYERS; i++) {
        if (i >= MIDDLE)
            chan_recv(goro_context_done(chain[i]), NULL); /* a deadline reaches the layers one after the other */
        CHECK_EQ(goro_context_err(chain[i]), i < MIDDLE ? 0 : timeout ? -ETIMEDOUT : -ECANCELED);
    }
    for (int i = 0; i <= LAYERS; i++)
        goro_context_release(chain[random & 1 ? LAYERS - i : i]);
}

GORO_TEST(layers_of_all_kinds)
{
    for (unsigned seed = 0; seed < 20; seed++) {
        layers(seed, false);
        layers(seed, true);
    }
}

/* A long-lived parent does not collect what its children leave behind (TestCancelRemoves): 100,000 children, then all gone. */
GORO_TEST(released_children_leave_nothing_in_the_parent)
{
    context *parent = goro_context_with_cancel(goro_context_background());
    int64_t begin = cpu_time();
    for (int i = 0; i < 100000; i++) {
        context *child =
            i % 2 ? goro_context_with_cancel(parent) : goro_context_with_timeout(parent, 3600 * GORO_SECOND);
        if (i % 3 == 0)
            goro_context_cancel(child, 0);
        goro_context_release(child);
    }
    int64_t middle = cpu_time();
    goro_context_cancel(parent, 0); /* would walk through them all */
    CHECK(cpu_time() - middle <= (middle - begin) / 10 + 20 * GORO_MILLISECOND);
    goro_context_release(parent);
}

static struct rt_g *sleeper;

static void sleep_long(context *c, chan_of(int) result)
{
    HERE(sleeper);
    chan_send(result, goro_context_sleep(c, 3600 * GORO_SECOND));
}

GORO_TEST(cancel_wakes_sleepers)
{
    context *c = goro_context_with_cancel(goro_context_background());
    chan_of(int) result = chan_make(int, 0);
    for (int i = 0; i < 10; i++)
        go(sleep_long, c, result);
    while (!goro_atomic_load(&sleeper))
        yield();
    goro_context_cancel(c, 0);
    for (int i = 0; i < 10; i++)
        CHECK_EQ(chan_take(result), -ECANCELED);
    CHECK_EQ(goro_context_sleep(goro_context_background(), 0), 0);
    int64_t begin = goro_now();
    context *alive = goro_context_with_cancel(goro_context_background());
    CHECK_EQ(goro_context_sleep(alive, 2 * GORO_MILLISECOND), 0);
    CHECK(goro_now() - begin >= 2 * GORO_MILLISECOND);
    goro_context_release(alive);
    goro_context_release(c);
    chan_free(result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(background_never_ends),
        cmocka_unit_test(cancel),
        cmocka_unit_test(causes),
        cmocka_unit_test(parent_ends_children),
        cmocka_unit_test(child_ends_alone),
        cmocka_unit_test(released_in_any_order),
        cmocka_unit_test(deadlines),
        cmocka_unit_test(cancelled_before_the_deadline),
        cmocka_unit_test(values),
        cmocka_unit_test(simultaneous_cancels),
        cmocka_unit_test(interlocked_cancels),
        cmocka_unit_test(layers_of_all_kinds),
        cmocka_unit_test(released_children_leave_nothing_in_the_parent),
        cmocka_unit_test(cancel_wakes_sleepers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
