/* The floor of bench/locks: a preloaded library that stands in front of the mutex functions and does nothing else. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>

#define FORWARD(name) \
    int name(pthread_mutex_t *m) \
    { \
        static int (*real)(pthread_mutex_t *); \
        if (!real) \
            real = (int (*)(pthread_mutex_t *))dlsym(RTLD_NEXT, #name); \
        return real(m); \
    }

FORWARD(pthread_mutex_lock)
FORWARD(pthread_mutex_trylock)
FORWARD(pthread_mutex_unlock)
