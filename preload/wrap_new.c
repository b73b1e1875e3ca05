/* C++ operator new and delete, all forms.
 *
 * libstdc++'s own call malloc and free, which are wrapped; these wrappers are there so that the block is attributed to
 * the program's frame (alloc.h). An allocator that a program brings along may serve operator new directly; the
 * block is then told here. A program that defines the operators itself, in the executable, never comes here.
 *
 * The real operator may throw through these frames, so the file needs -fexceptions: what new_begin did is undone by a
 * cleanup. */
#ifndef __EXCEPTIONS
#error "compile with -fexceptions: std::bad_alloc passes through these functions"
#endif
#include "alloc.h"
#include "early.h"
#include "interpose.h"
#include "library.h"

/* The C++ library may be loaded later than the table was resolved, by dlopen and out of the global scope, or be linked into the module that
 * calls, whereas its callers find these wrappers first. */
#define REAL_OPERATOR(name, otherwise) \
    ({ \
        static struct library_row row = {#name, NULL, NULL, otherwise}; \
        REAL(name) ? REAL(name) : (__typeof__(real_##name))library_function(&row, LIBRARY_CXX, CALLER); \
    })

/* A program that g++ -fsanitize=thread -static-libstdc++ has linked takes the operators from libtsan, whose place we have: then they are
 * these, with what arguments they have more. Nothing of ours can throw. */
static void *make(size_t size)
{
    return REAL(malloc)(size ? size : 1);
}
static void *make_aligned(size_t size, size_t align)
{
    return REAL(aligned_alloc)(align, size);
}
static void *made(void *p)
{
    return p ? p : (abort(), NULL);
}
static void *make_or_end(size_t size)
{
    return made(make(size));
}
static void *make_aligned_or_end(size_t size, size_t align)
{
    return made(make_aligned(size, align));
}
static void end(void *p)
{
    REAL(free)(p);
}

struct allocation {
    struct actor *me; /* NULL: somebody else tells of it */
    uintptr_t pc;
    struct alloc_call call;
};

static struct allocation new_begin(uintptr_t pc)
{
    struct allocation a = {.me = alloc_pc ? NULL : current(), .pc = pc};
    if (a.me) {
        alloc_pc = pc;
        a.call = alloc_call_begin();
    }
    return a;
}

static void new_leave(struct allocation *a)
{
    if (a->me) {
        alloc_call_end(a->call);
        alloc_pc = 0;
    }
}

static void *new_done(struct allocation *a, void *p, size_t size)
{
    if (a->me && p && alloc_pc) /* nobody took it: the operator did not come through malloc */
        heap_alloc(a->me, (uintptr_t)p, size, a->pc);
    return p;
}

/* True when the block is not the program's and has been freed. */
static bool delete_begin(void *p, uintptr_t pc)
{
    if (p && early_owns(p)) {
        early_free(p);
        return true;
    }
    struct actor *me = p && p != alloc_ending ? current() : NULL;
    if (me) {
        heap_free(me, (uintptr_t)p, pc);
        alloc_ending = p;
    }
    return false;
}

/* Every form goes to the form of the same name, since a program may have replaced only some. */
#define NEW(name, otherwise, params, ...) \
    INTERPOSE(void *, name, params) \
    { \
        struct allocation a __attribute__((cleanup(new_leave))) = new_begin(CALLER); \
        return new_done(&a, REAL_OPERATOR(name, otherwise)(__VA_ARGS__), size); \
    }
#define DELETE(name, params, ...) \
    INTERPOSE(void, name, params) \
    { \
        if (delete_begin(p, CALLER)) \
            return; \
        struct alloc_call c = alloc_call_begin(); \
        REAL_OPERATOR(name, end)(__VA_ARGS__); \
        alloc_call_end(c); \
        alloc_ending = NULL; \
    }

/* In the mangled names, m is size_t, St11align_val_t is std::align_val_t and RKSt9nothrow_t is const std::nothrow_t &. */
NEW(_Znwm, make_or_end, (size_t size), size)
NEW(_Znam, make_or_end, (size_t size), size)
NEW(_ZnwmRKSt9nothrow_t, make, (size_t size, const void *nothrow), size, nothrow)
NEW(_ZnamRKSt9nothrow_t, make, (size_t size, const void *nothrow), size, nothrow)
NEW(_ZnwmSt11align_val_t, make_aligned_or_end, (size_t size, size_t align), size, align)
NEW(_ZnamSt11align_val_t, make_aligned_or_end, (size_t size, size_t align), size, align)
NEW(_ZnwmSt11align_val_tRKSt9nothrow_t, make_aligned, (size_t size, size_t align, const void *nothrow), size, align, nothrow)
NEW(_ZnamSt11align_val_tRKSt9nothrow_t, make_aligned, (size_t size, size_t align, const void *nothrow), size, align, nothrow)

DELETE(_ZdlPv, (void *p), p)
DELETE(_ZdaPv, (void *p), p)
DELETE(_ZdlPvm, (void *p, size_t size), p, size)
DELETE(_ZdaPvm, (void *p, size_t size), p, size)
DELETE(_ZdlPvRKSt9nothrow_t, (void *p, const void *nothrow), p, nothrow)
DELETE(_ZdaPvRKSt9nothrow_t, (void *p, const void *nothrow), p, nothrow)
DELETE(_ZdlPvSt11align_val_t, (void *p, size_t align), p, align)
DELETE(_ZdaPvSt11align_val_t, (void *p, size_t align), p, align)
DELETE(_ZdlPvmSt11align_val_t, (void *p, size_t size, size_t align), p, size, align)
DELETE(_ZdaPvmSt11align_val_t, (void *p, size_t size, size_t align), p, size, align)
DELETE(_ZdlPvSt11align_val_tRKSt9nothrow_t, (void *p, size_t align, const void *nothrow), p, align, nothrow)
DELETE(_ZdaPvSt11align_val_tRKSt9nothrow_t, (void *p, size_t align, const void *nothrow), p, align, nothrow)
