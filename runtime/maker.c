/* The maker of Ms: a thread that does nothing else, from the first preemption on.
 *
 * pthread_create allocates, and the lock of malloc may be held by a goroutine that is frozen (preempt.c) and waits for a P.
 * Whoever makes a thread may have to wait until that one has had its turn, and so may the new thread, if its start
 * allocates (AddressSanitizer's does). sysmon must not: it is what takes a P away from a goroutine that waits for that lock, too.
 * Before the first preemption nobody is frozen, and sysmon makes Ms itself: most programs never have this thread.
 *
 * The same division as in Go's templateThread (proc.go), for another reason. */
#include "maker.h"

#include <pthread.h>

#include "emit.h"
#include "os.h"
#include "sched.h"
#include "sysmon.h"

static pthread_t thread;

static void *maker_main(void *arg)
{
    rt_emit_hosts();
    for (;;) {
        uint32_t word = __atomic_load_n(&rt_sched.maker_word, __ATOMIC_ACQUIRE);
        if (__atomic_load_n(&rt_sched.stopping, __ATOMIC_ACQUIRE))
            return arg;
        rt_ms_supply();
        rt_futex_wait(&rt_sched.maker_word, word, GORO_FOREVER);
    }
}

static void wake(void)
{
    __atomic_fetch_add(&rt_sched.maker_word, 1, __ATOMIC_RELEASE);
    rt_futex_wake(&rt_sched.maker_word, 1);
}

bool rt_maker_ready(void)
{
    uint32_t state = RT_MAKER_NONE;
    if (__atomic_compare_exchange_n(&rt_sched.maker, &state, RT_MAKER_ASKED, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        rt_sysmon_wake();
    return state == RT_MAKER_THERE || state == RT_MAKER_FAILED;
}

int rt_maker_threads(void)
{
    return __atomic_load_n(&rt_sched.maker, __ATOMIC_ACQUIRE) == RT_MAKER_THERE;
}

static void start(void)
{
    bool there = pthread_create(&thread, NULL, maker_main, NULL) == 0;
    __atomic_store_n(&rt_sched.maker, there ? RT_MAKER_THERE : RT_MAKER_FAILED, __ATOMIC_RELEASE);
}

void rt_maker_look(void)
{
    if (__atomic_load_n(&rt_sched.maker, __ATOMIC_ACQUIRE) == RT_MAKER_ASKED)
        start();
    if (!rt_ms_wanted())
        return;
    if (rt_maker_threads())
        wake();
    else
        rt_ms_supply();
}

void rt_maker_stop(void)
{
    if (!rt_maker_threads())
        return;
    wake();
    pthread_join(thread, NULL);
    rt_sched.maker = RT_MAKER_NONE;
}
