/* A library without the hooks that orders threads in two ways: a mailbox by a store and a load, which are plain moves, and a
 * lock by an exchange and a store. */
#include "mail.h"

#include <stdatomic.h>
#include <stddef.h>

static _Atomic(int *) box;
static atomic_int lock;

void mail_put(int *item)
{
    atomic_store_explicit(&box, item, memory_order_release);
}

int *mail_take(void)
{
    int *item;
    do
        item = atomic_load_explicit(&box, memory_order_acquire);
    while (!item);
    atomic_store_explicit(&box, NULL, memory_order_relaxed);
    return item;
}

void mail_lock(void)
{
    while (atomic_exchange_explicit(&lock, 1, memory_order_acquire))
        ;
}

void mail_unlock(void)
{
    atomic_store_explicit(&lock, 0, memory_order_release);
}
