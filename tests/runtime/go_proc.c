/* The scheduler as Go's runtime/proc_test.go has it, in our words: progress, parallelism, fairness of timers and of pairs that hand
 * over to each other, preemption, pinned goroutines. docs/goro-tests.md says which is where. */
#define GORO_SHORT_NAMES
#include "run.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "parked.h"

/* ---- progress while others yield all the time ---- */

static void yield_until(chan_of(bool) stop, chan_of(bool) stopped, bool pinned)
{
    if (pinned)
        goro_pin();
    for (bool more = true; more;) {
        chan_select {
            recv_case(stop, NULL) {
                more = false;
            }
            default_case {
                yield();
            }
        }
    }
    chan_send(stopped, true);
    if (pinned)
        goro_unpin();
}

static void yield_progress(bool pinned)
{
    chan_of(bool) stop = chan_make(bool, 0), stopped = chan_make(bool, 0);
    go(yield_until, stop, stopped, pinned);
    goro_sleep(2 * GORO_MILLISECOND); /* a sleeper comes back although somebody always is runnable */
    chan_send(stop, true);
    CHECK(chan_take(stopped));
    chan_free(stop);
    chan_free(stopped);
}

GORO_TEST(yield_lets_others_run)
{
    yield_progress(false);
}

GORO_TEST(yield_of_a_pinned_goroutine)
{
    yield_progress(true);
}

static void note_thread(chan_of(uint64_t) ids, int n)
{
    goro_pin();
    for (int i = 0; i < n; i++)
        chan_send(ids, (uint64_t)pthread_self());
    goro_unpin();
}

GORO_TEST(pinned_goroutine_waits_on_its_thread)
{
    chan_of(uint64_t) ids = chan_make(uint64_t, 0);
    go(note_thread, ids, 10);
    uint64_t id = chan_take(ids);
    for (int i = 1; i < 10; i++) {
        yield();
        CHECK(chan_take(ids) == id);
    }
    chan_free(ids);
}

/* Pins nest: the thread is free again after as many unpins. */
static void nested_pins(chan_of(bool) done)
{
    pthread_t thread = pthread_self();
    goro_pin();
    goro_pin();
    goro_unpin();
    for (int i = 0; i < 100; i++) {
        yield();
        CHECK(pthread_equal(thread, pthread_self()));
    }
    goro_unpin();
    chan_send(done, true);
}

GORO_TEST(pins_nest)
{
    chan_of(bool) done = chan_make(bool, 0);
    for (int i = 0; i < 10; i++)
        go(nested_pins, done);
    for (int i = 0; i < 10; i++)
        CHECK(chan_take(done));
    chan_free(done);
}

/* ---- parallelism: goroutines that spin for each other, so all must run at the same time ---- */

enum { PROCS = 4 };
static uint32_t turn;

static void take_turns(uint32_t me, chan_of(bool) done)
{
    for (uint32_t i = 0; i < 3; i++) {
        uint32_t mine = PROCS * i + me;
        while (goro_atomic_load(&turn) != mine)
            continue;
        goro_atomic_store(&turn, mine + 1);
    }
    chan_send(done, true);
}

static void start_two(uint32_t first, chan_of(bool) done)
{
    go(take_turns, first, done);
    go(take_turns, first + 1, done);
}

static void spin_until_all(uint32_t *count, chan_of(bool) done)
{
    if (goro_atomic_add(count, 1) == PROCS)
        chan_send(done, true);
    else
        while (goro_atomic_load(count) != PROCS)
            continue;
}

GORO_TEST(all_processors_run_at_the_same_time)
{
    static uint32_t count;
    int before = goro_gomaxprocs(PROCS);
    for (int nested = 0; nested < 4; nested++) {
        chan_of(bool) done = chan_make(bool, 0);
        count = turn = 0;
        if (nested & 2) { /* from threads that have just gone idle */
            for (int i = 0; i < PROCS; i++)
                go(spin_until_all, &count, done);
            chan_take(done);
        }
        if (nested & 1) {
            for (uint32_t i = 0; i < PROCS; i += 2)
                go(start_two, i, done);
        } else {
            for (uint32_t i = 0; i < PROCS; i++)
                go(take_turns, i, done);
        }
        for (int i = 0; i < PROCS; i++)
            CHECK(chan_take(done));
        chan_free(done);
    }
    CHECK_EQ(goro_gomaxprocs(before), PROCS);
    CHECK_EQ(goro_gomaxprocs(0), before);
}

