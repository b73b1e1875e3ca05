/* What programs call by hand: <sanitizer/tsan_interface.h> (acquire, release, mutexes of their own, fibers), the dynamic
 * annotations of glib, Qt, abseil and folly, and gorace's own (include/gorace/annotate.h; annotate.c has the rest of those).
 *
 * A lock's clocks are those of a pthread_rwlock_t: writers' releases at its address, readers' at the next key. */
#define GORACE_ANNOTATE_DEFINITIONS
#include "../include/gorace/annotate.h"

#include "../detector/locks.h"
#include "benign.h"
#include "interpose.h"

#pragma GCC diagnostic ignored "-Wunused-parameter" /* hooks with nothing to do */

#define HOOK(type, name, params)                                                                                       \
    EXPORT type name params;                                                                                           \
    type name params
#define NOTHING(name, params)                                                                                          \
    HOOK(void, name, params)                                                                                           \
    {                                                                                                                  \
    }
#define KEY(addr) ((uintptr_t)(addr))

static void release_merge(const volatile void *addr)
{
    struct actor *me = current();
    if (me)
        sync_release_merge(me, KEY(addr));
}

static void acquire(const volatile void *addr)
{
    struct actor *me = current();
    if (me)
        sync_acquire(me, KEY(addr));
}

static void taken(const volatile void *lock, bool exclusive, uintptr_t pc)
{
    struct actor *me = current();
    if (!me)
        return;
    lock_acquire(me, KEY(lock));
    if (exclusive)
        lock_acquire(me, KEY(lock) + 1);
    lock_got(me, KEY(lock), exclusive, pc);
}

static void given(const volatile void *lock, bool exclusive)
{
    struct actor *me = current();
    if (!me)
        return;
    if (exclusive)
        lock_release(me, KEY(lock));
    else
        lock_release_merge(me, KEY(lock) + 1);
    lock_gone(me, KEY(lock));
}

static void destroyed(const volatile void *lock)
{
    struct actor *me = current();
    if (!me)
        return;
    sync_forget(me, KEY(lock));
    sync_forget(me, KEY(lock) + 1);
}

static void ignore(bool begin)
{
    struct actor *me = current();
    if (!me)
        return;
    if (begin)
        actor_ignore_begin(me);
    else
        actor_ignore_end(me);
}

static void ignore_reads(int delta)
{
    struct actor *me = current();
    if (me)
        actor_ignore_reads(me, delta);
}

static void ignore_writes(int delta)
{
    struct actor *me = current();
    if (me)
        actor_ignore_writes(me, delta);
}

static void new_memory(const volatile void *addr, unsigned long size)
{
    struct actor *me = current();
    if (me)
        mem_fresh(me, (uintptr_t)addr, size);
}

static void thread_name(const char *name)
{
    struct actor *me = current();
    if (me && name)
        actor_set_name(me, name);
}

/* ---- tsan_interface.h -------------------------------------------------------------------------------------------- */

HOOK(void, __tsan_init, (void))
{
    current(); /* the detector starts here if no constructor has done it */
}
HOOK(void, __tsan_ignore_thread_begin, (void))
{
    ignore(true);
}
HOOK(void, __tsan_ignore_thread_end, (void))
{
    ignore(false);
}
HOOK(void, __tsan_acquire, (void *addr))
{
    acquire(addr);
}
HOOK(void, __tsan_release, (void *addr))
{
    release_merge(addr);
}

#define MUTEX_READ_LOCK (1u << 3)
#define MUTEX_TRY_FAILED (1u << 5)

/* Between pre and post the program works on the lock itself, with accesses that are its own affair. */
NOTHING(__tsan_mutex_create, (void *addr, unsigned flags))
HOOK(void, __tsan_mutex_destroy, (void *addr, unsigned flags))
{
    destroyed(addr);
}
HOOK(void, __tsan_mutex_pre_lock, (void *addr, unsigned flags))
{
    ignore(true);
}
HOOK(void, __tsan_mutex_post_lock, (void *addr, unsigned flags, int recursion))
{
    ignore(false);
    if (!(flags & MUTEX_TRY_FAILED))
        taken(addr, !(flags & MUTEX_READ_LOCK), CALLER);
}
HOOK(int, __tsan_mutex_pre_unlock, (void *addr, unsigned flags))
{
    given(addr, !(flags & MUTEX_READ_LOCK));
    ignore(true);
    return 1;
}
HOOK(void, __tsan_mutex_post_unlock, (void *addr, unsigned flags))
{
    ignore(false);
}
HOOK(void, __tsan_mutex_pre_signal, (void *addr, unsigned flags))
{
    ignore(true);
}
HOOK(void, __tsan_mutex_post_signal, (void *addr, unsigned flags))
{
    ignore(false);
}
HOOK(void, __tsan_mutex_pre_divert, (void *addr, unsigned flags))
{
    ignore(false);
}
HOOK(void, __tsan_mutex_post_divert, (void *addr, unsigned flags))
{
    ignore(true);
}
NOTHING(__tsan_check_no_mutexes_held, (void))

