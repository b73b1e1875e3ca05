/* Lock, channel as a token and semaphore, a cycle of three far apart: each of three keeps its books, by locks that all take in
 * one order, and one time needs two of the three: one early, one late, one in between. Only if all three stand between
 * their two does nobody go on. Fixed: the last takes its two in the order of the others. */
#include "kernel.h"

enum { ENTRIES = 40 };
static mutex lock, book, page;
static chan_of(int) token;
static goro_sem permit = GORO_SEM_INIT(1);
static int entries, used;

static void keep_books(int n)
{
    for (int i = 0; i < n; i++) {
        mutex_lock(&book);
        mutex_lock(&page);
        entries++;
        mutex_unlock(&page);
        mutex_unlock(&book);
    }
}

static void lock_and_token(void)
{
    mutex_lock(&lock);
    int t = chan_take(token);
    goro_atomic_add(&used, 1);
    chan_send(token, t);
    mutex_unlock(&lock);
}

static void token_and_permit(void)
{
    int t = chan_take(token);
    goro_sem_acquire(&permit, 1);
    goro_atomic_add(&used, 1);
    goro_sem_release(&permit, 1);
    chan_send(token, t);
}

static void permit_and_lock(void)
{
#ifdef FIXED
    mutex_lock(&lock);
    goro_sem_acquire(&permit, 1);
#else
    goro_sem_acquire(&permit, 1);
    mutex_lock(&lock);
#endif
    goro_atomic_add(&used, 1);
    mutex_unlock(&lock);
    goro_sem_release(&permit, 1);
}

static void early(void)
{
    lock_and_token();
    keep_books(ENTRIES);
}

static void between(void)
{
    keep_books(ENTRIES / 2);
    token_and_permit();
    keep_books(ENTRIES / 2);
}

static void late(void)
{
    keep_books(ENTRIES);
    permit_and_lock();
}

static void kernel(void)
{
    token = chan_make(int, 1);
    chan_send(token, 1);
    TOGETHER(early, between, late);
}
