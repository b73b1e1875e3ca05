/* Goroutines and their locks: taken twice, in both orders, read again while a writer waits. */
#include "goroutine.h"

enum { PHILOSOPHERS = 5 };

static goro_mutex a, b, c;
static goro_rwmutex rw_a, rw_b;
static goro_waitgroup done;
static struct schedule steps;
static bool right; /* the twin runs */

/* ---- double lock ---- */

struct store {
    goro_mutex lock;
    int size;
};

static int deadlock_goro_twice_size(struct store *s)
{
    goro_mutex_lock(&s->lock); // WAITS
    int size = s->size;
    goro_mutex_unlock(&s->lock);
    return size;
}

/* A method that locks calls another that does. */
void deadlock_goro_twice(bool fixed)
{
    struct store s = {{0}, 1};

    goro_mutex_lock(&s.lock); // HELD
    s.size += fixed ? s.size : deadlock_goro_twice_size(&s);
    goro_mutex_unlock(&s.lock);
}

static int deadlock_goro_early_put(struct store *s, int value)
{
    goro_mutex_lock(&s->lock); // HELD WAITS
    if (value == 0) {
        if (right)
            goro_mutex_unlock(&s->lock);
        return -EINVAL;
    }
    s->size += value;
    goro_mutex_unlock(&s->lock);
    return 0;
}

/* The path of an error goes back without the unlock. */
void deadlock_goro_early_return(bool fixed)
{
    struct store s = {{0}, 0};

    right = fixed;
    for (int i = 0; i < 3; i++)
        deadlock_goro_early_put(&s, i);
}

static void deadlock_goro_worker_loop(struct store *s)
{
    for (int i = 0; i < 3; i++) {
        goro_mutex_lock(&s->lock); // HELD WAITS
        s->size++;
        if (i == 1 && !right)
            continue;
        goro_mutex_unlock(&s->lock);
    }
    goro_waitgroup_done(&done);
}

/* The same by `continue`, in a goroutine that main waits for. */
void deadlock_goro_continue(bool fixed)
{
    static struct store s;

    right = fixed;
    goro_waitgroup_add(&done, 1);
    must_go(deadlock_goro_worker_loop, &s);
    goro_waitgroup_wait(&done);
}

/* A writer reads. */
void deadlock_goro_write_read(bool fixed)
{
    goro_rwmutex_lock(&rw_a); // HELD
    if (fixed)
        goro_rwmutex_unlock(&rw_a);
    goro_rwmutex_rlock(&rw_a); // WAITS
    goro_rwmutex_runlock(&rw_a);
    if (!fixed)
        goro_rwmutex_unlock(&rw_a);
}

/* A reader writes. */
void deadlock_goro_upgrade(bool fixed)
{
    goro_rwmutex_rlock(&rw_a); // HELD
    if (fixed)
        goro_rwmutex_runlock(&rw_a);
    goro_rwmutex_lock(&rw_a); // WAITS
    goro_rwmutex_unlock(&rw_a);
    if (!fixed)
        goro_rwmutex_runlock(&rw_a);
}

static void deadlock_goro_listener_call(void (*listener)(struct store *s), struct store *s)
{
    goro_mutex_lock(&s->lock); // HELD
    if (right)
        goro_mutex_unlock(&s->lock);
    listener(s);
    if (!right)
        goro_mutex_unlock(&s->lock);
}

static void deadlock_goro_listener_changed(struct store *s)
{
    goro_mutex_lock(&s->lock); // WAITS
    s->size++;
    goro_mutex_unlock(&s->lock);
}

/* A listener is called under the lock that it takes. */
void deadlock_goro_listener(bool fixed)
{
    struct store s = {{0}, 0};

    right = fixed;
    deadlock_goro_listener_call(deadlock_goro_listener_changed, &s);
}

/* ---- both orders ---- */

static void nest(goro_mutex *first, goro_mutex *second, int meeting)
{
    goro_mutex_lock(first); // HELD
    if (meeting)
        rendezvous(meeting);
    goro_mutex_lock(second); // WAITS
    goro_mutex_unlock(second);
    goro_mutex_unlock(first);
    goro_waitgroup_done(&done);
}

