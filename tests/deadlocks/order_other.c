/* Lock-order cycles of readers-writer locks, spin locks and C11 mutexes, in runs in which the threads do not meet. */
#include "thread.h"
#include <threads.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t a = PTHREAD_RWLOCK_INITIALIZER, b = PTHREAD_RWLOCK_INITIALIZER;

enum mode { READ, WRITE };

struct want {
    pthread_rwlock_t *lock;
    enum mode mode;
};

struct wants {
    struct want first, second;
};

static void take(struct want want)
{
    if (want.mode == READ)
        pthread_rwlock_rdlock(want.lock);
    else
        pthread_rwlock_wrlock(want.lock);
}

static void take_wants(void *arg)
{
    struct wants *w = arg;

    take(w->first);
    if (w->second.lock) {
        take(w->second);
        pthread_rwlock_unlock(w->second.lock);
    }
    pthread_rwlock_unlock(w->first.lock);
}

void order_writers(bool fixed)
{
    struct wants both[] = {{{&a, WRITE}, {&b, WRITE}}, {{&b, WRITE}, {&a, WRITE}}};

    if (fixed)
        both[1] = both[0];
    in_turn(2, take_wants, both, sizeof *both);
}

/* Each reads one and writes the other. The twin only reads, and readers of this kind of lock do not wait for readers. */
void order_read_write(bool fixed)
{
    struct wants both[] = {{{&a, READ}, {&b, WRITE}}, {{&b, READ}, {&a, WRITE}}};

    if (fixed)
        both[0].second.mode = both[1].second.mode = READ;
    in_turn(2, take_wants, both, sizeof *both);
}

/* The writers' locks are what the others wait for; in the twin nobody writes while holding. */
void order_write_read(bool fixed)
{
    struct wants both[] = {{{&a, WRITE}, {&b, READ}}, {{&b, WRITE}, {&a, READ}}};

    if (fixed)
        both[0].first.mode = both[1].first.mode = READ;
    in_turn(2, take_wants, both, sizeof *both);
}

/* Four threads: two that read both, in opposite order, and a writer of each. Where a waiting writer keeps new readers out
 * this deadlocks: both read one, both writers wait, both readers wait. The twin's locks let readers in. */
void order_reader_kind(bool fixed)
{
    static pthread_rwlock_t x, y;
    struct wants four[] = {
        {{&x, READ}, {&y, READ}}, {{&y, READ}, {&x, READ}}, {{&x, WRITE}, {NULL, WRITE}}, {{&y, WRITE}, {NULL, WRITE}}};
    pthread_rwlockattr_t attr;

    pthread_rwlockattr_init(&attr);
    if (!fixed)
        pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    pthread_rwlock_init(&x, &attr);
    pthread_rwlock_init(&y, &attr);
    pthread_rwlockattr_destroy(&attr);
    in_turn(4, take_wants, four, sizeof *four);
}

static void mutex_then_write(void *arg)
{
    (void)arg;
    pthread_mutex_lock(&mutex);
    pthread_rwlock_wrlock(&a);
    pthread_rwlock_unlock(&a);
    pthread_mutex_unlock(&mutex);
}

static void read_then_mutex(void *arg)
{
    (void)arg;
    pthread_rwlock_rdlock(&a);
    pthread_mutex_lock(&mutex);
    pthread_mutex_unlock(&mutex);
    pthread_rwlock_unlock(&a);
}

static void mutex_then_read(void *arg)
{
    (void)arg;
    pthread_mutex_lock(&mutex);
    pthread_rwlock_rdlock(&a);
    pthread_rwlock_unlock(&a);
    pthread_mutex_unlock(&mutex);
}

static void call(void *arg)
{
    (*(void (**)(void *))arg)(NULL);
}

/* A mutex and a readers-writer lock. The twin reads on both sides, and so does not wait for the other. */
void order_mutex_rwlock(bool fixed)
{
    void (*both[])(void *) = {fixed ? mutex_then_read : mutex_then_write, read_then_mutex};

    in_turn(2, call, both, sizeof *both);
}

