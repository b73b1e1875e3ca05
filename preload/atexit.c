/* atexit, for programs that gcc linked against its libtsan.so.2, whose place this library takes.
 *
 * atexit is not in libc.so.6: each module gets its own copy from libc_nonshared.a, which passes the module's
 * __dso_handle on, so that the handlers of a module run when it is unloaded. A module linked with libtsan finds atexit
 * there first and gets no copy. From outside, the caller's __dso_handle cannot be seen (it is hidden), but whose code
 * calls can be, by the return address. So handlers are registered under the module's load address instead, and
 * __cxa_finalize, which every module calls with its real handle while it is unloaded, runs those too.
 *
 * A handler of the executable is registered under no module: it runs in exit(), in the usual reverse order. Handlers of
 * a library run in that order as well if the process exits; when dlclose unloads the library, they run after its static
 * destructors instead of between them.
 *
 * What the registering thread did before happens before the handler (libc's list of handlers is behind a lock). */
#include <dlfcn.h>
#include <link.h>
#include <stdint.h>

#include "../instrument/instrument.h"
#include "current.h"

#define EXPORT __attribute__((visibility("default")))

EXPORT int atexit(void (*handler)(void));
EXPORT void __cxa_finalize(void *module);
extern int __cxa_atexit(void (*handler)(void *), void *arg, void *module);

static char handlers; /* its address is the sync object of the list of handlers */

/* The load address of the shared library that holds `address`; NULL for the executable or when unknown. */
static void *library_at(const void *address)
{
    Dl_info info;
    struct link_map *map;
    if (!dladdr1(address, &info, (void **)&map, RTLD_DL_LINKMAP))
        return NULL;
    return map->l_prev ? info.dli_fbase : NULL;
}

static void run_handler(void *arg)
{
    struct actor *me = current();
    if (me)
        sync_acquire(me, (uintptr_t)&handlers);
    ((void (*)(void))arg)();
}

int atexit(void (*handler)(void))
{
    struct actor *me = current();
    if (me)
        sync_release_merge(me, (uintptr_t)&handlers);
    struct inside in = inside_begin();
    void *library = library_at((void *)instrument_return((uintptr_t)__builtin_return_address(0)));
    int result = __cxa_atexit(run_handler, (void *)handler, library);
    inside_end(in);
    return result;
}

void __cxa_finalize(void *module)
{
    static void (*real)(void *);
    void (*finalize)(void *) = __atomic_load_n(&real, __ATOMIC_RELAXED);
    struct inside in = inside_begin();
    if (!finalize) {
        finalize = (void (*)(void *))dlsym(RTLD_NEXT, "__cxa_finalize");
        __atomic_store_n(&real, finalize, __ATOMIC_RELAXED);
    }
    void *library = module ? library_at(module) : NULL;
    inside_end(in);
    finalize(module);
    if (library)
        finalize(library);
}
