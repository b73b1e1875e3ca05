/* The slow half of lock.h. Who meets a held lock leaves its cache line alone for longer and longer: the one who has it can
 * take it again and again meanwhile at the price of an uncontended lock, where the line would else go to and fro for each
 * operation (four producers and four consumers of a channel on two processors: 97 ns a value, with one look a pause). After a
 * few microseconds the holder cannot be running: the kernel has taken its processor away, or it is in a system call. Then the waiter
 * sleeps, and longer each time.
 *
 * Rejected: a futex, whose unlock has to be a locked instruction to see the sleeper; a sleeper that is seen without one
 * (membarrier, as it is done for biased locks), which some sandboxes forbid, for a case that is as rare as a lost processor. */
#include <sys/syscall.h>
#include <time.h>

#include "arch/x86_64/syscall.h"
#include "os.h"
#include "rt.h"

enum { FIRST_PAUSES = 32, MOST_PAUSES = 128 };
enum { FIRST_SLEEP = 20000, MOST_SLEEP = 1000000 /* ns */ };

static bool try(struct rt_lock *l)
{
    return __atomic_load_n(&l->held, __ATOMIC_RELAXED) == 0 && rt_lock_take(l);
}

void rt_lock_slow(struct rt_lock *l)
{
    for (int pauses = FIRST_PAUSES; pauses <= MOST_PAUSES; pauses *= 2) {
        for (int i = 0; i < pauses; i++)
            rt_pause();
        if (try(l))
            return;
    }
    for (long sleep = FIRST_SLEEP; !try(l); sleep = 2 * sleep < MOST_SLEEP ? 2 * sleep : MOST_SLEEP) {
        struct timespec t = {0, sleep};
        rt_syscall(SYS_nanosleep, (long)&t, 0, 0, 0, 0, 0);
    }
}

void rt_unlock_arg(void *lock)
{
    rt_unlock(lock);
}
