/* Misuse: each in a child process, by a goroutine with a name. The child has to end by abort, and to say what was wrong, which
 * goroutine it was, and where all goroutines are. Go's tests of this: closedchan, the misuse tests of sync, crash_test. */
#define GORO_SHORT_NAMES
#include "run.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static chan_of(int) nil;

static chan_of(int) closed(void)
{
    chan_of(int) c = chan_make(int, 1);
    chan_close(c);
    return c;
}

/* ---- channels ---- */

static void close_nil(void)
{
    chan_close(nil);
}

static void close_twice(void)
{
    chan_close(closed());
}

static void send_closed(void)
{
    chan_send(closed(), 1);
}

static void try_send_closed(void)
{
    chan_try_send(closed(), 1);
}

static void send_until_closed(void)
{
    (void)chan_send_until(closed(), 0, 1);
}

static void select_send_closed(void)
{
    chan_of(int) c = closed();
    chan_select {
        send_case(c, 1) {
        }
    }
}

static void select_send_closed_or_more(void)
{
    chan_of(int) c = closed();
    chan_select {
        send_case(c, 1) {
        }
        recv_case(nil, NULL) {
        }
        default_case {
        }
    }
}

static void send_on_full(chan_of(int) c)
{
    chan_send(c, 2);
}

static void close_soon(chan_of(int) c)
{
    for (int i = 0; i < 50; i++)
        yield();
    chan_close(c);
}

/* The sender, which waits when it happens, panics; the closer goes on. */
static void waiting_sender_is_told(void)
{
    chan_of(int) c = chan_make(int, 1);
    go(close_soon, c);
    chan_send(c, 1);
    send_on_full(c);
}

static void waiting_select_is_told(void)
{
    chan_of(int) c = chan_make(int, 0);
    go(close_soon, c);
    chan_select {
        send_case(c, 1) {
        }
        recv_case(nil, NULL) {
        }
    }
}

static void free_with_waiter(void)
{
    chan_of(int) c = chan_make(int, 1);
    chan_send(c, 1);
    go(send_on_full, c);
    for (int i = 0; i < 50; i++)
        yield();
    goro_sleep(10 * GORO_MILLISECOND);
    chan_free(c);
}

static void huge_channel(void)
{
    goro_chan_new(SIZE_MAX / 2, 3);
}

static void huge_element(void)
{
    goro_chan_new(SIZE_MAX - 8, 1);
}

static void too_many_cases(void)
{
    chan_of(int) c = NULL;
    chan_select {
        recv_case(c, NULL) {
        }
        recv_case(c, NULL) {
        }
        recv_case(c, NULL) {
        }
        recv_case(c, NULL) {
        }
        recv_case(c, NULL) {
        }
        recv_case(c, NULL) {
        }
        recv_case(c, NULL) {
        }
        recv_case(c, NULL) {
        }
        recv_case(c, NULL) {
        }
    }
}

/* ---- locks ---- */

static void unlock_unlocked(void)
{
    goro_mutex m = {0};
    goro_mutex_unlock(&m);
}

static void unlock_twice(void)
{
    goro_mutex m = {0};
    goro_mutex_lock(&m);
    goro_mutex_unlock(&m);
    goro_mutex_unlock(&m);
}

static void rw_unlock_unlocked(void)
{
    goro_rwmutex rw = {0};
    goro_rwmutex_unlock(&rw);
}

static void rw_unlock_for_reader(void)
{
    goro_rwmutex rw = {0};
    goro_rwmutex_rlock(&rw);
    goro_rwmutex_unlock(&rw);
}

static void rw_runlock_unlocked(void)
{
    goro_rwmutex rw = {0};
    goro_rwmutex_runlock(&rw);
}

static void rw_runlock_for_writer(void)
{
    goro_rwmutex rw = {0};
    goro_rwmutex_lock(&rw);
    goro_rwmutex_runlock(&rw);
}

static void rw_runlock_twice(void)
{
    goro_rwmutex rw = {0};
    goro_rwmutex_rlock(&rw);
    goro_rwmutex_runlock(&rw);
    goro_rwmutex_runlock(&rw);
}

static void cond_without_lock(void)
{
    goro_mutex m = {0};
    goro_cond c = {0};
    goro_cond_wait(&c, &m);
}

static void waitgroup_negative(void)
{
    waitgroup wg = {0};
    waitgroup_add(&wg, 1);
    waitgroup_done(&wg);
    waitgroup_done(&wg);
}

static void waitgroup_add_negative(void)
{
    waitgroup wg = {0};
    waitgroup_add(&wg, 3);
    waitgroup_add(&wg, -4);
}

/* ---- the rest ---- */

static void ticker_zero(void)
{
    goro_ticker_new(0);
}

static void ticker_negative(void)
{
    goro_ticker_new(-1);
}

