/* Tells the detector what it cannot see. Without a detector each of these costs one predicted branch, and nothing has
 * to be linked: the functions are found in the preloaded library, if there is one.
 *
 *   GORACE_HAPPENS_BEFORE(addr)  what this thread did so far happens before what any thread does after its next
 *   GORACE_HAPPENS_AFTER(addr)   GORACE_HAPPENS_AFTER of the same address. For hand-overs by means of your own.
 *   GORACE_LOCK_ACQUIRED(lock, exclusive)   a lock of your own; exclusive is 0 for a reader. After it was taken, and
 *   GORACE_LOCK_RELEASED(lock, exclusive)   before it is given up.
 *   GORACE_LOCK_DESTROYED(lock)
 *   GORACE_IGNORE_BEGIN() ... GORACE_IGNORE_END()   accesses of this thread in between are not checked; they nest.
 *   GORACE_IGNORE_READS_BEGIN/END(), GORACE_IGNORE_WRITES_BEGIN/END()   the same for one kind
 *   GORACE_BENIGN_RACE(addr, size, text)   races on these bytes are not reported; say why in `text`
 *   GORACE_NEW_MEMORY(addr, size)   the bytes begin a new life: for allocators of your own
 *   GORACE_NAME_THREAD(text)        the name of this thread in reports
 *
 * With GORACE_VALGRIND_NAMES defined before the #include, the names that Valgrind's helgrind.h and ThreadSanitizer's
 * dynamic_annotations.h use (ANNOTATE_HAPPENS_BEFORE ...) are there as well. */
#ifndef GORACE_ANNOTATE_H
#define GORACE_ANNOTATE_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One row a function: what the preloaded library defines, and the weak look-up of it below. */
#define GORACE_ANNOTATIONS(ROW) \
    ROW(gorace_annotate_happens_before, (const volatile void *addr)) \
    ROW(gorace_annotate_happens_after, (const volatile void *addr)) \
    ROW(gorace_annotate_lock_acquired, (const volatile void *lock, int exclusive)) \
    ROW(gorace_annotate_lock_released, (const volatile void *lock, int exclusive)) \
    ROW(gorace_annotate_lock_destroyed, (const volatile void *lock)) \
    ROW(gorace_annotate_ignore_reads, (int delta)) /* +1 begins, -1 ends */ \
    ROW(gorace_annotate_ignore_writes, (int delta)) \
    ROW(gorace_annotate_benign_race, (const volatile void *addr, size_t size, const char *text)) \
    ROW(gorace_annotate_new_memory, (const volatile void *addr, size_t size)) \
    ROW(gorace_annotate_thread_name, (const char *text))

/* The address is read out of the GOT by hand: in an executable that is not position-independent, compiler and linker
 * would settle a weak reference as NULL for good while linking. */
#ifdef __x86_64__
#define GORACE_FIND(name, params) \
    typedef void name##_function params; \
    static inline name##_function *name##_find(void) \
    { \
        name##_function *found; \
        __asm__(".weak " #name "\n\tmovq " #name "@GOTPCREL(%%rip), %0" : "=r"(found)); \
        return found; \
    }
#else
#define GORACE_FIND(name, params) \
    typedef void name##_function params; \
    extern void name params __attribute__((weak)); \
    static inline name##_function *name##_find(void) \
    { \
        return name; \
    }
#endif
#ifndef GORACE_ANNOTATE_DEFINITIONS /* the library that defines them looks for nothing */
GORACE_ANNOTATIONS(GORACE_FIND)
#endif

#ifdef __cplusplus
}
#endif

#define GORACE_TELL(what, arguments) \
    do { \
        gorace_annotate_##what##_function *gorace_told = gorace_annotate_##what##_find(); \
        if (__builtin_expect(gorace_told != 0, 0)) \
            gorace_told arguments; \
    } while (0)

#define GORACE_HAPPENS_BEFORE(addr) GORACE_TELL(happens_before, (addr))
#define GORACE_HAPPENS_AFTER(addr) GORACE_TELL(happens_after, (addr))
#define GORACE_LOCK_ACQUIRED(lock, exclusive) GORACE_TELL(lock_acquired, (lock, exclusive))
#define GORACE_LOCK_RELEASED(lock, exclusive) GORACE_TELL(lock_released, (lock, exclusive))
#define GORACE_LOCK_DESTROYED(lock) GORACE_TELL(lock_destroyed, (lock))
#define GORACE_IGNORE_READS_BEGIN() GORACE_TELL(ignore_reads, (1))
#define GORACE_IGNORE_READS_END() GORACE_TELL(ignore_reads, (-1))
#define GORACE_IGNORE_WRITES_BEGIN() GORACE_TELL(ignore_writes, (1))
#define GORACE_IGNORE_WRITES_END() GORACE_TELL(ignore_writes, (-1))
#define GORACE_IGNORE_BEGIN() \
    do { \
        GORACE_IGNORE_READS_BEGIN(); \
        GORACE_IGNORE_WRITES_BEGIN(); \
    } while (0)
#define GORACE_IGNORE_END() \
    do { \
        GORACE_IGNORE_WRITES_END(); \
        GORACE_IGNORE_READS_END(); \
    } while (0)
#define GORACE_BENIGN_RACE(addr, size, text) GORACE_TELL(benign_race, (addr, size, text))
#define GORACE_NEW_MEMORY(addr, size) GORACE_TELL(new_memory, (addr, size))
#define GORACE_NAME_THREAD(text) GORACE_TELL(thread_name, (text))

#ifdef GORACE_VALGRIND_NAMES
#define ANNOTATE_HAPPENS_BEFORE(addr) GORACE_HAPPENS_BEFORE(addr)
#define ANNOTATE_HAPPENS_AFTER(addr) GORACE_HAPPENS_AFTER(addr)
#define ANNOTATE_RWLOCK_CREATE(lock) ((void)(lock))
#define ANNOTATE_RWLOCK_DESTROY(lock) GORACE_LOCK_DESTROYED(lock)
#define ANNOTATE_RWLOCK_ACQUIRED(lock, is_w) GORACE_LOCK_ACQUIRED(lock, is_w)
#define ANNOTATE_RWLOCK_RELEASED(lock, is_w) GORACE_LOCK_RELEASED(lock, is_w)
#define ANNOTATE_IGNORE_READS_BEGIN() GORACE_IGNORE_READS_BEGIN()
#define ANNOTATE_IGNORE_READS_END() GORACE_IGNORE_READS_END()
#define ANNOTATE_IGNORE_WRITES_BEGIN() GORACE_IGNORE_WRITES_BEGIN()
#define ANNOTATE_IGNORE_WRITES_END() GORACE_IGNORE_WRITES_END()
#define ANNOTATE_IGNORE_READS_AND_WRITES_BEGIN() GORACE_IGNORE_BEGIN()
#define ANNOTATE_IGNORE_READS_AND_WRITES_END() GORACE_IGNORE_END()
#define ANNOTATE_BENIGN_RACE(addr, text) GORACE_BENIGN_RACE(addr, sizeof(*(addr)), text)
#define ANNOTATE_BENIGN_RACE_SIZED(addr, size, text) GORACE_BENIGN_RACE(addr, size, text)
#define ANNOTATE_NEW_MEMORY(addr, size) GORACE_NEW_MEMORY(addr, size)
#define ANNOTATE_THREAD_NAME(text) GORACE_NAME_THREAD(text)
#endif

#endif
