/* Threads that wait for each other's locks, every time. */
#include "thread.h"
#include <errno.h>
#include <threads.h>

enum { PHILOSOPHERS = 5 };

static pthread_mutex_t a = PTHREAD_MUTEX_INITIALIZER, b = PTHREAD_MUTEX_INITIALIZER, c = PTHREAD_MUTEX_INITIALIZER;

struct meeting {
    struct two order;
    unsigned n; /* who hold their first before any takes its second; 0: nobody waits for that */
};

static void take_and_meet(void *arg)
{
    struct meeting *m = arg;

    pthread_mutex_lock(m->order.first); // HELD
    if (m->n)
        meet(m->n);
    pthread_mutex_lock(m->order.second); // WAITS
    pthread_mutex_unlock(m->order.second);
    pthread_mutex_unlock(m->order.first);
}

void deadlock_ab_ba(bool fixed)
{
    struct meeting both[] = {{{&a, &b}, 2}, {{&b, &a}, 2}};

    if (fixed)
        both[0] = both[1] = (struct meeting){{&a, &b}, 0};
    at_once(2, take_and_meet, both, sizeof *both);
}

void deadlock_three_cycle(bool fixed)
{
    struct meeting three[] = {{{&a, &b}, 3}, {{&b, &c}, 3}, {{&c, &a}, 3}};

    if (fixed) {
        three[0].n = three[1].n = 0;
        three[2] = (struct meeting){{&a, &c}, 0};
    }
    at_once(3, take_and_meet, three, sizeof *three);
}

void deadlock_dining(bool fixed)
{
    static pthread_mutex_t forks[PHILOSOPHERS];
    struct meeting all[PHILOSOPHERS];

    for (int i = 0; i < PHILOSOPHERS; i++) {
        pthread_mutex_init(&forks[i], NULL);
        all[i] = (struct meeting){{&forks[i], &forks[(i + 1) % PHILOSOPHERS]}, fixed ? 0 : PHILOSOPHERS};
    }
    if (fixed)
        all[PHILOSOPHERS - 1].order = (struct two){&forks[0], &forks[PHILOSOPHERS - 1]};
    at_once(PHILOSOPHERS, take_and_meet, all, sizeof *all);
}

static void *deadlock_partial_take(void *arg)
{
    take_and_meet(arg);
    return NULL;
}

/* Two threads that nobody joins hang while the program goes on, and ends. */
void deadlock_partial(bool fixed)
{
    static struct meeting both[] = {{{&a, &b}, 2}, {{&b, &a}, 2}};

    if (fixed)
        both[0] = both[1] = (struct meeting){{&a, &b}, 0};
    pthread_t first = begin(deadlock_partial_take, &both[0]), second = begin(deadlock_partial_take, &both[1]);
    if (fixed) {
        finish(first);
        finish(second);
        return;
    }
    pthread_detach(first);
    pthread_detach(second);
    await_contended(&a);
    await_contended(&b);
}

/* The twin backs off where it cannot have both. */
static void deadlock_backoff_take(void *arg)
{
    struct two *t = arg;

    for (;;) {
        pthread_mutex_lock(t->first);
        if (pthread_mutex_trylock(t->second) == 0)
            break;
        pthread_mutex_unlock(t->first);
    }
    pthread_mutex_unlock(t->second);
    pthread_mutex_unlock(t->first);
}

void deadlock_backoff(bool fixed)
{
    struct meeting both[] = {{{&a, &b}, 2}, {{&b, &a}, 2}};

    if (fixed)
        at_once(2, deadlock_backoff_take, both, sizeof *both);
    else
        at_once(2, take_and_meet, both, sizeof *both);
}

static void deadlock_self_inner(pthread_mutex_t *m)
{
    pthread_mutex_lock(m); // WAITS
    pthread_mutex_unlock(m);
}

/* The twin's mutex is recursive. */
void deadlock_self(bool fixed)
{
    pthread_mutexattr_t attr;
    pthread_mutex_t m;

    pthread_mutexattr_init(&attr);
    if (fixed)
        pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&m, &attr);
    pthread_mutexattr_destroy(&attr);
    pthread_mutex_lock(&m); // HELD
    deadlock_self_inner(&m);
    pthread_mutex_unlock(&m);
    pthread_mutex_destroy(&m);
}