static void ticker_reset_zero(void)
{
    goro_ticker_reset(goro_ticker_new(GORO_SECOND), 0);
}

static void unpin_without_pin(void)
{
    goro_unpin();
}

static void blocking_twice(void)
{
    goro_blocking_begin();
    goro_blocking_begin();
}

static void by_the_program(void)
{
    goro_panic("the number is %d", 42);
}

static const struct misuse {
    const char *name;
    void (*fn)(void);
    const char *words[2]; /* of the first line */
} misuses[] = {
    {"close_nil", close_nil, {"close of nil channel"}},
    {"close_twice", close_twice, {"close of closed channel"}},
    {"send_closed", send_closed, {"send on closed channel"}},
    {"try_send_closed", try_send_closed, {"send on closed channel"}},
    {"send_until_closed", send_until_closed, {"send on closed channel"}},
    {"select_send_closed", select_send_closed, {"send on closed channel"}},
    {"select_send_closed_or_more", select_send_closed_or_more, {"send on closed channel"}},
    {"waiting_sender_is_told", waiting_sender_is_told, {"send on closed channel"}},
    {"waiting_select_is_told", waiting_select_is_told, {"send on closed channel"}},
    {"free_with_waiter", free_with_waiter, {"free", "wait"}},
    {"huge_channel", huge_channel, {"chan"}},
    {"huge_element", huge_element, {"chan"}},
    {"too_many_cases", too_many_cases, {"select", "8"}},
    {"unlock_unlocked", unlock_unlocked, {"unlock of unlocked mutex"}},
    {"unlock_twice", unlock_twice, {"unlock of unlocked mutex"}},
    {"rw_unlock_unlocked", rw_unlock_unlocked, {"unlock of unlocked rwmutex"}},
    {"rw_unlock_for_reader", rw_unlock_for_reader, {"unlock of unlocked rwmutex"}},
    {"rw_runlock_unlocked", rw_runlock_unlocked, {"runlock of unlocked rwmutex"}},
    {"rw_runlock_for_writer", rw_runlock_for_writer, {"runlock of unlocked rwmutex"}},
    {"rw_runlock_twice", rw_runlock_twice, {"runlock of unlocked rwmutex"}},
    {"cond_without_lock", cond_without_lock, {"unlock of unlocked mutex"}},
    {"waitgroup_negative", waitgroup_negative, {"negative waitgroup counter"}},
    {"waitgroup_add_negative", waitgroup_add_negative, {"negative waitgroup counter"}},
    {"ticker_zero", ticker_zero, {"ticker"}},
    {"ticker_negative", ticker_negative, {"ticker"}},
    {"ticker_reset_zero", ticker_reset_zero, {"ticker"}},
    {"unpin_without_pin", unpin_without_pin, {"goro_unpin without goro_pin"}},
    {"blocking_twice", blocking_twice, {"goro_blocking_begin"}},
    {"by_the_program", by_the_program, {"the number is 42"}},
};

static int run_culprit(void *arg)
{
    const struct misuse *misuse = arg;
    goro_go_opt((.name = "culprit"), misuse->fn);
    goro_sleep(3600 * GORO_SECOND);
    return 0;
}

