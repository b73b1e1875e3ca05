/* libgorace_points.so: before each access of instrumented code another goroutine may go on (docs/explore.md, GORO_POINTS).
 *
 * Preloaded before the detector, or without it: it takes the compiler's hooks of accesses, tells libgoro if that is in its
 * deterministic mode (event.h), and goes on to the hook behind it in the search order, which sees the program's own return
 * address: the call is the last thing and becomes a jump (CMakeLists.txt asks for that in every build type).
 *
 * A library of its own, so that hooks without it pay nothing. Not for it: atomics, which are points already, and the C library's
 * functions on memory. */
#include <dlfcn.h>
#include <stddef.h>

#include <gorace/event.h>

#define EXPORT __attribute__((visibility("default")))

/* Set by libgoro, while no goroutine runs. */
EXPORT gorace_access_point *gorace_access_point_is;

#define READ 0
#define WRITE 1
#define READ_WRITE 1

static void *behind(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}

#define HOOK(name, parameters, arguments, writes) \
    EXPORT void __tsan_##name parameters; \
    EXPORT void __tsan_##name parameters \
    { \
        static void(*next) parameters; \
        if (gorace_access_point_is) \
            gorace_access_point_is(addr, writes, (uintptr_t)__builtin_return_address(0)); \
        if (!next) \
            next = behind("__tsan_" #name); \
        next arguments; \
    }

#define TSAN_ACCESS(name, bytes, kind) HOOK(name, (void *addr), (addr), kind)
#define TSAN_UNALIGNED(name, bytes, kind) HOOK(name, (void *addr), (addr), kind)
#define TSAN_ACCESS_PC(name, bytes, kind) HOOK(name, (void *addr, void *pc), (addr, pc), kind)
#define TSAN_RANGE(name, kind) HOOK(name, (void *addr, unsigned long size), (addr, size), kind)
#define TSAN_RANGE_PC(name, kind) HOOK(name, (void *addr, unsigned long size, void *pc), (addr, size, pc), kind)
#include "tsan_hooks.def"