/* The twin's mutex checks, the program asks for the answer and goes on with what it holds. */
void deadlock_self_checked(bool fixed)
{
    pthread_mutexattr_t attr;
    pthread_mutex_t m;

    pthread_mutexattr_init(&attr);
    if (fixed)
        pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ERRORCHECK);
    pthread_mutex_init(&m, &attr);
    pthread_mutexattr_destroy(&attr);
    pthread_mutex_lock(&m);                // HELD
    if (pthread_mutex_lock(&m) != EDEADLK) // WAITS
        pattern_fail("an error-checking mutex was locked twice");
    pthread_mutex_unlock(&m);
    pthread_mutex_destroy(&m);
}

static bool deadlock_early_leave(int value)
{
    pthread_mutex_lock(&a); // HELD WAITS
    if (value < 0)
        return false;
    pthread_mutex_unlock(&a);
    return true;
}

static bool deadlock_early_leave_right(int value)
{
    bool valid = value >= 0;

    pthread_mutex_lock(&a);
    pthread_mutex_unlock(&a);
    return valid;
}

/* A path that returns early forgets the unlock; the next call waits for itself. */
void deadlock_early_return(bool fixed)
{
    for (int i = 0; i < 2; i++)
        fixed ? deadlock_early_leave_right(-1) : deadlock_early_leave(-1);
}

static pthread_spinlock_t spin_a, spin_b;
static bool deadlock_spin_ordered;

static void deadlock_spin_take(void *arg)
{
    bool swap = *(bool *)arg;
    pthread_spinlock_t *first = swap ? &spin_b : &spin_a, *second = swap ? &spin_a : &spin_b;

    pthread_spin_lock(first); // HELD
    if (!deadlock_spin_ordered)
        meet(2);
    pthread_spin_lock(second); // WAITS
    pthread_spin_unlock(second);
    pthread_spin_unlock(first);
}

void deadlock_spin(bool fixed)
{
    bool swap[] = {false, !fixed};

    deadlock_spin_ordered = fixed;
    pthread_spin_init(&spin_a, PTHREAD_PROCESS_PRIVATE);
    pthread_spin_init(&spin_b, PTHREAD_PROCESS_PRIVATE);
    at_once(2, deadlock_spin_take, swap, sizeof *swap);
}

static mtx_t c11_a, c11_b;
static bool deadlock_c11_ordered;

static void deadlock_c11_take(void *arg)
{
    bool swap = *(bool *)arg;
    mtx_t *first = swap ? &c11_b : &c11_a, *second = swap ? &c11_a : &c11_b;

    mtx_lock(first); // HELD
    if (!deadlock_c11_ordered)
        meet(2);
    mtx_lock(second); // WAITS
    mtx_unlock(second);
    mtx_unlock(first);
}

void deadlock_c11(bool fixed)
{
    bool swap[] = {false, !fixed};

    deadlock_c11_ordered = fixed;
    mtx_init(&c11_a, mtx_plain);
    mtx_init(&c11_b, mtx_plain);
    at_once(2, deadlock_c11_take, swap, sizeof *swap);
}

static void *deadlock_owner_gone_thread(void *arg)
{
    pthread_mutex_lock(arg); // HELD
    return NULL;
}

/* A thread ended with the lock. The twin's mutex is robust: the next one gets it, is told, and puts it right. */
void deadlock_owner_gone(bool fixed)
{
    pthread_mutexattr_t attr;
    pthread_mutex_t m;

    pthread_mutexattr_init(&attr);
    if (fixed)
        pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&m, &attr);
    pthread_mutexattr_destroy(&attr);
    finish(begin(deadlock_owner_gone_thread, &m));
    if (pthread_mutex_lock(&m) != EOWNERDEAD) // WAITS
        pattern_fail("the mutex of a thread that ended was not given back as such");
    pthread_mutex_consistent(&m);
    pthread_mutex_unlock(&m);
    pthread_mutex_destroy(&m);
}
