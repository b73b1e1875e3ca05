/* For check_det: a bit of everything, whose order is printed. det_subject [trace|hour|still|deadlock] */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <goro/goro.h>

static goro_mutex lock;
static goro_waitgroup all;
static goro_sem places = GORO_SEM_INIT(2);
static goro_rwmutex rw;
static goro_cond changed;
static struct goro_queue *queue;
static int stage, count;

static void say(const char *what, int who)
{
    printf("%s%d ", what, who);
}

static void use_locks(int who)
{
    goro_sem_acquire(&places, 1);
    say("in", who);
    goro_sem_release(&places, 1);
    goro_rwmutex_rlock(&rw);
    say("reads", who);
    goro_rwmutex_runlock(&rw);
    goro_mutex_lock(&lock);
    stage++;
    goro_cond_broadcast(&changed);
    while (stage < 3)
        goro_cond_wait(&changed, &lock);
    say("past", who);
    goro_mutex_unlock(&lock);
}

static void use_channels(int who, goro_chan_of(int) one, goro_chan_of(int) other)
{
    for (int i = 0; i < 4; i++) {
        goro_select {
            goro_send_case(one, who) { say("one", who); }
            goro_send_case(other, who) { say("other", who); }
            goro_timeout_case(GORO_MILLISECOND) { say("late", who); }
        }
        goro_sleep(GORO_MILLISECOND);
        say(goro_atomic_add(&count, 1) % 2 ? "odd" : "even", who);
    }
}

static void worker(int who, goro_chan_of(int) one, goro_chan_of(int) other)
{
    use_locks(who);
    use_channels(who, one, other);
    goro_queue_push(queue, &who);
    goro_waitgroup_done(&all);
}

static void taker(goro_chan_of(int) one, goro_chan_of(int) other)
{
    int v;
    for (int i = 0; i < 9; i++)
        goro_select {
            goro_recv_case(one, &v) { say("from", v); }
            goro_recv_case(other, &v) { say("From", v); }
        }
}

static void later(void *arg)
{
    say("later", *(int *)arg);
}

static void reader(int fd, int who)
{
    char c;
    while (goro_read(fd, &c, 1, GORO_FOREVER) == 1)
        say("byte", who);
}

static void use_outside(struct goro_context *until)
{
    static int numbers[] = {0, 1, 2};
    struct goro_timer *timers[3];
    int fds[2];
    goro_pipe(fds);
    for (int i = 0; i < 3; i++)
        timers[i] = goro_after_func(5 * GORO_MILLISECOND, later, &numbers[i]);
    goro_go(reader, fds[0], 1);
    goro_go(reader, fds[0], 2);
    goro_context_sleep(until, GORO_SECOND);
    goro_write_full(fds[1], "abcdef", 6, GORO_FOREVER);
    goro_close(fds[1]);
    goro_sleep(GORO_SECOND);
    for (int i = 0; i < 3; i++)
        goro_timer_free(timers[i]);
}

static int trace(void *arg)
{
    int v;
    int64_t begun = goro_now();
    (void)arg;
    goro_chan_of(int) one = goro_chan_make(int, 0);
    goro_chan_of(int) other = goro_chan_make(int, 1);
    queue = goro_queue_new(sizeof v);
    goro_go(taker, one, other);
    goro_waitgroup_add(&all, 3);
    for (int i = 0; i < 3; i++)
        goro_go(worker, i, one, other);
    use_outside(goro_context_with_timeout(goro_context_background(), 30 * GORO_MILLISECOND));
    goro_waitgroup_wait(&all);
    while (goro_queue_try_pop(queue, &v) == 1)
        say("popped", v);
    printf("%ld ms\n", (long)((goro_now() - begun) / GORO_MILLISECOND));
    return 0;
}

static void sleeper(int64_t ns)
{
    goro_sleep(ns);
    goro_waitgroup_done(&all);
}

/* 10,000 timers over an hour. */
static int hour(void *arg)
{
    int64_t begun = goro_now();
    (void)arg;
    goro_waitgroup_add(&all, 10000);
    for (int i = 0; i < 10000; i++)
        goro_go(sleeper, (i + 1) * 360 * GORO_MILLISECOND);
    goro_waitgroup_wait(&all);
    printf("%ld s\n", (long)((goro_now() - begun) / GORO_SECOND));
    return 0;
}

/* The other end is the script's, who writes after more than a second. */
static int still(void *arg)
{
    (void)arg;
    goro_go(sleeper, GORO_SECOND);
    reader(7, 1);
    puts("end");
    return 0;
}

/* Time passes for somebody who looks at it again and again. */
static int busy(void *arg)
{
    (void)arg;
    int64_t begun = goro_now();
    while (goro_now() < begun + GORO_SECOND)
        goro_yield();
    puts("over");
    return 0;
}

static void take(goro_mutex *m)
{
    goro_mutex_lock(m);
}

static int deadlock(void *arg)
{
    static goro_mutex m;
    (void)arg;
    goro_mutex_lock(&m);
    goro_go(take, &m);
    goro_mutex_lock(&m);
    return 0;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*fn)(void *arg);
    } kinds[] = {{"trace", trace}, {"hour", hour}, {"still", still}, {"busy", busy}, {"deadlock", deadlock}};
    for (size_t i = 0; argc == 2 && i < sizeof kinds / sizeof *kinds; i++)
        if (!strcmp(argv[1], kinds[i].name))
            return goro_run(kinds[i].fn, NULL) ? 1 : 0;
    return 2;
}
