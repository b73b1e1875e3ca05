/* All primitives at random, from a fixed seed: many goroutines that do any operation in any order, with and without deadlines, and
 * what went in has to be what came out. A lost wake-up is a hang (or "all goroutines are asleep"), a double one a wrong count.
 *
 *     soak [ROUNDS [SEED]]     rounds of each goroutine; ctest runs a second of it, `soak 1000000` many minutes
 *
 * What to do is drawn from the seed; when it happens is the scheduler's and the machine's, so two runs are not the same. Exit status 0: all
 * counts are right. */
#define GORO_SHORT_NAMES
#include <goro/goro.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WORKERS = 48, CHANNELS = 5, PLACES = 7 };

static long failures;
static int rounds = 300;
static uint64_t seed = 1;

#define CHECK(condition) \
    do { \
        if (!(condition)) { \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
            goro_atomic_add(&failures, 1); \
        } \
    } while (0)

struct random {
    uint64_t state;
};

static uint32_t below(struct random *r, uint32_t n)
{
    r->state += 0x9e3779b97f4a7c15u;
    uint64_t z = r->state;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return (uint32_t)((z ^ z >> 31) >> 32) % n;
}

/* From "does not wait" over microseconds to a few milliseconds. */
static int64_t soon(struct random *r)
{
    static const int64_t most[] = {1, 20000, 200000, 3000000};
    return goro_now() + below(r, (uint32_t)most[below(r, 4)]);
}

/* ---- channels: the sums of what was sent and received ---- */

static chan_of(int64_t) channels[CHANNELS];
static int64_t sent, received;

static void do_channel(struct random *r)
{
    chan_of(int64_t) c = channels[below(r, CHANNELS)], d = channels[below(r, CHANNELS)];
    int64_t v = 1 + below(r, 1000), got = 0;
    bool ok = false;
    switch (below(r, 7)) {
    case 0:
        ok = chan_try_send(c, v);
        break;
    case 1:
        ok = chan_send_until(c, soon(r), v) == 0;
        break;
    case 2:
        chan_try_recv(c, &got);
        break;
    case 3:
        chan_recv_until(c, soon(r), &got);
        break;
    case 4:
        chan_select {
            send_case(c, v) {
                ok = true;
            }
            recv_case(d, &got) {
            }
            timeout_case(below(r, 300000)) {
            }
        }
        break;
    case 5:
        chan_select {
            recv_case(c, &got) {
            }
            recv_case(d, &got) {
            }
            send_case(below(r, 2) ? d : NULL, v) {
                ok = true;
            }
            default_case {
            }
        }
        break;
    default:
        chan_select {
            send_case(c, v) {
                ok = true;
            }
            send_case(d, v) {
                ok = true;
            }
            timeout_case(below(r, 300000)) {
            }
        }
    }
    if (ok)
        goro_atomic_add(&sent, v);
    goro_atomic_add(&received, got);
}

/* ---- servers: question and answer without any deadline ---- */

struct question {
    int64_t n;
    chan_of(int64_t) answer;
};

static chan_of(struct question) questions;

static void serve(waitgroup *servers)
{
    chan_range(questions, q) chan_send(q.answer, q.n * 3);
    waitgroup_done(servers);
}

static void do_question(struct random *r)
{
    chan_of(int64_t) answer = chan_make(int64_t, below(r, 2));
    int64_t n = below(r, 1000000);
    chan_send(questions, {n, answer});
    CHECK(chan_take(answer) == n * 3);
    chan_free(answer);
}

/* ---- locks ---- */

static mutex lock;
static int64_t guarded, guarded_again, times_locked;

static void do_mutex(struct random *r)
{
    bool mine = true;
    switch (below(r, 4)) {
    case 0:
        mine = mutex_trylock(&lock);
        break;
    case 1:
        mine = goro_mutex_lock_until(&lock, soon(r)) == 0;
        break;
    default:
        mutex_lock(&lock);
    }
    if (!mine)
        return;
    guarded++;
    if (below(r, 20) == 0)
        yield();
    guarded_again++;
    CHECK(guarded == guarded_again);
    mutex_unlock(&lock);
    goro_atomic_add(&times_locked, 1);
}

static goro_rwmutex table_lock;
static int64_t table[8], times_written;

static void do_rwmutex(struct random *r)
{
    if (below(r, 4) == 0) {
        if (below(r, 3) == 0) {
            if (!goro_rwmutex_trylock(&table_lock))
                return;
        } else {
            goro_rwmutex_lock(&table_lock);
        }
        for (int i = 0; i < 8; i++) {
            table[i]++;
            if (i == 4 && below(r, 10) == 0)
                yield();
        }
        goro_rwmutex_unlock(&table_lock);
        goro_atomic_add(&times_written, 1);
    } else {
        if (below(r, 3) == 0) {
            if (!goro_rwmutex_tryrlock(&table_lock))
                return;
        } else {
            goro_rwmutex_rlock(&table_lock);
        }
        int64_t first = table[0];
        if (below(r, 10) == 0)
            yield();
        for (int i = 0; i < 8; i++)
            CHECK(table[i] == first);
        goro_rwmutex_runlock(&table_lock);
    }
}

