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
 *   GORACE_NAME_THREAD(text)        the name of this thread in reports; GORACE_NAME_GOROUTINE(text) of this goroutine
 *   GORACE_NAME_LOCK(lock, text)    the name of a lock, until it is destroyed, initialised anew, or its memory is freed
 *   GORACE_IGNORE_SCOPE();          GORACE_IGNORE_BEGIN() up to the end of the block, however that is left
 *
 * For tests:
 *   GORACE_FINDINGS()               how many different findings have counted in this process; 0 without a detector
 *   gorace_check_stuck()            looks at once at who waits, and returns how many threads and goroutines can be proved never to
 *                                   go on: nobody who can go on leads to what they wait for. Those that are new are reported
 *                                   as findings. All others stand still meanwhile; 0 also when nothing could be proved
 *                                   (docs/findings/stuck.md), and without a detector
 *   GORACE_ON_FINDING(function, argument)   function(finding, argument) is called for each that counts, after it was
 *                                   printed, by the thread that found it, in the middle of what it was doing and with the
 *                                   locks that it holds: like a signal handler. What it does is not watched. NULL: none.
 *   GORACE_EXPECT_RACE(addr, size, text)    races on these bytes have to come: they are not reported, and if there is none
 *                                   until the process ends, that is said, with `text`, and decides the exit status
 *   GORACE_EXPECTED_RACES(addr)     how often such races have come, on the bytes expected at addr
 * <gorace/cmocka.h> fails the test in which a finding arose.
 *
 * With GORACE_VALGRIND_NAMES defined before the #include, the names that Valgrind's helgrind.h and ThreadSanitizer's
 * dynamic_annotations.h use (ANNOTATE_HAPPENS_BEFORE ...) are there as well. */
#ifndef GORACE_ANNOTATE_H
#define GORACE_ANNOTATE_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a listener is told, valid during the call. */
struct gorace_finding {
    const char *kind;        /* "data-race", "lock-order-cycle", "deadlock", "stuck", "misuse" */
    const char *fingerprint; /* 16 digits: the same in every run */
    const char *message;     /* in one sentence */
    const char *json;        /* all of it, as docs/finding.schema.json describes it */
};
typedef void gorace_listener(const struct gorace_finding *finding, void *argument);

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
    ROW(gorace_annotate_thread_name, (const char *text)) \
    ROW(gorace_annotate_lock_name, (const volatile void *lock, const char *text)) \
    ROW(gorace_annotate_on_finding, (gorace_listener *function, void *argument)) \
    ROW(gorace_annotate_expect_race, (const volatile void *addr, size_t size, const char *text))

/* The same for functions that return a number. */
#define GORACE_QUESTIONS(ROW) \
    ROW(gorace_annotate_check_stuck, (void)) \
    ROW(gorace_annotate_findings, (void)) \
    ROW(gorace_annotate_expected_races, (const volatile void *addr))

/* The address is read out of the GOT by hand: in an executable that is not position-independent, compiler and linker
 * would settle a weak reference as NULL for good while linking. */
#ifdef __x86_64__
#define GORACE_FIND_TYPED(type, name, params) \
    typedef type name##_function params; \
    static inline name##_function *name##_find(void) \
    { \
        name##_function *found; \
        __asm__(".weak " #name "\n\tmovq " #name "@GOTPCREL(%%rip), %0" : "=r"(found)); \
        return found; \
    }
#else
#define GORACE_FIND_TYPED(type, name, params) \
    typedef type name##_function params; \
    extern type name params __attribute__((weak)); \
    static inline name##_function *name##_find(void) \
    { \
        return name; \
    }
#endif
#define GORACE_FIND(name, params) GORACE_FIND_TYPED(void, name, params)
#define GORACE_FIND_NUMBER(name, params) GORACE_FIND_TYPED(unsigned long, name, params)
#ifndef GORACE_ANNOTATE_DEFINITIONS /* the library that defines them looks for nothing */
GORACE_ANNOTATIONS(GORACE_FIND)
GORACE_QUESTIONS(GORACE_FIND_NUMBER)
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
#define GORACE_NAME_GOROUTINE(text) GORACE_TELL(thread_name, (text))
#define GORACE_NAME_LOCK(lock, text) GORACE_TELL(lock_name, (lock, text))
#define GORACE_ON_FINDING(function, argument) GORACE_TELL(on_finding, (function, argument))
#define GORACE_EXPECT_RACE(addr, size, text) GORACE_TELL(expect_race, (addr, size, text))

#ifndef GORACE_ANNOTATE_DEFINITIONS
static inline unsigned long GORACE_FINDINGS(void)
{
    gorace_annotate_findings_function *ask = gorace_annotate_findings_find();
    return __builtin_expect(ask != 0, 0) ? ask() : 0;
}
static inline unsigned long gorace_check_stuck(void)
{
    gorace_annotate_check_stuck_function *ask = gorace_annotate_check_stuck_find();
    return __builtin_expect(ask != 0, 0) ? ask() : 0;
}
static inline unsigned long GORACE_EXPECTED_RACES(const volatile void *addr)
{
    gorace_annotate_expected_races_function *ask = gorace_annotate_expected_races_find();
    return __builtin_expect(ask != 0, 0) ? ask(addr) : 0;
}
static inline int gorace_ignore_enter(void)
{
    GORACE_IGNORE_BEGIN();
    return 0;
}
static inline void gorace_ignore_leave(const int *scope)
{
    (void)scope;
    GORACE_IGNORE_END();
}
#define GORACE_JOIN_(a, b) a##b
#define GORACE_JOIN(a, b) GORACE_JOIN_(a, b)
#define GORACE_IGNORE_SCOPE() \
    const int GORACE_JOIN(gorace_ignored_, __LINE__) __attribute__((cleanup(gorace_ignore_leave), unused)) = \
        gorace_ignore_enter()
#endif

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
