/* See thread_stack.h. */
#include "thread_stack.h"

#include <link.h>
#include <pthread.h>
#include <sys/auxv.h>
#include <sys/resource.h>

#include "raw.h"

#define LOCALS_MAX ((uintptr_t)1 << 20) /* a sane bound; what lies farther away is no static one */
uintptr_t thread_locals_size;

static int measure_locals(struct dl_phdr_info *info, size_t size, void *arg)
{
    uintptr_t below = (uintptr_t)pthread_self() - (uintptr_t)info->dlpi_tls_data;
    (void)size;
    (void)arg;
    if (info->dlpi_tls_data && below < LOCALS_MAX && below > thread_locals_size)
        thread_locals_size = below;
    return 0;
}

void thread_locals_measure(void)
{
    dl_iterate_phdr(measure_locals, NULL);
}

#define PAGE ((uintptr_t)4096)
#define UNLIMITED_STACK ((size_t)64 << 20) /* what is taken for the stack when it has no limit */

/* The stack of the process's first thread, as far as it may grow, if `here` lies in it. pthread_getattr_np would read
 * /proc by stdio, hence allocate, and the malloc of a library that was loaded before us may be what waits for us. The
 * last string on that stack is the name of the executed file; one word follows. */
static bool first_stack(uintptr_t here, uintptr_t *lo, size_t *size)
{
    uintptr_t name = getauxval(AT_EXECFN);
    struct rlimit limit;
    if (!name || raw_syscall(SYS_prlimit64, 0, RLIMIT_STACK, 0, (long)&limit, 0, 0))
        return false;
    uintptr_t end = (name + raw_length((const char *)name) + 1 + sizeof(void *) + PAGE - 1) & ~(PAGE - 1);
    bool limited = limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur < end / 2;
    *size = limited ? limit.rlim_cur & ~(PAGE - 1) : UNLIMITED_STACK;
    *lo = end - *size;
    return here - *lo < *size;
}

bool thread_stack_bounds(uintptr_t *lo, size_t *size, bool *detached)
{
    *detached = false;
    if (first_stack((uintptr_t)__builtin_frame_address(0), lo, size))
        return true;
    pthread_attr_t attr;
    void *base;
    int state = PTHREAD_CREATE_JOINABLE;
    if (pthread_getattr_np(pthread_self(), &attr))
        return false;
    bool known = pthread_attr_getstack(&attr, &base, size) == 0;
    pthread_attr_getdetachstate(&attr, &state);
    pthread_attr_destroy(&attr);
    *lo = (uintptr_t)base;
    *detached = state == PTHREAD_CREATE_DETACHED;
    return known;
}