/* A fiber is an actor; which OS thread runs it is of no account. Flag 1: the switch orders nothing. */
#define FIBER_NO_SYNC 1u

static uint64_t switch_key(const void *fiber)
{
    return (uint64_t)1 << 63 | (uint64_t)1 << 61 | (uintptr_t)fiber;
}

HOOK(void *, __tsan_get_current_fiber, (void))
{
    return current();
}
HOOK(void *, __tsan_create_fiber, (unsigned flags))
{
    struct actor *me = current();
    return me ? actor_born(me, CALLER) : NULL;
}
HOOK(void, __tsan_destroy_fiber, (void *fiber))
{
    struct actor *me = current();
    if (!me || !fiber || fiber == me)
        return;
    sync_forget(me, switch_key(fiber));
    actor_ends(fiber);
    actor_detached(fiber);
}
HOOK(void, __tsan_switch_to_fiber, (void *fiber, unsigned flags))
{
    struct actor *me = current();
    if (!me || !fiber)
        return;
    if (!(flags & FIBER_NO_SYNC)) {
        sync_release(me, switch_key(fiber));
        sync_acquire(fiber, switch_key(fiber));
    }
    current_set(fiber);
}
HOOK(void, __tsan_set_fiber_name, (void *fiber, const char *name))
{
    if (fiber && name)
        actor_set_name(fiber, name);
}

HOOK(void *, __tsan_external_register_tag, (const char *object_type))
{
    return NULL;
}
NOTHING(__tsan_external_register_header, (void *tag, const char *header))
NOTHING(__tsan_external_assign_tag, (void *addr, void *tag))
HOOK(void, __tsan_external_read, (void *addr, void *caller_pc, void *tag))
{
    struct actor *me = current();
    if (me)
        mem_read(me, addr, 1, (uintptr_t)caller_pc);
}
HOOK(void, __tsan_external_write, (void *addr, void *caller_pc, void *tag))
{
    struct actor *me = current();
    if (me)
        mem_write(me, addr, 1, (uintptr_t)caller_pc);
}
NOTHING(__tsan_flush_memory, (void))
NOTHING(__tsan_on_thread_idle, (void))

/* ---- questions about a report, from a callback that is never called -------------------------------------------------- */

#define TSAN_VOID(name, params)
#define TSAN_VALUE(type, name, params, value) VALUE_##name(type, name, params, value)
#define NO_REPORT(type, name, params, value)                                                                           \
    HOOK(type, name, params)                                                                                           \
    {                                                                                                                  \
        return value;                                                                                                  \
    }
#define WRITTEN(type, name, params, value)
#define VALUE___tsan_mutex_pre_unlock WRITTEN
#define VALUE___tsan_get_current_fiber WRITTEN
#define VALUE___tsan_create_fiber WRITTEN
#define VALUE___tsan_external_register_tag WRITTEN
#define VALUE_RunningOnValgrind NO_REPORT
#define VALUE_ValgrindSlowdown NO_REPORT
#define VALUE_ThreadSanitizerQuery NO_REPORT
#define VALUE___tsan_get_current_report NO_REPORT
#define VALUE___tsan_get_report_data NO_REPORT
#define VALUE___tsan_get_report_tag NO_REPORT
#define VALUE___tsan_get_report_stack NO_REPORT
#define VALUE___tsan_get_report_mop NO_REPORT
#define VALUE___tsan_get_report_loc NO_REPORT
#define VALUE___tsan_get_report_loc_object_type NO_REPORT
#define VALUE___tsan_get_report_mutex NO_REPORT
#define VALUE___tsan_get_report_thread NO_REPORT
#define VALUE___tsan_get_report_unique_tid NO_REPORT
#include "tsan_hooks.def"

/* ---- dynamic annotations ------------------------------------------------------------------------------------------------ */

#define PLACE const char *file, int line
#define OBJECT PLACE, const volatile void *addr