static goro_sem places = GORO_SEM_INIT(PLACES);
static int64_t taken;

static void do_semaphore(struct random *r)
{
    int64_t n = 1 + below(r, PLACES);
    if (below(r, 4) == 0) {
        if (!goro_sem_tryacquire(&places, n))
            return;
    } else if (below(r, 3) == 0) {
        if (goro_sem_acquire_until(&places, n, soon(r)) != 0)
            return;
    } else {
        goro_sem_acquire(&places, n);
    }
    CHECK(goro_atomic_add(&taken, n) <= PLACES);
    if (below(r, 5) == 0)
        yield();
    goro_atomic_add(&taken, -n);
    goro_sem_release(&places, n);
}

/* Tokens in a box: whoever waits for one without deadline has put one in before. */
static mutex box_lock;
static goro_cond box_changed;
static int64_t box;

static void do_condition(struct random *r)
{
    mutex_lock(&box_lock);
    box++;
    if (below(r, 2))
        goro_cond_broadcast(&box_changed);
    else
        goro_cond_signal(&box_changed);
    mutex_unlock(&box_lock);
    mutex_lock(&box_lock);
    while (box == 0)
        if (below(r, 2))
            goro_cond_wait(&box_changed, &box_lock);
        else
            goro_cond_wait_until(&box_changed, &box_lock, soon(r));
    box--;
    mutex_unlock(&box_lock);
}

/* ---- families of goroutines ---- */

struct family {
    waitgroup all;
    goro_once once;
    int64_t born, onces;
};

static void count_once(void *arg)
{
    struct family *f = arg;
    yield();
    f->onces++;
}

static void child(struct family *f, uint64_t mine)
{
    struct random r = {mine};
    goro_atomic_add(&f->born, 1);
    if (below(&r, 3) == 0)
        goro_sleep(below(&r, 200000));
    once_do(&f->once, count_once, f);
    CHECK(f->onces == 1);
    waitgroup_done(&f->all);
    if (below(&r, 2))
        goro_exit();
}

static void do_family(struct random *r)
{
    struct family f = {.born = 0};
    int n = 1 + (int)below(r, 6);
    waitgroup_add(&f.all, n);
    for (int i = 0; i < n; i++)
        CHECK(go(child, &f, (uint64_t)below(r, 1u << 30)) == 0);
    waitgroup_wait(&f.all);
    CHECK(f.born == n && f.onces == 1);
}

static int member(void *arg)
{
    goro_atomic_add((int64_t *)arg, 1);
    yield();
    return goro_atomic_load((int64_t *)arg) % 7 == 3 ? -EIO : 0;
}

static void do_group(struct random *r)
{
    goro_group g;
    int64_t ran = 0;
    int n = (int)below(r, 8);
    goro_group_init(&g, NULL);
    if (below(r, 2))
        goro_group_limit(&g, 1 + (int)below(r, 3));
    for (int i = 0; i < n; i++)
        goro_group_go(&g, member, &ran);
    int error = goro_group_wait(&g);
    CHECK((error == 0 || error == -EIO) && ran == n);
}

/* ---- time ---- */

static int64_t fired;

static void fire(void *arg)
{
    (void)arg;
    goro_atomic_add(&fired, 1);
}

static int64_t timers_made, timers_stopped;

static void do_timer(struct random *r)
{
    struct goro_timer *t = goro_after_func(below(r, 400000), fire, NULL);
    goro_atomic_add(&timers_made, 1);
    if (below(r, 2))
        goro_sleep(below(r, 200000));
    if (below(r, 3) == 0 && goro_timer_reset(t, below(r, 300000)) == false)
        goro_atomic_add(&timers_made, 1); /* it had fired: this is a second time */
    if (below(r, 2))
        goro_sleep(below(r, 400000));
    if (goro_timer_stop(t))
        goro_atomic_add(&timers_stopped, 1);
    goro_timer_free(t);
}

static void wait_and_release(struct goro_context *c, waitgroup *done)
{
    int error = goro_context_sleep(c, GORO_FOREVER);
    CHECK(error == -ECANCELED || error == -ETIMEDOUT);
    goro_context_release(c);
    waitgroup_done(done);
}

static void do_context(struct random *r)
{
    struct goro_context *top = goro_context_with_cancel(goro_context_background());
    struct goro_context *timed = goro_context_with_timeout(top, below(r, 500000));
    waitgroup done = {0};
    waitgroup_add(&done, 2);
    go(wait_and_release, goro_context_retain(timed), &done);
    go(wait_and_release, goro_context_with_cancel(timed), &done);
    if (below(r, 2))
        goro_context_cancel(below(r, 2) ? top : timed, 0);
    waitgroup_wait(&done);
    goro_context_release(timed);
    goro_context_release(top);
}

/* ---- the rest ---- */

static struct goro_pool *pool;
static struct goro_queue *queue;
static int64_t submitted, pushed, popped;