struct spins {
    pthread_spinlock_t *first, *second;
};

static void nest_spins(void *arg)
{
    struct spins *s = arg;

    pthread_spin_lock(s->first);
    pthread_spin_lock(s->second);
    pthread_spin_unlock(s->second);
    pthread_spin_unlock(s->first);
}

void order_spin(bool fixed)
{
    static pthread_spinlock_t x, y;
    struct spins both[] = {{&x, &y}, {&y, &x}};

    pthread_spin_init(&x, PTHREAD_PROCESS_PRIVATE);
    pthread_spin_init(&y, PTHREAD_PROCESS_PRIVATE);
    if (fixed)
        both[1] = both[0];
    in_turn(2, nest_spins, both, sizeof *both);
}

struct c11_two {
    mtx_t *first, *second;
};

static void nest_c11(void *arg)
{
    struct c11_two *t = arg;

    mtx_lock(t->first);
    mtx_lock(t->second);
    mtx_unlock(t->second);
    mtx_unlock(t->first);
}

void order_c11(bool fixed)
{
    static mtx_t x, y;
    struct c11_two both[] = {{&x, &y}, {&y, &x}};

    mtx_init(&x, mtx_plain);
    mtx_init(&y, mtx_plain);
    if (fixed)
        both[1] = both[0];
    in_turn(2, nest_c11, both, sizeof *both);
    mtx_destroy(&x);
    mtx_destroy(&y);
}

static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static pthread_mutex_t outer = PTHREAD_MUTEX_INITIALIZER, inner = PTHREAD_MUTEX_INITIALIZER;
static bool is_ready;

static void order_cond_wait_turn(void *arg)
{
    bool fixed = *(bool *)arg;

    if (fixed) {
        pthread_mutex_lock(&outer);
        pthread_mutex_lock(&inner);
    } else {
        pthread_mutex_lock(&inner);
        pthread_mutex_lock(&outer);
    }
    while (!is_ready) /* waiting for `inner` would take it again with `outer` held */
        pthread_cond_wait(&changed, &inner);
    pthread_mutex_unlock(&inner);
    pthread_mutex_unlock(&outer);
}

static void *order_cond_waker(void *arg)
{
    (void)arg;
    pthread_mutex_lock(&inner);
    is_ready = true;
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&inner);
    return NULL;
}

static void order_cond_other(void *arg)
{
    (void)arg;
    pthread_mutex_lock(&outer);
    pthread_mutex_lock(&inner);
    pthread_mutex_unlock(&inner);
    pthread_mutex_unlock(&outer);
}

static void order_cond_thread(void *arg)
{
    bool *role = arg;

    if (role[0])
        order_cond_other(NULL);
    else
        order_cond_wait_turn(&role[1]);
}

/* The wait for a condition is part of the order, and so is taking its mutex back. */
void order_cond(bool fixed)
{
    bool roles[2][2] = {{false, fixed}, {true, fixed}};
    pthread_t waker = begin(order_cond_waker, NULL);

    in_turn(2, order_cond_thread, roles, sizeof *roles);
    finish(waker);
}

static pthread_once_t once_control = PTHREAD_ONCE_INIT;

static void order_once_init(void)
{
    pthread_mutex_lock(&mutex);
    pthread_mutex_unlock(&mutex);
}

static void order_once_take(void *arg)
{
    if (*(int *)arg == 0) {
        pthread_once(&once_control, order_once_init);
    } else {
        pthread_mutex_lock(&mutex);
        pthread_once(&once_control, order_once_init);
        pthread_mutex_unlock(&mutex);
    }
}

/* A once whose function takes a lock, called under that lock by who comes later. In the twin it is over before anybody
 * could. */
void order_once(bool fixed)
{
    int who[] = {0, 1};

    if (fixed)
        pthread_once(&once_control, order_once_init);
    in_turn(2, order_once_take, who, sizeof *who);
}