/* What a child that runs fn(arg) says on stderr, and how it ends. */
static int child(int (*fn)(void *), void *arg, char *said, size_t size)
{
    int ends[2], status;
    size_t length = 0;
    ssize_t n;
    assert_int_equal(pipe(ends), 0);
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct rlimit no_core = {0, 0};
        setrlimit(RLIMIT_CORE, &no_core);
        signal(SIGABRT, SIG_DFL);
        dup2(ends[1], 2);
        close(ends[0]);
        close(ends[1]);
        _exit(fn(arg));
    }
    close(ends[1]);
    while (length < size - 1 && (n = read(ends[0], said + length, size - 1 - length)) > 0)
        length += (size_t)n;
    said[length] = '\0';
    close(ends[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static int run_goroutine(void *misuse)
{
    goro_run(run_culprit, misuse);
    return 3;
}

/* The first goroutine that is shown is the culprit, by name and with what it is at. */
static bool names_culprit(const char *said)
{
    const char *line = strstr(said, "\ngoroutine "), *end = line ? strchr(line + 1, '\n') : NULL;
    const char *running = line ? strstr(line, "\"culprit\" [running") : NULL;
    const char *blocking = line ? strstr(line, "\"culprit\" [blocking call") : NULL;
    return end && ((running && running < end) || (blocking && blocking < end));
}

static void misuse_panics(void **state)
{
    const struct misuse *misuse = *state;
    static char said[1 << 16];
    int status = child(run_goroutine, (void *)misuse, said, sizeof said);
    char *first_end = strchr(said, '\n');
    bool right = WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT && strncmp(said, "panic: ", 7) == 0 && first_end &&
                 names_culprit(said);
    for (int i = 0; right && i < 2 && misuse->words[i]; i++) {
        const char *words = strstr(said, misuse->words[i]);
        right = words && words < first_end;
    }
    /* The first goroutine is shown as well. */
    right = right && strstr(said, "goroutine 1 ");
    if (!right)
        print_message("%s: status %x, said:\n%s\n", misuse->name, (unsigned)status, said);
    assert_true(right);
}

/* ---- outside of goroutines ---- */

static int send_outside(void *arg)
{
    chan_of(int) c = chan_make(int, 0);
    (void)arg;
    chan_send(c, 1);
    return 3;
}

static int yield_outside(void *arg)
{
    (void)arg;
    yield();
    return 3;
}

static int lock_outside(void *arg)
{
    mutex m = {0};
    (void)arg;
    mutex_lock(&m);
    mutex_lock(&m);
    return 3;
}

static void waiting_outside_of_a_goroutine(void **state)
{
    int (*const cases[])(void *) = {send_outside, yield_outside, lock_outside};
    char said[4096];
    (void)state;
    for (int i = 0; i < 3; i++) {
        int status = child(cases[i], NULL, said, sizeof said);
        if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT || !strstr(said, "outside of a goroutine"))
            fail_msg("case %d: status %x, said: %s", i, (unsigned)status, said);
    }
}

/* What needs no waiting works anywhere. */
static void without_waiting_anywhere(void **state)
{
    chan_of(int) c = chan_make(int, 1);
    mutex m = {0};
    int v = 0;
    (void)state;
    assert_true(chan_try_send(c, 5));
    assert_false(chan_try_send(c, 6));
    assert_int_equal(chan_len(c), 1);
    assert_int_equal(chan_try_recv(c, &v), 1);
    assert_int_equal(v, 5);
    chan_close(c);
    assert_int_equal(chan_try_recv(c, &v), 0);
    chan_free(c);
    assert_true(mutex_trylock(&m));
    assert_false(mutex_trylock(&m));
    mutex_unlock(&m);
}

/* ---- two at once, and a stack that is too deep ---- */

static void panic_together(int *arrived)
{
    goro_atomic_add(arrived, 1);
    while (goro_atomic_load(arrived) < 4)
        yield();
    goro_panic("one of four");
}

static int run_four(void *arg)
{
    static int arrived;
    (void)arg;
    for (int i = 0; i < 4; i++)
        go(panic_together, &arrived);
    goro_sleep(3600 * GORO_SECOND);
    return 0;
}

static int four(void *arg)
{
    goro_run(run_four, arg);
    return 3;
}

static void simultaneous_panics_print_one(void **state)
{
    static char said[1 << 16];
    (void)state;
    int status = child(four, NULL, said, sizeof said), lines = 0;
    for (const char *p = said; (p = strstr(p, "panic: one of four")); p++)
        lines++;
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT || lines != 1)
        fail_msg("status %x, %d times:\n%s", (unsigned)status, lines, said);
}

static int deeper(volatile char *above, int depth)
{
    volatile char here[512];
    here[0] = above ? above[0] : 1;
    if (depth == 0)
        return here[0];
    return deeper(here, depth - 1) + here[0];
}

static void recurse(void)
{
    deeper(NULL, 10000000);
}

/* A frame that reaches over the guard page: its far end is touched first. */
static __attribute__((noinline)) void one_large_frame(void)
{
    char large[80000];
    large[0] = 1;
    __asm__ volatile("" : : "r"(large) : "memory"); /* all of it is needed */
}

static const struct misuse overflow = {"overflow", recurse, {NULL}}, leap = {"leap", one_large_frame, {NULL}};

static void stack_overflow_names_the_goroutine(void **state)
{
    static char said[1 << 16];
    int status = child(run_goroutine, *state, said, sizeof said);
    /* It ends by the fault itself, so that a core file shows the place; size and cure are told. */
    if (!WIFSIGNALED(status) || (WTERMSIG(status) != SIGSEGV && WTERMSIG(status) != SIGBUS) ||
        strncmp(said, "fatal error: stack overflow\n", 28) != 0 || !names_culprit(said) ||
        !strstr(said, "65536 bytes") || !strstr(said, "goro_go_opt"))
        fail_msg("status %x, said: %s", (unsigned)status, said);
}

/* ---- all asleep ---- */

static chan_of(int) dead;

static void take_dead(bool pin)
{
    if (pin)
        goro_pin();
    chan_take(dead);
}

static void select_dead(void)
{
    chan_select {
        recv_case(dead, NULL) {
        }
        send_case(nil, 1) {
        }
    }
}

static int asleep_alone(void *arg)
{
    (void)arg;
    chan_send(nil, 1);
    return 0;
}