void deadlock_goro_ab_ba(bool fixed)
{
    goro_waitgroup_add(&done, 2);
    must_go(nest, &a, &b, fixed ? 0 : 2);
    must_go(nest, fixed ? &a : &b, fixed ? &b : &a, fixed ? 0 : 2);
    goro_waitgroup_wait(&done);
}

void deadlock_goro_three_cycle(bool fixed)
{
    goro_waitgroup_add(&done, 3);
    must_go(nest, &a, &b, fixed ? 0 : 3);
    must_go(nest, &b, &c, fixed ? 0 : 3);
    must_go(nest, fixed ? &a : &c, fixed ? &c : &a, fixed ? 0 : 3);
    goro_waitgroup_wait(&done);
}

void deadlock_goro_dining(bool fixed)
{
    static goro_mutex forks[PHILOSOPHERS];
    int last = PHILOSOPHERS - 1;

    goro_waitgroup_add(&done, PHILOSOPHERS);
    for (int i = 0; i < last; i++)
        must_go(nest, &forks[i], &forks[i + 1], fixed ? 0 : PHILOSOPHERS);
    must_go(nest, &forks[fixed ? 0 : last], &forks[fixed ? last : 0], fixed ? 0 : PHILOSOPHERS);
    goro_waitgroup_wait(&done);
}

/* Returns once a goroutine waits for the mutex. */
static void await_waiter(goro_mutex *m)
{
    while (!(__atomic_load_n(&m->state, __ATOMIC_ACQUIRE) & GORO_MUTEX_WAITING))
        goro_yield();
}

/* Two of three goroutines hang, and main does not wait for them. */
void deadlock_goro_partial(bool fixed)
{
    goro_waitgroup_add(&done, 2);
    must_go(nest, &a, &b, fixed ? 0 : 2);
    must_go(nest, fixed ? &a : &b, fixed ? &b : &a, fixed ? 0 : 2);
    if (fixed) {
        goro_waitgroup_wait(&done);
        return;
    }
    await_waiter(&a);
    await_waiter(&b);
}

static void nest_after(goro_mutex *first, goro_mutex *second, int turn)
{
    await_step(&steps, turn);
    nest(first, second, 0);
    step(&steps, turn + 1);
}

void order_goro_ab_ba(bool fixed)
{
    goro_waitgroup_add(&done, 2);
    must_go(nest_after, &a, &b, 0);
    must_go(nest_after, fixed ? &a : &b, fixed ? &b : &a, 1);
    goro_waitgroup_wait(&done);
}

void order_goro_three_cycle(bool fixed)
{
    goro_waitgroup_add(&done, 3);
    must_go(nest_after, &a, &b, 0);
    must_go(nest_after, &b, &c, 1);
    must_go(nest_after, fixed ? &a : &c, fixed ? &c : &a, 2);
    goro_waitgroup_wait(&done);
}

/* The twin's second goroutine starts when the first has said, by a channel, that it has ended. */
static void order_goro_message_nest(goro_mutex *first, goro_mutex *second, goro_chan_of(int) from, goro_chan_of(int) to,
                                    int turn)
{
    if (from && right)
        goro_chan_take(from);
    await_step(&steps, turn);
    nest(first, second, 0);
    step(&steps, turn + 1);
    if (to && right)
        goro_chan_send(to, 1);
}

void order_goro_message(bool fixed)
{
    goro_chan_of(int) ended = goro_chan_make(int, 1);

    right = fixed;
    goro_waitgroup_add(&done, 2);
    must_go(order_goro_message_nest, &a, &b, NULL, ended, 0);
    must_go(order_goro_message_nest, &b, &a, ended, NULL, 1);
    goro_waitgroup_wait(&done);
}

static void deadlock_goro_rw_ab_ba_take(goro_rwmutex *written, goro_rwmutex *read)
{
    goro_rwmutex_lock(written); // HELD
    if (right)
        goro_rwmutex_unlock(written);
    else
        rendezvous(2);
    goro_rwmutex_rlock(read); // WAITS
    goro_rwmutex_runlock(read);
    if (!right)
        goro_rwmutex_unlock(written);
    goro_waitgroup_done(&done);
}