HOOK(void, AnnotateHappensBefore, (OBJECT))
{
    release_merge(addr);
}
HOOK(void, AnnotateHappensAfter, (OBJECT))
{
    acquire(addr);
}
HOOK(void, WTFAnnotateHappensBefore, (OBJECT))
{
    release_merge(addr);
}
HOOK(void, WTFAnnotateHappensAfter, (OBJECT))
{
    acquire(addr);
}
HOOK(void, AnnotateIgnoreReadsBegin, (PLACE))
{
    ignore_reads(1);
}
HOOK(void, AnnotateIgnoreReadsEnd, (PLACE))
{
    ignore_reads(-1);
}
HOOK(void, AnnotateIgnoreWritesBegin, (PLACE))
{
    ignore_writes(1);
}
HOOK(void, AnnotateIgnoreWritesEnd, (PLACE))
{
    ignore_writes(-1);
}
/* Synchronisation that is not told can only make false alarms. */
NOTHING(AnnotateIgnoreSyncBegin, (PLACE))
NOTHING(AnnotateIgnoreSyncEnd, (PLACE))
NOTHING(AnnotateEnableRaceDetection, (PLACE, int enable))
HOOK(void, AnnotateBenignRace, (OBJECT, const char *text))
{
    benign_add((uintptr_t)addr, 1);
}
HOOK(void, AnnotateBenignRaceSized, (OBJECT, unsigned long size, const char *text))
{
    benign_add((uintptr_t)addr, size);
}
HOOK(void, WTFAnnotateBenignRaceSized, (OBJECT, unsigned long size, const char *text))
{
    benign_add((uintptr_t)addr, size);
}
NOTHING(AnnotateExpectRace, (OBJECT, const char *text))
NOTHING(AnnotateFlushExpectedRaces, (PLACE))
NOTHING(AnnotateFlushState, (PLACE))
HOOK(void, AnnotateThreadName, (PLACE, const char *name))
{
    thread_name(name);
}
NOTHING(AnnotateRWLockCreate, (OBJECT))
NOTHING(AnnotateRWLockCreateStatic, (OBJECT))
HOOK(void, AnnotateRWLockDestroy, (OBJECT))
{
    destroyed(addr);
}
HOOK(void, AnnotateRWLockAcquired, (OBJECT, long is_write))
{
    taken(addr, is_write, CALLER);
}
HOOK(void, AnnotateRWLockReleased, (OBJECT, long is_write))
{
    given(addr, is_write);
}
NOTHING(AnnotateMutexIsUsedAsCondVar, (OBJECT))
NOTHING(AnnotateMutexIsNotPHB, (OBJECT))
/* Who annotates a condition variable by hand means the edge. */
HOOK(void, AnnotateCondVarWait, (OBJECT, const volatile void *mutex))
{
    acquire(addr);
}
HOOK(void, AnnotateCondVarSignal, (OBJECT))
{
    release_merge(addr);
}
HOOK(void, AnnotateCondVarSignalAll, (OBJECT))
{
    release_merge(addr);
}
NOTHING(AnnotatePCQCreate, (OBJECT))
HOOK(void, AnnotatePCQDestroy, (OBJECT))
{
    destroyed(addr);
}
HOOK(void, AnnotatePCQPut, (OBJECT))
{
    release_merge(addr);
}
HOOK(void, AnnotatePCQGet, (OBJECT))
{
    acquire(addr);
}
HOOK(void, AnnotateNewMemory, (OBJECT, unsigned long size))
{
    new_memory(addr, size);
}
NOTHING(AnnotatePublishMemoryRange, (OBJECT, unsigned long size))
NOTHING(AnnotateUnpublishMemoryRange, (OBJECT, unsigned long size))
NOTHING(AnnotateMemoryIsInitialized, (OBJECT, unsigned long size))
NOTHING(AnnotateMemoryIsUninitialized, (OBJECT, unsigned long size))
NOTHING(AnnotateTraceMemory, (OBJECT))
NOTHING(AnnotateNoOp, (OBJECT))

/* ---- gorace/annotate.h -------------------------------------------------------------------------------------------------- */

HOOK(void, gorace_annotate_happens_before, (const volatile void *addr))
{
    release_merge(addr);
}
HOOK(void, gorace_annotate_happens_after, (const volatile void *addr))
{
    acquire(addr);
}
HOOK(void, gorace_annotate_lock_acquired, (const volatile void *lock, int exclusive))
{
    taken(lock, exclusive, CALLER);
}
HOOK(void, gorace_annotate_lock_released, (const volatile void *lock, int exclusive))
{
    given(lock, exclusive);
}
HOOK(void, gorace_annotate_lock_destroyed, (const volatile void *lock))
{
    destroyed(lock);
}
HOOK(void, gorace_annotate_ignore_reads, (int delta))
{
    ignore_reads(delta);
}
HOOK(void, gorace_annotate_ignore_writes, (int delta))
{
    ignore_writes(delta);
}
HOOK(void, gorace_annotate_benign_race, (const volatile void *addr, size_t size, const char *text))
{
    benign_add((uintptr_t)addr, size);
}
HOOK(void, gorace_annotate_new_memory, (const volatile void *addr, size_t size))
{
    new_memory(addr, size);
}
HOOK(void, gorace_annotate_thread_name, (const char *text))
{
    thread_name(text);
}
