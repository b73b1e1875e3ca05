/* goro_explore: what it finds, that it finds the same again, and what it leaves alone. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run.h"

struct shared {
    goro_mutex lock, other;
    goro_waitgroup all;
    goro_chan_of(int) results;
    int value;
};

static struct shared *fresh(struct shared *s, int workers)
{
    memset(s, 0, sizeof *s);
    s->results = goro_chan_make(int, 64);
    goro_waitgroup_add(&s->all, workers);
    return s;
}

static void add(struct shared *s, bool twice)
{
    for (int i = 0; i < 2; i++) {
        goro_mutex_lock(&s->lock);
        int value = s->value;
        if (twice) {
            goro_mutex_unlock(&s->lock);
            goro_mutex_lock(&s->lock);
        }
        s->value = value + 1;
        goro_mutex_unlock(&s->lock);
        goro_chan_send(s->results, i);
    }
    goro_waitgroup_done(&s->all);
}

static int count(bool twice)
{
    struct shared s;
    fresh(&s, 2);
    goro_go(add, &s, twice);
    goro_go(add, &s, twice);
    goro_waitgroup_wait(&s.all);
    goro_chan_free(s.results);
    return s.value;
}

static int counts(void *arg)
{
    (void)arg;
    return count(false) != 4;
}

static int loses(void *arg)
{
    (void)arg;
    return count(true) != 4;
}

static int asserts(void *arg)
{
    (void)arg;
    if (count(true) != 4)
        abort();
    return 0;
}

static int panics(void *arg)
{
    (void)arg;
    if (count(true) != 4)
        goro_panic("%s", "one is missing");
    return 0;
}

static void take_two(struct shared *s, goro_mutex *first, goro_mutex *second)
{
    goro_mutex_lock(first);
    goro_mutex_lock(second);
    goro_mutex_unlock(second);
    goro_mutex_unlock(first);
    goro_waitgroup_done(&s->all);
}

static int locks(void *arg)
{
    static struct shared s;
    (void)arg;
    fresh(&s, 2);
    goro_go(take_two, &s, &s.lock, &s.other);
    goro_go(take_two, &s, &s.other, &s.lock);
    goro_waitgroup_wait(&s.all);
    goro_chan_free(s.results);
    return 0;
}

/* Six that take two neighbours of a ring, each at another time between locks that all take in one order. */
struct ring {
    goro_mutex places[6], book, page;
    goro_waitgroup all;
};

static void keep_books(struct ring *r, int n)
{
    for (int i = 0; i < n; i++) {
        goro_mutex_lock(&r->book);
        goro_mutex_lock(&r->page);
        goro_mutex_unlock(&r->page);
        goro_mutex_unlock(&r->book);
    }
}

static void sit(struct ring *r, int place)
{
    keep_books(r, 10 * place);
    goro_mutex_lock(&r->places[place]);
    goro_mutex_lock(&r->places[(place + 1) % 6]);
    goro_mutex_unlock(&r->places[(place + 1) % 6]);
    goro_mutex_unlock(&r->places[place]);
    keep_books(r, 50 - 10 * place);
    goro_waitgroup_done(&r->all);
}

static int sit_in_a_ring(void *arg)
{
    struct ring r = {0};
    (void)arg;
    goro_waitgroup_add(&r.all, 6);
    for (int i = 0; i < 6; i++)
        goro_go(sit, &r, i);
    goro_waitgroup_wait(&r.all);
    return 0;
}

static void look(int *flag)
{
    while (!goro_atomic_load(flag))
        ;
}

/* Who looks is never told if it comes first; then there is no end. */
static int spins(void *arg)
{
    int flag = 0, begun = 0;
    (void)arg;
    goro_go(look, &begun);
    goro_yield();
    goro_atomic_store(&flag, goro_atomic_load(&begun) + 1);
    while (goro_atomic_load(&flag) == 1)
        ;
    return 0;
}