static int asleep_together(void *arg)
{
    waitgroup never = {0};
    (void)arg;
    dead = chan_make(int, 0);
    waitgroup_add(&never, 1);
    go(take_dead, false);
    go(take_dead, true);
    go(select_dead);
    waitgroup_wait(&never);
    return 0;
}

static int asleep_in_a_lock(void *arg)
{
    mutex m = {0};
    (void)arg;
    mutex_lock(&m);
    mutex_lock(&m);
    return 0;
}

static int asleep_after_work(void *arg)
{
    (void)arg;
    goro_sleep(5 * GORO_MILLISECOND);
    for (int i = 0; i < 1000; i++)
        yield();
    struct goro_timer *t = goro_timer_new(GORO_SECOND);
    goro_timer_stop(t); /* one that was stopped wakes nobody */
    chan_take(goro_timer_chan(t));
    return 0;
}

static int run_asleep(void *fn)
{
    int (*main_fn)(void *) = *(int (**)(void *))fn;
    goro_run(main_fn, NULL);
    return 3;
}

static void all_asleep_is_told(void **state)
{
    static int (*const cases[])(void *) = {asleep_alone, asleep_together, asleep_in_a_lock, asleep_after_work};
    static char said[1 << 16];
    (void)state;
    for (int i = 0; i < 4; i++) {
        int status = child(run_asleep, (void *)&cases[i], said, sizeof said);
        if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT || !strstr(said, "all goroutines are asleep") ||
            !strstr(said, "goroutine 1 "))
            fail_msg("case %d: status %x, said: %s", i, (unsigned)status, said);
    }
}

/* What may still come, each after long enough for a wrong verdict: then everybody is asleep meanwhile, but not for ever. */
static const int64_t a_while = 300 * GORO_MILLISECOND;

static long sleep_blocking(void *arg)
{
    (void)arg;
    return usleep((useconds_t)(a_while / 1000));
}

static void send_after_call(chan_of(int) c)
{
    goro_blocking(sleep_blocking, NULL);
    chan_send(c, 1);
}

static void *send_from_thread(void *c)
{
    usleep((useconds_t)(a_while / 1000));
    goro_chan_try_send_raw(c, &(int){2});
    return NULL;
}

static void *write_from_thread(void *fd)
{
    usleep((useconds_t)(a_while / 1000));
    return write(*(int *)fd, "x", 1) == 1 ? fd : NULL;
}

GORO_TEST(asleep_but_not_for_ever)
{
    chan_of(int) c = chan_make(int, 1);
    pthread_t thread;
    int ends[2];
    char byte;
    void *wrote;

    go(send_after_call, c);
    CHECK_EQ(chan_take(c), 1);
    CHECK_EQ(chan_recv_until(c, goro_now() + a_while, NULL), -ETIMEDOUT);
    CHECK_EQ(pthread_create(&thread, NULL, send_from_thread, c), 0);
    CHECK_EQ(chan_take(c), 2);
    pthread_join(thread, NULL);
    CHECK_EQ(goro_pipe(ends), 0);
    CHECK_EQ(pthread_create(&thread, NULL, write_from_thread, &ends[1]), 0);
    CHECK_EQ(goro_read(ends[0], &byte, 1, GORO_FOREVER), 1);
    pthread_join(thread, &wrote);
    CHECK(wrote != NULL);
    goro_close(ends[0]);
    goro_close(ends[1]);
    chan_free(c);
}

int main(void)
{
    enum { COUNT = sizeof misuses / sizeof *misuses };
    struct CMUnitTest tests[COUNT + 7];
    for (int i = 0; i < COUNT; i++)
        tests[i] = (struct CMUnitTest){misuses[i].name, misuse_panics, NULL, NULL, (void *)&misuses[i]};
    tests[COUNT] = (struct CMUnitTest)cmocka_unit_test(waiting_outside_of_a_goroutine);
    tests[COUNT + 1] = (struct CMUnitTest)cmocka_unit_test(without_waiting_anywhere);
    tests[COUNT + 2] = (struct CMUnitTest)cmocka_unit_test(simultaneous_panics_print_one);
    tests[COUNT + 3] =
        (struct CMUnitTest){"stack overflow", stack_overflow_names_the_goroutine, NULL, NULL, (void *)&overflow};
    tests[COUNT + 6] =
        (struct CMUnitTest){"one large frame", stack_overflow_names_the_goroutine, NULL, NULL, (void *)&leap};
    tests[COUNT + 4] = (struct CMUnitTest)cmocka_unit_test(all_asleep_is_told);
    tests[COUNT + 5] = (struct CMUnitTest)cmocka_unit_test(asleep_but_not_for_ever);
    return cmocka_run_group_tests_name("go_panic", tests, NULL, NULL);
}
