/* The compiler's hooks for plain accesses, calls and memory functions: what `-fsanitize=thread` code calls.
 *
 * These are the hottest functions of the whole library; the work is detector/access.h, inlined. The rows of
 * tsan_hooks.def say which hooks there are. */
#include "../detector/access.h"
#include "interpose.h"

#define CFA ((uintptr_t)__builtin_dwarf_cfa())

/* The thread has no actor: mostly the first event of all, or the detector is at work. In tail position, or the hooks would
 * save registers for it. */
static __attribute__((noinline)) void hook_first(void *addr, unsigned size, enum access_kind kind, uintptr_t pc)
{
    struct actor *me = current_attach();
    if (me)
        access_slow(me, (uintptr_t)addr, size, kind, pc);
}

static inline __attribute__((always_inline)) void hook(void *addr, unsigned size, enum access_kind kind, uintptr_t pc)
{
    struct actor *me = current_actor;
    if (unlikely(!me)) {
        hook_first(addr, size, kind, pc);
        return;
    }
    if (size <= GRANULE) {
        access_fast(me, (uintptr_t)addr, size, kind, pc);
    } else {
        access_fast(me, (uintptr_t)addr, GRANULE, kind, pc);
        access_fast(me, (uintptr_t)addr + GRANULE, GRANULE, kind, pc);
    }
}

/* gcc's way to tell of a small access that may be unaligned, and of one of a structure or of a copied string's length. */
static __attribute__((noinline)) void hook_any_range(void *addr, unsigned long size, enum access_kind kind,
                                                     uintptr_t pc)
{
    struct actor *me = current();
    if (likely(me != NULL && size != 0))
        access_range(me, (uintptr_t)addr, size, kind, pc);
}

static inline __attribute__((always_inline)) void hook_range(void *addr, unsigned long size, enum access_kind kind,
                                                             uintptr_t pc)
{
    if (size == 8)
        hook(addr, 8, kind, pc);
    else if (size == 4)
        hook(addr, 4, kind, pc);
    else if (size == 16)
        hook(addr, 16, kind, pc);
    else if (size == 2)
        hook(addr, 2, kind, pc);
    else
        hook_any_range(addr, size, kind, pc);
}

/* A write conflicts with whatever the read before it conflicts with. */
#define KIND_READ ACCESS_READ
#define KIND_WRITE ACCESS_WRITE
#define KIND_READ_WRITE ACCESS_WRITE

#define PLAIN_HOOK(name, bytes, kind) \
    EXPORT void __tsan_##name(void *addr); \
    void __tsan_##name(void *addr) \
    { \
        hook(addr, bytes, KIND_##kind, CALLER); \
    }
#define TSAN_ACCESS(name, bytes, kind) PLAIN_HOOK(name, bytes, kind)
/* The fast path sees for itself whether an access leaves its granule. */
#define TSAN_UNALIGNED(name, bytes, kind) PLAIN_HOOK(name, bytes, kind)
#define TSAN_ACCESS_PC(name, bytes, kind) \
    EXPORT void __tsan_##name(void *addr, void *pc); \
    void __tsan_##name(void *addr, void *pc) \
    { \
        hook(addr, bytes, KIND_##kind, (uintptr_t)pc); \
    }
#define TSAN_RANGE(name, kind) \
    EXPORT void __tsan_##name(void *addr, unsigned long size); \
    void __tsan_##name(void *addr, unsigned long size) \
    { \
        hook_range(addr, size, KIND_##kind, CALLER); \
    }
#define TSAN_RANGE_PC(name, kind) \
    EXPORT void __tsan_##name(void *addr, unsigned long size, void *pc); \
    void __tsan_##name(void *addr, unsigned long size, void *pc) \
    { \
        hook_range(addr, size, KIND_##kind, (uintptr_t)pc); \
    }
#include "tsan_hooks.def"

EXPORT void __tsan_func_entry(void *caller_pc);
void __tsan_func_entry(void *caller_pc)
{
    struct actor *me = current();
    if (likely(me != NULL))
        func_enter(me, (uintptr_t)caller_pc, CFA);
}

EXPORT void __tsan_func_exit(void);
void __tsan_func_exit(void)
{
    struct actor *me = current_actor;
    if (likely(me != NULL))
        func_exit(me);
}

/* A destructor stores the class's own table pointer, mostly the one that is there already; concurrent virtual calls do
 * not see a difference then. */
EXPORT void __tsan_vptr_update(void **vptr, void *value);
void __tsan_vptr_update(void **vptr, void *value)
{
    if (*vptr != value)
        hook(vptr, 8, ACCESS_WRITE, CALLER);
}

EXPORT void *__tsan_memcpy(void *to, const void *from, unsigned long size);
void *__tsan_memcpy(void *to, const void *from, unsigned long size)
{
    hook_range((void *)from, size, ACCESS_READ, CALLER);
    hook_range(to, size, ACCESS_WRITE, CALLER);
    return REAL(memcpy)(to, from, size);
}

EXPORT void *__tsan_memmove(void *to, const void *from, unsigned long size);
void *__tsan_memmove(void *to, const void *from, unsigned long size)
{
    hook_range((void *)from, size, ACCESS_READ, CALLER);
    hook_range(to, size, ACCESS_WRITE, CALLER);
    return REAL(memmove)(to, from, size);
}

EXPORT void *__tsan_memset(void *to, int byte, unsigned long size);
void *__tsan_memset(void *to, int byte, unsigned long size)
{
    hook_range(to, size, ACCESS_WRITE, CALLER);
    return REAL(memset)(to, byte, size);
}
