/* A library that stands between the detector and libc: a call is on its way in, or has done its work and its caller comes back late. What
 * happens meanwhile is up to the program (cases_late.c), which sets the hooks. */
#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>

void (*late_create)(void), (*early_barrier)(void), (*late_barrier)(void);

int pthread_create(pthread_t *id, const pthread_attr_t *attr, void *(*run)(void *), void *arg)
{
    int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *) = dlsym(RTLD_NEXT, "pthread_create");
    int result = real(id, attr, run, arg);
    if (late_create)
        late_create();
    return result;
}

int pthread_barrier_wait(pthread_barrier_t *b)
{
    int (*real)(pthread_barrier_t *) = dlsym(RTLD_NEXT, "pthread_barrier_wait");
    if (early_barrier)
        early_barrier();
    int result = real(b);
    if (late_barrier)
        late_barrier();
    return result;
}