static void do_pool(struct random *r)
{
    goro_pool_submit(pool, fire, NULL);
    goro_atomic_add(&submitted, 1);
    int64_t v = 1 + below(r, 100), got = 0;
    if (below(r, 2)) {
        CHECK(goro_queue_push(queue, &v) == 0);
        goro_atomic_add(&pushed, v);
    } else if ((below(r, 2) ? goro_queue_try_pop(queue, &got) : goro_queue_pop(queue, &got, soon(r))) == 1) {
        goro_atomic_add(&popped, got);
    }
}

static int pipe_ends[2];
static int64_t bytes_in, bytes_out;

static void do_pipe(struct random *r)
{
    char byte[3] = {0};
    if (below(r, 2)) {
        if (goro_write(pipe_ends[1], byte, 1, soon(r)) == 1)
            goro_atomic_add(&bytes_in, 1);
    } else {
        ssize_t n = goro_read(pipe_ends[0], byte, sizeof byte, soon(r));
        CHECK(n > 0 || n == -ETIMEDOUT);
        if (n > 0)
            goro_atomic_add(&bytes_out, n);
    }
}

static long nap(void *arg)
{
    return usleep(*(useconds_t *)arg);
}

static void do_thread(struct random *r)
{
    useconds_t us = below(r, 100);
    switch (below(r, 4)) {
    case 0:
        goro_blocking(nap, &us);
        break;
    case 1:
        goro_pin();
        yield();
        goro_sleep(below(r, 100000));
        goro_unpin();
        break;
    case 2:
        if (below(r, 20) == 0)
            goro_gomaxprocs(1 + (int)below(r, 6));
        break;
    default: /* for longer than it may */
        if (below(r, 100) == 0)
            for (int64_t end = goro_now() + 15 * GORO_MILLISECOND; goro_now() < end;)
                continue;
    }
}

static void (*const operations[])(struct random *) = {do_channel, do_channel, do_channel,   do_question, do_mutex,
                                                      do_rwmutex, do_semaphore, do_condition, do_family, do_group,
                                                      do_timer,   do_context, do_pool,      do_pipe,     do_thread};
enum { OPERATIONS = sizeof operations / sizeof *operations };

static void worker(int number, waitgroup *done)
{
    struct random r = {seed * 1000003 + (uint64_t)number};
    for (int i = 0; i < rounds; i++) {
        operations[below(&r, OPERATIONS)](&r);
        if (below(&r, 50) == 0)
            yield();
    }
    waitgroup_done(done);
}

static int start(void *arg)
{
    static const int capacities[CHANNELS] = {0, 0, 1, 3, 64};
    waitgroup done = {0}, servers = {0};
    int64_t v;
    char bytes[64];
    (void)arg;

    for (int i = 0; i < CHANNELS; i++)
        channels[i] = chan_make(int64_t, capacities[i]);
    questions = chan_make(struct question, 2);
    pool = goro_pool_new(3, 4);
    queue = goro_queue_new(sizeof(int64_t));
    CHECK(goro_pipe(pipe_ends) == 0);
    waitgroup_add(&servers, 3);
    for (int i = 0; i < 3; i++)
        go(serve, &servers);
    waitgroup_add(&done, WORKERS);
    for (int i = 0; i < WORKERS; i++)
        go(worker, i, &done);
    waitgroup_wait(&done);

    chan_close(questions);
    waitgroup_wait(&servers);
    goro_pool_close(pool);
    for (int i = 0; i < CHANNELS; i++) {
        while (chan_try_recv(channels[i], &v) == 1)
            received += v;
        chan_free(channels[i]);
    }
    while (goro_queue_try_pop(queue, &v) == 1)
        popped += v;
    goro_queue_free(queue);
    while (bytes_out < bytes_in) {
        ssize_t n = goro_read(pipe_ends[0], bytes, sizeof bytes, goro_now() + 10 * GORO_SECOND);
        CHECK(n > 0);
        if (n <= 0)
            break;
        bytes_out += n;
    }
    while (goro_num_goroutines() > 1)
        goro_sleep(GORO_MILLISECOND);
    chan_free(questions);
    goro_close(pipe_ends[0]);
    goro_close(pipe_ends[1]);

    CHECK(sent == received);
    CHECK(guarded == times_locked && guarded_again == times_locked);
    CHECK(table[0] == times_written && taken == 0 && box == 0);
    CHECK(goro_sem_tryacquire(&places, PLACES));
    CHECK(pushed == popped && bytes_in == bytes_out);
    CHECK(fired == timers_made - timers_stopped + submitted);
    printf("%d goroutines, %d rounds, seed %" PRIu64 ": %" PRId64 " sent, %" PRId64 " locked, %" PRId64 " timers, %ld failures\n",
           WORKERS, rounds, seed, sent, times_locked, timers_made, failures);
    return failures ? 1 : 0;
}

int main(int argc, char **argv)
{
    if (argc > 1)
        rounds = atoi(argv[1]);
    if (argc > 2)
        seed = strtoull(argv[2], NULL, 10);
    return goro_run(start, NULL);
}
