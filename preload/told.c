/* See told.h. */
#include "told.h"

#include "../detector/locks.h"
#include "current.h"

#define KEY(addr) ((uintptr_t)(addr))

void told_release(const volatile void *addr)
{
    struct actor *me = current();
    if (me)
        sync_release_merge(me, KEY(addr));
}

void told_acquire(const volatile void *addr)
{
    struct actor *me = current();
    if (me)
        sync_acquire(me, KEY(addr));
}

void told_taken(const volatile void *lock, bool exclusive, uintptr_t pc)
{
    struct actor *me = current();
    if (!me)
        return;
    lock_acquire(me, KEY(lock));
    if (exclusive)
        lock_acquire(me, KEY(lock) + 1);
    lock_got(me, KEY(lock), exclusive, pc);
}

void told_given(const volatile void *lock, bool exclusive)
{
    struct actor *me = current();
    if (!me)
        return;
    if (exclusive)
        lock_release(me, KEY(lock));
    else
        lock_release_merge(me, KEY(lock) + 1);
    lock_gone(me, KEY(lock));
}

void told_destroyed(const volatile void *lock)
{
    struct actor *me = current();
    if (!me)
        return;
    sync_forget(me, KEY(lock));
    sync_forget(me, KEY(lock) + 1);
}

void told_ignore(bool begin)
{
    struct actor *me = current();
    if (!me)
        return;
    if (begin)
        actor_ignore_begin(me);
    else
        actor_ignore_end(me);
}

void told_ignore_reads(int delta)
{
    struct actor *me = current();
    if (me)
        actor_ignore_reads(me, delta);
}

void told_ignore_writes(int delta)
{
    struct actor *me = current();
    if (me)
        actor_ignore_writes(me, delta);
}

void told_new_memory(const volatile void *addr, unsigned long size)
{
    struct actor *me = current();
    if (me)
        mem_fresh(me, (uintptr_t)addr, size);
}

void told_thread_name(const char *name)
{
    struct actor *me = current();
    if (me && name)
        actor_set_name(me, name);
}