static void wait_for_ever(goro_chan_of(int) c, int fd)
{
    char byte;
    goro_chan_recv_until(c, goro_now() + GORO_SECOND, NULL);
    goro_read(fd, &byte, 1, GORO_FOREVER);
}

/* Goroutines, timers and descriptors are left behind each time. */
static int leaves(void *arg)
{
    static int fds[2];
    (void)arg;
    if (!fds[1])
        goro_pipe(fds);
    goro_chan_of(int) c = goro_chan_make(int, 0);
    for (int i = 0; i < 3; i++)
        goro_go(wait_for_ever, c, fds[0]);
    goro_sleep(2 * GORO_SECOND);
    goro_go(wait_for_ever, c, fds[0]);
    goro_sleep(GORO_MILLISECOND);
    return goro_num_goroutines() != 5;
}

static const struct goro_explore_options quiet = {.schedules = 2000, .quiet = true};

/* Finds it, tells it with its switches, and tells the same the next time. Replayed in processes, 20 times of 20. */
static void check_found(int (*fn)(void *arg), const char *failure, int most_switches)
{
    struct goro_exploration first, second;
    assert_int_equal(goro_explore(fn, NULL, &quiet, &first), 1);
    assert_int_equal(goro_explore(fn, NULL, &quiet, &second), 1);
    assert_true(first.again);
    assert_in_range(first.switches, 1, most_switches); /* it cannot do with less; a list of fewer others might */
    assert_int_equal(first.failed_at, second.failed_at);
    assert_string_equal(first.replay, second.replay);
    assert_non_null(strstr(first.failure, failure));
    setenv("GORO_REPLAY", first.replay, 1);
    for (int i = 0; i < 20; i++) {
        int status;
        pid_t child = fork();
        if (child == 0) {
            dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
            _exit(goro_explore(fn, NULL, &quiet, NULL) != 0);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(status != 0);
    }
    unsetenv("GORO_REPLAY");
    free(first.replay);
    free(second.replay);
}

static void finds_a_result(void **state)
{
    (void)state;
    check_found(loses, "result 1", 3);
}

static void finds_an_abort(void **state)
{
    (void)state;
    check_found(asserts, "signal 6", 3);
}

static void finds_a_panic(void **state)
{
    (void)state;
    check_found(panics, "panic: one is missing", 3);
}

static void finds_a_deadlock(void **state)
{
    (void)state;
    check_found(locks, "deadlock", 3);
}

/* A schedule depends on its token only, and not on those that its process has run before it. */
static void finds_it_again_after_others(void **state)
{
    (void)state;
    for (const char *const *s = (const char *const[]){"random", "pct:2", "pct:3", "pos", "slice", NULL}; *s; s++) {
        struct goro_explore_options options = {.strategy = *s, .jobs = 1, .quiet = true};
        int behind_others = 0;
        for (options.seed = 1; options.seed <= 20; options.seed++) {
            struct goro_exploration found;
            assert_int_equal(goro_explore(loses, NULL, &options, &found), 1);
            assert_true(found.again);
            behind_others += found.failed_at > 1;
            free(found.replay);
        }
        assert_int_not_equal(behind_others, 0);
    }
}

/* Nobody comes there by chance: the schedule before has shown who has to be held. */
static void finds_what_is_suspected(void **state)
{
    struct goro_exploration found;
    struct goro_explore_options options = quiet;
    (void)state;
    for (options.jobs = 1; options.jobs <= 2; options.jobs++) {
        assert_int_equal(goro_explore(sit_in_a_ring, NULL, &options, &found), 1);
        assert_in_range(found.failed_at, 1, 2);
        assert_true(found.again);
        free(found.replay);
    }
    check_found(sit_in_a_ring, "deadlock", 5);
    options.strategy = "random";
    assert_int_equal(goro_explore(sit_in_a_ring, NULL, &options, &found), 0);
}

static void tell_main(int *flag)
{
    goro_atomic_store(flag, 1);
}

static int waits_for_who_is_held(void *arg)
{
    int flag = 0;
    goro_waitgroup all = {0};
    (void)arg;
    goro_go(tell_main, &flag);
    while (!goro_atomic_load(&flag))
        ;
    goro_waitgroup_wait(&all);
    return 7;
}

/* One of those that are held waits for the other one, or looks whether it has been: both go on. */
static void lets_go_who_never_meet(void **state)
{
    struct goro_exploration found;
    (void)state;
    setenv("GORO_REPLAY", "v1/1/hold:m.1@1,m@99999", 1);
    assert_int_equal(goro_explore(waits_for_who_is_held, NULL, &quiet, &found), 1);
    assert_string_equal(found.failure, "result 7");
    setenv("GORO_REPLAY", "v1/1/hold:m.1@1w,m.9@1,m.7.2@5", 1);
    assert_int_equal(goro_explore(waits_for_who_is_held, NULL, &quiet, &found), 1);
    setenv("GORO_REPLAY", "v1/1/hold:m.1@1x", 1);
    assert_int_equal(goro_explore(waits_for_who_is_held, NULL, &quiet, &found), 1);
    assert_string_not_equal(found.failure, "result 7");
    unsetenv("GORO_REPLAY");
}

static void finds_nothing_in_what_is_right(void **state)
{
    struct goro_exploration found;
    struct goro_explore_options options = quiet;
    (void)state;
    options.saturation = UINT64_MAX;
    assert_int_equal(goro_explore(counts, NULL, &options, &found), 0);
    assert_int_equal(found.schedules, 2000);
    assert_in_range(found.orderings, 100, 2000);
    assert_string_equal(found.failure, "");
    assert_null(found.replay);
    for (const char *const *s = (const char *const[]){"random", "pct:3", "pos", "slice", "rr", NULL}; *s; s++) {
        options.strategy = *s;
        assert_int_equal(goro_explore(counts, NULL, &options, &found), 0);
    }
    options.strategy = "none";
    assert_int_equal(goro_explore(counts, NULL, &options, &found), -EINVAL);
}

static void ends_when_nothing_is_new(void **state)
{
    struct goro_exploration found;
    const struct goro_explore_options options = {.schedules = 1000000, .saturation = 500, .strategy = "rr", .quiet = true};
    (void)state;
    assert_int_equal(goro_explore(counts, NULL, &options, &found), 0);
    assert_true(found.saturated);
    assert_in_range(found.schedules, 500, 5000);
}

static void gives_up_what_is_too_long(void **state)
{
    struct goro_exploration found;
    const struct goro_explore_options options = {.schedules = 20, .most_steps = 20000, .quiet = true};
    (void)state;
    assert_int_equal(goro_explore(spins, NULL, &options, &found), 0);
    assert_in_range(found.given_up, 1, 20);
}

static void begins_anew_each_time(void **state)
{
    struct goro_exploration found;
    (void)state;
    assert_int_equal(goro_explore(leaves, NULL, &quiet, &found), 0);
    assert_string_equal(found.failure, "");
}

static int explores(void *arg)
{
    return *(int *)arg = goro_explore(counts, NULL, &quiet, NULL);
}

static void not_from_a_goroutine(void **state)
{
    int result = 0;
    (void)state;
    goro_run(explores, &result);
    assert_int_equal(result, -EBUSY);
    assert_int_equal(goro_run(counts, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_a_result),
        cmocka_unit_test(finds_an_abort),
        cmocka_unit_test(finds_a_panic),
        cmocka_unit_test(finds_a_deadlock),
        cmocka_unit_test(finds_it_again_after_others),
        cmocka_unit_test(finds_what_is_suspected),
        cmocka_unit_test(lets_go_who_never_meet),
        cmocka_unit_test(finds_nothing_in_what_is_right),
        cmocka_unit_test(ends_when_nothing_is_new),
        cmocka_unit_test(gives_up_what_is_too_long),
        cmocka_unit_test(begins_anew_each_time),
        cmocka_unit_test(not_from_a_goroutine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
