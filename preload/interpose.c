/* The resolver: finds the functions that the wrappers stand in front of.
 *
 * A wrapper may be the very first code of this library that runs: constructors of libraries that were loaded before us,
 * and resolvers of indirect functions, call malloc and memcpy while our own constructor is still to come. So nothing
 * here depends on a constructor: REAL() resolves on first use, all of the table at once.
 *
 * dlsym may itself allocate, and so come back through a wrapper whose real function is not known yet. The thread that
 * is at it is then let through with its pointer still NULL (the allocation wrappers serve themselves from an arena of
 * their own, the string ones do the work by hand); another thread waits until the table is complete.
 *
 * Looking after RTLD_NEXT, not in a given libc: a program's own malloc, or the one of a library preloaded after us,
 * stays in use. */
#include "interpose.h"

#include "../detector/os.h"
#include "defined.h"
#include "raw.h"

#define FUNCTION(ret, name, params) ret(*real_##name) params;
#define VERSIONED(ret, name, params, version) FUNCTION(ret, name, params)
#define OPTIONAL(ret, name, params) FUNCTION(ret, name, params)
#include "interpose.def"
#undef FUNCTION
#undef VERSIONED
#undef OPTIONAL

enum { UNRESOLVED, RESOLVING, RESOLVED };
static uint32_t progress; /* futex word */
static pid_t resolver;    /* the thread that is at it, while RESOLVING */

static pid_t gettid_raw(void)
{
    return (pid_t)raw_syscall(SYS_gettid, 0, 0, 0, 0, 0, 0);
}

static void *find(const char *name, const char *version)
{
    void *f = version ? dlvsym(RTLD_NEXT, name, version) : NULL;
    return f ? f : dlsym(RTLD_NEXT, name);
}

/* The program may never call it; if it does, this line says why it crashed. */
static void missing(const char *name)
{
    static const char before[] = "gorace: the C library has no ", after[] = "\n";
    size_t n = 0;
    while (name[n])
        n++;
    raw_syscall(SYS_write, 2, (long)before, sizeof before - 1, 0, 0, 0);
    raw_syscall(SYS_write, 2, (long)name, (long)n, 0, 0, 0);
    raw_syscall(SYS_write, 2, (long)after, sizeof after - 1, 0, 0, 0);
}

#define RESOLVE(name, version) \
    if (!real_##name) \
        real_##name = (__typeof__(real_##name))find(#name, version);
#define REQUIRE(name, version) \
    RESOLVE(name, version) \
    if (!real_##name) \
        missing(#name);

static void resolve_required(void)
{
#define FUNCTION(ret, name, params) REQUIRE(name, NULL)
#define VERSIONED(ret, name, params, version) REQUIRE(name, version)
#define OPTIONAL(ret, name, params)
#include "interpose.def"
#undef FUNCTION
#undef VERSIONED
#undef OPTIONAL
}

/* See defined.h for why it does not just ask dlsym. */
static void resolve_optional(void)
{
#define FUNCTION(ret, name, params)
#define VERSIONED(ret, name, params, version)
#define OPTIONAL(ret, name, params) \
    if (defined_after_us(#name)) \
        RESOLVE(name, NULL)
#include "interpose.def"
#undef FUNCTION
#undef VERSIONED
#undef OPTIONAL
}

void interpose_resolve(void)
{
    uint32_t now = __atomic_load_n(&progress, __ATOMIC_ACQUIRE);
    if (now == RESOLVED)
        return;
    uint32_t expected = UNRESOLVED;
    if (!__atomic_compare_exchange_n(&progress, &expected, RESOLVING, false, __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE)) {
        if (__atomic_load_n(&resolver, __ATOMIC_RELAXED) == gettid_raw())
            return;
        while ((now = __atomic_load_n(&progress, __ATOMIC_ACQUIRE)) != RESOLVED)
            os_futex_wait(&progress, now);
        return;
    }
    __atomic_store_n(&resolver, gettid_raw(), __ATOMIC_RELAXED);
    struct inside in = inside_begin();
    resolve_required();
    resolve_optional();
    inside_end(in);
    __atomic_store_n(&progress, RESOLVED, __ATOMIC_RELEASE);
    os_futex_wake_all(&progress);
}