/* ---- preemption ---- */

static uint32_t spinning;

static void spin_alone(waitgroup *done, int me, uint32_t *turn_of)
{
    for (int i = 0; i < 5; i++) {
        while (goro_atomic_load(turn_of) % 2 != (uint32_t)me)
            continue; /* not a call: only preemption gets the other one in, where there is one processor */
        goro_atomic_add(turn_of, 1);
    }
    waitgroup_done(done);
}

GORO_TEST(loops_without_calls_are_preempted)
{
    waitgroup done = {0};
    static uint32_t turn_of;
    int before = goro_gomaxprocs(1);
    turn_of = 0;
    waitgroup_add(&done, 2);
    go(spin_alone, &done, 0, &turn_of);
    go(spin_alone, &done, 1, &turn_of);
    waitgroup_wait(&done);
    CHECK_EQ(turn_of, 10);
    goro_gomaxprocs(before);
}

static void allocate_until(bool *stop, waitgroup *done)
{
    char text[64];
    while (!goro_atomic_load(stop)) { /* mostly inside of malloc and stdio, where a thread's own state is in motion */
        void *p = malloc(1 + (spinning++ & 1023));
        snprintf(text, sizeof text, "%p", p);
        free(p);
    }
    waitgroup_done(done);
}

GORO_TEST(preemption_inside_of_malloc)
{
    static bool stop;
    waitgroup done = {0};
    int before = goro_gomaxprocs(1);
    stop = false;
    waitgroup_add(&done, 3);
    for (int i = 0; i < 3; i++)
        go(allocate_until, &stop, &done);
    for (int i = 0; i < 4; i++)
        goro_sleep(3 * GORO_MILLISECOND);
    goro_atomic_store(&stop, true);
    waitgroup_wait(&done);
    goro_gomaxprocs(before);
}

/* ---- fairness ---- */

static void send_until(chan_of(bool) c, chan_of(bool) done)
{
    for (bool more = true; more;) {
        chan_select {
            send_case(c, true) {
            }
            recv_case(done, NULL) {
                more = false;
            }
        }
    }
}

/* Two that hand over to each other do not keep a timer out (TestTimerFairness), whichever way it is waited for. */
GORO_TEST(timers_get_in_between)
{
    chan_of(bool) c = chan_make(bool, 0), done = chan_make(bool, 0);
    for (int i = 0; i < 2; i++)
        go(send_until, c, done);
    struct goro_timer *timer = goro_timer_new(20 * GORO_MILLISECOND);
    for (bool more = true; more;) {
        chan_select {
            recv_case(c, NULL) {
            }
            recv_case(goro_timer_chan(timer), NULL) {
                more = false;
            }
        }
    }
    goro_timer_free(timer);
    int64_t deadline = goro_now() + 10 * GORO_MILLISECOND;
    while (goro_now() < deadline)
        chan_take(c);
    chan_close(done);
}

/* Two that hand over to each other: `length` steps of computing a turn. */
struct pair {
    long length, steps, turns;
    chan_of(bool) wake;
};

enum { CHANGES = 20, MOST_HOG_TURNS = 20000, MOST_LIGHT_TURNS = 20000000 };
static struct pair hogs, lights, *last_pair;
static pid_t last_thread;
static bool shared;
static long changes; /* of the pair that has the processor, but those by preemption, which come with another thread */

static bool same_share(void)
{
    return hogs.steps / 20 <= lights.steps && lights.steps / 20 <= hogs.steps;
}

/* Nothing here depends on how fast the machine is, or whether it stands still: who watches over slices may have to wait for long. */
static bool judged(void)
{
    shared |= changes >= CHANGES && same_share(); /* now: both go on until main has its turn */
    return shared || hogs.turns >= MOST_HOG_TURNS || lights.turns >= MOST_LIGHT_TURNS;
}

