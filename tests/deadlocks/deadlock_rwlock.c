/* Threads that wait for each other's readers-writer locks, every time. */
#include "thread.h"
#include <sched.h>

static pthread_rwlock_t a = PTHREAD_RWLOCK_INITIALIZER, b = PTHREAD_RWLOCK_INITIALIZER;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static bool right; /* the twin runs */

/* The twin gives the read lock back before it writes. */
void deadlock_rwlock_upgrade(bool fixed)
{
    pthread_rwlock_rdlock(&a); // HELD
    if (fixed)
        pthread_rwlock_unlock(&a);
    pthread_rwlock_wrlock(&a); // WAITS
    pthread_rwlock_unlock(&a);
}

static void deadlock_two_upgrades_thread(void *arg)
{
    (void)arg;
    pthread_rwlock_rdlock(&a); // HELD
    if (!right)
        meet(2);
    if (right)
        pthread_rwlock_unlock(&a);
    pthread_rwlock_wrlock(&a); // WAITS
    pthread_rwlock_unlock(&a);
}

/* Two readers that both want to write each wait for the other to leave. */
void deadlock_two_upgrades(bool fixed)
{
    char unused[2];

    right = fixed;
    at_once(2, deadlock_two_upgrades_thread, unused, 1);
}

static void *deadlock_recursive_read_writer(void *arg)
{
    pthread_rwlock_wrlock(arg); // WAITS
    pthread_rwlock_unlock(arg);
    return NULL;
}

/* Where a waiting writer keeps new readers out, a reader that reads again waits for the writer, who waits for it. The twin's
 * lock is of the default kind, which lets readers in. */
void deadlock_recursive_read(bool fixed)
{
    static pthread_rwlock_t lock;
    pthread_rwlockattr_t attr;
    pthread_t writer;

    pthread_rwlockattr_init(&attr);
    if (!fixed)
        pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    pthread_rwlock_init(&lock, &attr);
    pthread_rwlockattr_destroy(&attr);
    pthread_rwlock_rdlock(&lock); // HELD
    writer = begin(deadlock_recursive_read_writer, &lock);
    while (!(__atomic_load_n(&lock.__data.__readers, __ATOMIC_ACQUIRE) & 2)) /* glibc's bit of the writer who is next */
        sched_yield();
    pthread_rwlock_rdlock(&lock); // WAITS
    pthread_rwlock_unlock(&lock);
    pthread_rwlock_unlock(&lock);
    finish(writer);
}

struct rwlocks {
    pthread_rwlock_t *read, *write;
};

static void deadlock_read_write_thread(void *arg)
{
    struct rwlocks *t = arg;

    pthread_rwlock_rdlock(t->read); // HELD
    if (!right)
        meet(2);
    if (right)
        pthread_rwlock_unlock(t->read);
    pthread_rwlock_wrlock(t->write); // WAITS
    pthread_rwlock_unlock(t->write);
    if (!right)
        pthread_rwlock_unlock(t->read);
}

void deadlock_read_write(bool fixed)
{
    struct rwlocks both[] = {{&a, &b}, {&b, &a}};

    right = fixed;
    at_once(2, deadlock_read_write_thread, both, sizeof *both);
}

static void deadlock_mutex_rwlock_thread(void *arg)
{
    if (*(bool *)arg) {
        pthread_mutex_lock(&mutex); // HELD
        if (!right)
            meet(2);
        pthread_rwlock_wrlock(&a); // WAITS
    } else {
        pthread_rwlock_rdlock(&a); // HELD
        if (!right)
            meet(2);
        if (right)
            pthread_rwlock_unlock(&a);
        pthread_mutex_lock(&mutex); // WAITS
        if (right)
            pthread_rwlock_rdlock(&a);
    }
    pthread_rwlock_unlock(&a);
    pthread_mutex_unlock(&mutex);
}

void deadlock_mutex_rwlock(bool fixed)
{
    bool both[] = {false, true};

    right = fixed;
    at_once(2, deadlock_mutex_rwlock_thread, both, sizeof *both);
}

/* Three readers, of which one waits for a mutex that the writer who waits for them holds. */
static void deadlock_one_of_readers_thread(void *arg)
{
    int number = *(int *)arg;

    if (number == 0) {
        pthread_mutex_lock(&mutex); // HELD
        if (!right)
            meet(4);
        pthread_rwlock_wrlock(&a); // WAITS
        pthread_rwlock_unlock(&a);
        pthread_mutex_unlock(&mutex);
        return;
    }
    pthread_rwlock_rdlock(&a);
    if (!right)
        meet(4);
    if (number == 3) {
        if (right)
            pthread_rwlock_unlock(&a);
        pthread_mutex_lock(&mutex); // WAITS
        pthread_mutex_unlock(&mutex);
        if (right)
            return;
    }
    pthread_rwlock_unlock(&a);
}

void deadlock_one_of_readers(bool fixed)
{
    int all[] = {0, 1, 2, 3};

    right = fixed;
    at_once(4, deadlock_one_of_readers_thread, all, sizeof *all);
}