/* Each writes one and reads the other. */
void deadlock_goro_rw_ab_ba(bool fixed)
{
    right = fixed;
    goro_waitgroup_add(&done, 2);
    must_go(deadlock_goro_rw_ab_ba_take, &rw_a, &rw_b);
    must_go(deadlock_goro_rw_ab_ba_take, &rw_b, &rw_a);
    goro_waitgroup_wait(&done);
}

/* ---- read, write, read ---- */

static void await_writer(goro_rwmutex *rw)
{
    while (goro_rwmutex_tryrlock(rw)) { /* a writer that waits keeps readers out */
        goro_rwmutex_runlock(rw);
        goro_yield();
    }
}

static void write_once(goro_rwmutex *rw)
{
    goro_rwmutex_lock(rw); // WAITS
    goro_rwmutex_unlock(rw);
    goro_waitgroup_done(&done);
}

static void deadlock_goro_rwr_inner(void)
{
    goro_rwmutex_rlock(&rw_a); // WAITS
    goro_rwmutex_runlock(&rw_a);
}

/* Reads again in a callee, with a writer waiting in between. The twin's callee relies on its caller's lock. */
void deadlock_goro_rwr(bool fixed)
{
    goro_waitgroup_add(&done, 1);
    goro_rwmutex_rlock(&rw_a); // HELD
    must_go(write_once, &rw_a);
    await_writer(&rw_a);
    if (!fixed)
        deadlock_goro_rwr_inner();
    goro_rwmutex_runlock(&rw_a);
    goro_waitgroup_wait(&done);
}

static void deadlock_goro_rwr_mutex_thread(void)
{
    goro_mutex_lock(&a); // HELD
    step(&steps, 1);
    await_step(&steps, right ? 0 : 2);
    goro_rwmutex_rlock(&rw_a); // WAITS
    goro_rwmutex_runlock(&rw_a);
    goro_mutex_unlock(&a);
    goro_waitgroup_done(&done);
}

/* A reader waits for a mutex whose owner wants to read, too, and is kept out by a writer who waits for the first. */
void deadlock_goro_rwr_mutex(bool fixed)
{
    right = fixed;
    goro_waitgroup_add(&done, 2);
    must_go(deadlock_goro_rwr_mutex_thread);
    await_step(&steps, 1);
    if (fixed)
        goro_mutex_lock(&a);
    goro_rwmutex_rlock(&rw_a); // HELD
    must_go(write_once, &rw_a);
    await_writer(&rw_a);
    step(&steps, 2);
    if (!fixed)
        goro_mutex_lock(&a); // WAITS
    goro_mutex_unlock(&a);
    goro_rwmutex_runlock(&rw_a);
    goro_waitgroup_wait(&done);
}

static void deadlock_goro_rwr_pair_read(goro_rwmutex *first, goro_rwmutex *second)
{
    goro_rwmutex_rlock(first); // HELD
    rendezvous(3);
    if (right)
        goro_rwmutex_runlock(first);
    await_step(&steps, 1);
    goro_rwmutex_rlock(second); // WAITS
    goro_rwmutex_runlock(second);
    if (!right)
        goro_rwmutex_runlock(first);
    goro_waitgroup_done(&done);
}

/* Two readers of both locks, in opposite order, and a writer of each that comes between. */
void deadlock_goro_rwr_pair(bool fixed)
{
    right = fixed;
    goro_waitgroup_add(&done, 4);
    must_go(deadlock_goro_rwr_pair_read, &rw_a, &rw_b);
    must_go(deadlock_goro_rwr_pair_read, &rw_b, &rw_a);
    rendezvous(3);
    must_go(write_once, &rw_a);
    must_go(write_once, &rw_b);
    if (!fixed) {
        await_writer(&rw_a);
        await_writer(&rw_b);
    }
    step(&steps, 1);
    goro_waitgroup_wait(&done);
}