static void note_turn(struct pair *pair)
{
    pid_t thread = gettid();
    changes += pair != last_pair && thread == last_thread;
    last_pair = pair;
    last_thread = thread;
    pair->turns++;
}

static void pass_around(struct pair *pair, chan_of(bool) enough, chan_of(bool) done)
{
    for (bool more = true; more;) {
        chan_select {
            recv_case(done, NULL) {
                more = false;
            }
            recv_case(pair->wake, NULL) {
                for (long i = 0; i < pair->length; i++)
                    __atomic_store_n(&pair->steps, pair->steps + 1, __ATOMIC_RELAXED);
                note_turn(pair);
                if (judged())
                    chan_try_send(enough, true);
                chan_select { /* the partner may be gone */
                    send_case(pair->wake, true) {
                    }
                    recv_case(done, NULL) {
                        more = false;
                    }
                }
            }
        }
    }
}

/* A pair that computes for long between hand-overs and one that does not get about the same share of one processor, in turns. Each
 * time slice for the one that is handed to, and the first pair would stay alone; everybody at the end of one queue, and it is a
 * thousand to one. No timer: one that fires lets others in. */
GORO_TEST(pairs_share_a_processor)
{
    chan_of(bool) done = chan_make(bool, 0), enough = chan_make(bool, 1);
    int before = goro_gomaxprocs(1);
    hogs = (struct pair){.length = 1000000, .wake = chan_make(bool, 0)};
    lights = (struct pair){.length = 1000, .wake = chan_make(bool, 0)};
    last_pair = NULL;
    changes = last_thread = 0;
    shared = false;
    for (int i = 0; i < 2; i++) {
        go(pass_around, &hogs, enough, done);
        go(pass_around, &lights, enough, done);
    }
    chan_send(hogs.wake, true);
    chan_send(lights.wake, true);
    chan_take(enough);
    if (!shared) {
        fprintf(stderr, "hogs %ld, lights %ld steps, %ld changes\n", hogs.steps, lights.steps, changes);
        CHECK(!"a pair starves");
    }
    chan_close(done);
    goro_gomaxprocs(before);
}

/* ---- counting, ending ---- */

static void wait_for(chan_of(bool) c)
{
    chan_take(c);
}

static void ends_deep_inside(waitgroup *done, int depth)
{
    if (depth < 0) /* a way out, or gcc takes it for an endless recursion */
        return;
    if (depth == 0) {
        waitgroup_done(done);
        goro_exit();
    }
    ends_deep_inside(done, depth - 1);
    CHECK(!"goro_exit came back");
}

GORO_TEST(number_of_goroutines)
{
    chan_of(bool) c = chan_make(bool, 0);
    CHECK_EQ(goro_num_goroutines(), 1);
    for (int i = 0; i < 100; i++)
        go(wait_for, c);
    CHECK_EQ(goro_num_goroutines(), 101);
    chan_close(c);
    while (goro_num_goroutines() > 1)
        yield();
    chan_free(c);
}

GORO_TEST(exit_from_deep_inside)
{
    waitgroup done = {0};
    waitgroup_add(&done, 50);
    for (int i = 0; i < 50; i++)
        go(ends_deep_inside, &done, i);
    waitgroup_wait(&done);
    while (goro_num_goroutines() > 1)
        yield();
}

static int exits(void *arg)
{
    (void)arg;
    goro_exit();
}

static void end_of_main_by_exit(void **state)
{
    (void)state;
    assert_int_equal(goro_run(exits, NULL), 0);
}

/* GOMAXPROCS far beyond the machine, up and down while goroutines run. */
static void hop(int n, waitgroup *done)
{
    for (int i = 0; i < n; i++)
        yield();
    waitgroup_done(done);
}

GORO_TEST(number_of_processors_changes_while_running)
{
    static const int numbers[] = {1, 64, 3, 1, 2, 16, 1, 8};
    int before = goro_gomaxprocs(0);
    CHECK(before >= 1);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        waitgroup done = {0};
        waitgroup_add(&done, 200);
        for (int k = 0; k < 200; k++) {
            go(hop, 20, &done);
            if (k == 100)
                goro_gomaxprocs(numbers[i]);
        }
        waitgroup_wait(&done);
        CHECK_EQ(goro_gomaxprocs(0), numbers[i]);
    }
    goro_gomaxprocs(before);
}

