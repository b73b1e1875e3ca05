/* Many readers at a time, one writer: each write is after the reads before it, and before those after it. */
#include <goro/goro.h>

static goro_rwmutex lock;
static goro_waitgroup done;
static int version, copy_of_version;

static void read_often(void)
{
    for (int i = 0; i < 100; i++) {
        goro_rwmutex_rlock(&lock);
        if (version != copy_of_version)
            goro_panic("half an update");
        goro_rwmutex_runlock(&lock);
    }
    goro_waitgroup_done(&done);
}

static int start(void *arg)
{
    (void)arg;
    goro_waitgroup_add(&done, 8);
    for (int i = 0; i < 8; i++)
        goro_go(read_often);
    for (int i = 0; i < 20; i++) {
        goro_rwmutex_lock(&lock);
        version++;
        copy_of_version++;
        goro_rwmutex_unlock(&lock);
        goro_yield();
    }
    goro_waitgroup_wait(&done);
    return version != 20;
}

int main(void)
{
    return goro_run(start, NULL);
}
