/* Libraries other than libc whose functions order threads by atomic operations and futexes of their own: their functions are wrapped by
 * tables of their own (gomp.def, glib.def, uring.def ...), each row found when it is first called, since the library may come late or never.
 *
 *   #define LIBRARY (const char *const[]){"libgomp", NULL}       beginnings of file names
 *   #define ROW(ret, name, params) LIBRARY_ROW(ret, name, params)
 *   #include "gomp.def"
 *   ... LIBRARY_REAL(GOMP_barrier)();
 */
#ifndef GORACE_LIBRARY_H
#define GORACE_LIBRARY_H

#include "../detector/locks.h"
#include "../instrument/slots.h"
#include "interpose.h"

struct library_row {
    const char *name;
    void *behind;                /* us in the global scope; NULL: not found there. Atomic, as is */
    struct library_bound *bound; /* what modules have found that look elsewhere, by module */
    void *otherwise;             /* what is called where nobody has it; NULL: the program ends, with a line that says what is missing */
};
/* The function that we stand in front of, for code at `pc`: what it would call without us. */
void *library_function_for(struct library_row *row, const char *const *libraries, uintptr_t pc);
static inline void *library_function(struct library_row *row, const char *const *libraries, uintptr_t pc)
{
    void *f = __atomic_load_n(&row->behind, __ATOMIC_RELAXED);
    return __builtin_expect(f != NULL, 1) ? f : library_function_for(row, libraries, pc);
}
/* Before and after a module is unloaded. */
void library_unloads(void);

#define LIBRARY_CXX \
    (const char *const[]) \
    { \
        "libstdc++", "libc++", NULL \
    }

#define LIBRARY_ROW(ret, name, params) \
    static __typeof__(ret(*) params) library_##name(uintptr_t pc) \
    { \
        static struct library_row row = {#name, NULL, NULL, NULL}; \
        return (__typeof__(ret(*) params))library_function(&row, LIBRARY, pc); \
    } \
    EXPORT ret name params;
/* In the function that the program has called. */
#define LIBRARY_REAL(name) library_##name(CALLER)

/* Round the call of a function of locks: its own atomic operations, where they are seen (atomics_of=), are no messages of the program,
 * which order it in every schedule. */
static inline void library_quiet_begin(void)
{
    slots.quiet++;
}
static inline void library_quiet_end(void)
{
    slots.quiet--;
}

/* A lock of such a library, named by an address: it begins, it ends. */
void library_lock_made(struct actor *me, uintptr_t lock, uintptr_t pc);
void library_lock_destroyed(struct actor *me, uintptr_t lock, uintptr_t pc);
/* Before it is asked for; true: it will have to be waited for, and wait_end follows.
 * nests: its holder may have it again. */
bool library_lock_waits(struct actor *me, uintptr_t lock, bool nests, uintptr_t pc);
/* After it was got, before it is given. bits: HOW_* (locks.h). */
void library_lock_got(struct actor *me, uintptr_t lock, unsigned bits, uintptr_t pc);
void library_lock_given(struct actor *me, uintptr_t lock);

/* Wrappers of a library's functions of locks. teller(pc): the actor that `lock` is told for, or NULL; the last arguments are the real
 * function's. */
#define LIBRARY_TAKES(name, params, teller, lock, nests, ...) \
    EXPORT void name params \
    { \
        struct actor *me = teller(CALLER); \
        PARKED_REGISTERS(); \
        const bool waits = me && library_lock_waits(me, (uintptr_t)(lock), nests, CALLER); \
        library_quiet_begin(); \
        LIBRARY_REAL(name)(__VA_ARGS__); \
        library_quiet_end(); \
        if (waits) \
            wait_end(me); \
        if (me) \
            library_lock_got(me, (uintptr_t)(lock), 0, CALLER); \
    }
#define LIBRARY_TRIES(name, teller) \
    EXPORT int name(void *lock) \
    { \
        struct actor *me = teller(CALLER); \
        library_quiet_begin(); \
        int got = LIBRARY_REAL(name)(lock); \
        library_quiet_end(); \
        if (me && got) \
            library_lock_got(me, (uintptr_t)lock, HOW_TRY, CALLER); \
        return got; \
    }
#define LIBRARY_GIVES(name, params, teller, lock, ...) \
    EXPORT void name params \
    { \
        struct actor *me = teller(CALLER); \
        if (me) \
            library_lock_given(me, (uintptr_t)(lock)); \
        library_quiet_begin(); \
        LIBRARY_REAL(name)(__VA_ARGS__); \
        library_quiet_end(); \
    }
/* tell: library_lock_made, library_lock_destroyed */
#define LIBRARY_CHANGES(name, teller, tell) \
    EXPORT void name(void *lock) \
    { \
        struct actor *me = teller(CALLER); \
        if (me) \
            tell(me, (uintptr_t)lock, CALLER); \
        library_quiet_begin(); \
        LIBRARY_REAL(name)(lock); \
        library_quiet_end(); \
    }

#endif
