/* <sanitizer/tsan_interface.h>: acquire, release, mutexes of the program's own, fibers. */
#include "interpose.h"
#include "told.h"

#pragma GCC diagnostic ignored "-Wunused-parameter" /* hooks with nothing to do */

HOOK(void, __tsan_init, (void))
{
    current(); /* the detector starts here if no constructor has done it */
}
HOOK(void, __tsan_ignore_thread_begin, (void))
{
    told_ignore(true);
}
HOOK(void, __tsan_ignore_thread_end, (void))
{
    told_ignore(false);
}
HOOK(void, __tsan_acquire, (void *addr))
{
    told_acquire(addr);
}
HOOK(void, __tsan_release, (void *addr))
{
    told_release(addr);
}

#define MUTEX_READ_LOCK (1u << 3)
#define MUTEX_TRY_FAILED (1u << 5)

/* Between pre and post the program works on the lock itself, with accesses that are its own affair. */
NOTHING(__tsan_mutex_create, (void *addr, unsigned flags))
HOOK(void, __tsan_mutex_destroy, (void *addr, unsigned flags))
{
    told_destroyed(addr);
}
HOOK(void, __tsan_mutex_pre_lock, (void *addr, unsigned flags))
{
    told_ignore(true);
}
HOOK(void, __tsan_mutex_post_lock, (void *addr, unsigned flags, int recursion))
{
    told_ignore(false);
    if (!(flags & MUTEX_TRY_FAILED))
        told_taken(addr, !(flags & MUTEX_READ_LOCK), CALLER);
}
HOOK(int, __tsan_mutex_pre_unlock, (void *addr, unsigned flags))
{
    told_given(addr, !(flags & MUTEX_READ_LOCK));
    told_ignore(true);
    return 1;
}
HOOK(void, __tsan_mutex_post_unlock, (void *addr, unsigned flags))
{
    told_ignore(false);
}
HOOK(void, __tsan_mutex_pre_signal, (void *addr, unsigned flags))
{
    told_ignore(true);
}
HOOK(void, __tsan_mutex_post_signal, (void *addr, unsigned flags))
{
    told_ignore(false);
}
HOOK(void, __tsan_mutex_pre_divert, (void *addr, unsigned flags))
{
    told_ignore(false);
}
HOOK(void, __tsan_mutex_post_divert, (void *addr, unsigned flags))
{
    told_ignore(true);
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
