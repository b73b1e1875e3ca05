#include "sysmon.h"

#include "os.h"
#include "sched.h"

void rt_sysmon(void)
{
    while (!__atomic_load_n(&rt_sched.done, __ATOMIC_ACQUIRE)) {
        rt_sched.coarse = goro_now();
        for (int i = 0; i < rt_sched.made_ps; i++)
            if (rt_timers_next(&rt_sched.ps[i]->timers) <= rt_sched.coarse)
                __atomic_store_n(&rt_sched.ps[i]->attention, 1, __ATOMIC_SEQ_CST);
        rt_futex_wait(&rt_sched.done, 0, rt_sched.coarse + GORO_MILLISECOND);
    }
}