/* Order of goroutines on one processor is free, but each starts and none twice. */
static void mark(char *seen, waitgroup *done)
{
    goro_atomic_add(seen, 1);
    waitgroup_done(done);
}

GORO_TEST(each_starts_once)
{
    enum { N = 30000 };
    char *seen = calloc(1, N);
    waitgroup done = {0};
    waitgroup_add(&done, N);
    for (int i = 0; i < N; i++)
        go(mark, &seen[i], &done);
    waitgroup_wait(&done);
    for (int i = 0; i < N; i++)
        CHECK_EQ(seen[i], 1);
    free(seen);
}

/* ---- a goroutine in a system call does not hold up the others, and has its place when it comes back ---- */

static long read_byte(void *arg)
{
    char byte;
    return read(*(int *)arg, &byte, 1);
}

static void read_blocking(int *fd, waitgroup *done)
{
    CHECK_EQ(goro_blocking(read_byte, fd), 1);
    waitgroup_done(done);
}

GORO_TEST(blocked_calls_give_their_processor_away)
{
    enum { N = 16 };
    int ends[2];
    waitgroup done = {0};
    CHECK_EQ(pipe(ends), 0);
    waitgroup_add(&done, N);
    for (int i = 0; i < N; i++)
        go(read_blocking, &ends[0], &done);
    for (int i = 0; i < 200; i++)
        yield();
    for (int i = 0; i < N; i++) {
        CHECK_EQ(write(ends[1], "x", 1), 1);
        yield();
    }
    waitgroup_wait(&done);
    close(ends[0]);
    close(ends[1]);
}

/* ---- many goroutines that all meet in a few channels (runtime/chanbarrier_test.go) ---- */

static void barrier_worker(chan_of(int) in, chan_of(int) out, bool select, waitgroup *done)
{
    for (int i = 0; i < 100; i++) {
        int v = chan_take(in) + 1;
        if (select) {
            chan_of(int) never = NULL;
            chan_select {
                send_case(out, v) {
                }
                recv_case(never, NULL) {
                }
            }
        } else {
            chan_send(out, v);
        }
    }
    waitgroup_done(done);
}

static void barrier_feeder(chan_of(int) out, chan_of(int) in, int n, waitgroup *done)
{
    for (int i = 0; i < n; i++) {
        chan_send(out, i);
        CHECK_EQ(chan_take(in), i + 1);
    }
    waitgroup_done(done);
}

GORO_TEST(hundreds_meet_in_two_channels)
{
    enum { PAIRS = 100 };
    waitgroup done = {0};
    chan_of(int) c[PAIRS][2];
    waitgroup_add(&done, 2 * PAIRS);
    for (int i = 0; i < PAIRS; i++) {
        c[i][0] = chan_make(int, 0);
        c[i][1] = chan_make(int, i % 2);
        go(barrier_worker, c[i][0], c[i][1], i % 3 == 0, &done);
        go(barrier_feeder, c[i][0], c[i][1], 100, &done);
    }
    waitgroup_wait(&done);
    for (int i = 0; i < PAIRS; i++) {
        chan_free(c[i][0]);
        chan_free(c[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(yield_lets_others_run),
        cmocka_unit_test(yield_of_a_pinned_goroutine),
        cmocka_unit_test(pinned_goroutine_waits_on_its_thread),
        cmocka_unit_test(pins_nest),
        cmocka_unit_test(all_processors_run_at_the_same_time),
        cmocka_unit_test(loops_without_calls_are_preempted),
        cmocka_unit_test(preemption_inside_of_malloc),
        cmocka_unit_test(timers_get_in_between),
        cmocka_unit_test(pairs_share_a_processor),
        cmocka_unit_test(number_of_goroutines),
        cmocka_unit_test(exit_from_deep_inside),
        cmocka_unit_test(end_of_main_by_exit),
        cmocka_unit_test(number_of_processors_changes_while_running),
        cmocka_unit_test(each_starts_once),
        cmocka_unit_test(blocked_calls_give_their_processor_away),
        cmocka_unit_test(hundreds_meet_in_two_channels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
