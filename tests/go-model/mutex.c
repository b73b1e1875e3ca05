/* Mutex and rwmutex: one section is before the next; nothing else is. */
#include "cases.h"

SHARED goro_mutex m, m2;
SHARED goro_rwmutex rw;

GO(norace_mutex)
{
    mutex_lock(&m);
    x = 1;
    mutex_unlock(&m);
}
MAIN(norace_mutex)
{
    mutex_lock(&m);
    x = 2;
    mutex_unlock(&m);
}

GO(race_mutex)
{
    x = 1; // RACE
    mutex_lock(&m);
    mutex_unlock(&m);
}
MAIN(race_mutex)
{
    x = 2; // RACE
    mutex_lock(&m);
    mutex_unlock(&m);
}

GO(race_mutex2)
{
    mutex_lock(&m);
    x = 1; // RACE
    mutex_unlock(&m);
}
MAIN(race_mutex2)
{
    mutex_lock(&m2);
    x = 2; // RACE
    mutex_unlock(&m2);
}

GO(race_mutex_rwmutex)
{
    mutex_lock(&m);
    x = 1; // RACE
    mutex_unlock(&m);
}
MAIN(race_mutex_rwmutex)
{
    goro_rwmutex_lock(&rw);
    x = 2; // RACE
    goro_rwmutex_unlock(&rw);
}

SHARED bool written;

static void write_then_tell(void)
{
    x = 1;
    mutex_lock(&m);
    written = true;
    mutex_unlock(&m);
    finish();
}

static void poll_then_write(void)
{
    mutex_lock(&m);
    while (!written) {
        mutex_unlock(&m);
        yield();
        mutex_lock(&m);
    }
    mutex_unlock(&m);
    x = 1;
    finish();
}

/* Ordered by the sections, although neither write is inside. */
CASE(norace_mutex_pure_happens_before)
{
    go(write_then_tell);
    go(poll_then_write);
    join(2);
}

static void write_then_unlock(void)
{
    x = 1;
    mutex_unlock(&m);
    finish();
}

static void lock_then_write(void)
{
    mutex_lock(&m);
    x = 2;
    mutex_unlock(&m);
    finish();
}

/* Locked by one goroutine, unlocked by another. */
CASE(norace_mutex_semaphore)
{
    mutex_lock(&m);
    go(write_then_unlock);
    go(lock_then_write);
    join(2);
}

SHARED const char *text = "";

static void set_text(void)
{
    text = "hello, world";
    mutex_unlock(&m);
}

CASE(norace_mutex_example_from_html)
{
    mutex_lock(&m);
    go(set_text);
    mutex_lock(&m);
    use(text);
    mutex_unlock(&m);
}

static void overwrite(void)
{
    m = (goro_mutex){0}; // RACE
    step(&steps, 1);
    finish();
}

/* A mutex is memory, too. */
CASE(race_mutex_overwrite)
{
    go(overwrite);
    await_step(1);
    mutex_lock(&m); // RACE
    mutex_unlock(&m);
    join(1);
}

/* ---- readers ---- */

GO(norace_rwmutex)
{
    goro_rwmutex_lock(&rw);
    x = 2;
    goro_rwmutex_unlock(&rw);
}
MAIN(norace_rwmutex)
{
    goro_rwmutex_rlock(&rw);
    y = x;
    goro_rwmutex_runlock(&rw);
}

static void write_locked(void)
{
    goro_rwmutex_lock(&rw);
    x = 2;
    goro_rwmutex_unlock(&rw);
    finish();
}

static void copy_read_locked(int more)
{
    goro_rwmutex_rlock(&rw);
    y = x + more; // RACE
    goro_rwmutex_runlock(&rw);
    finish();
}

/* Of three readers, two are on the same side of the writer, and both write y. */
CASE(race_rwmutex_multiple_readers)
{
    go(write_locked);
    for (int i = 1; i <= 3; i++)
        go(copy_read_locked, i);
    join(4);
}

static void read_locked(int more)
{
    goro_rwmutex_rlock(&rw);
    use(x + more);
    goro_rwmutex_runlock(&rw);
    finish();
}

CASE(norace_rwmutex_multiple_readers)
{
    go(write_locked);
    for (int i = 1; i <= 3; i++)
        go(read_locked, i);
    join(4);
}

static void read_as_step(int after)
{
    await_step(after);
    goro_rwmutex_rlock(&rw);
    use(x);
    goro_rwmutex_runlock(&rw);
    step(&steps, after + 1);
    finish();
}

/* A writer is after both of two readers that came one after the other. */
CASE(norace_rwmutex_transitive)
{
    go(read_as_step, 0);
    go(read_as_step, 1);
    await_step(2);
    goro_rwmutex_lock(&rw);
    x = 42;
    goro_rwmutex_unlock(&rw);
    join(2);
}
