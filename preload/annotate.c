/* include/gorace/annotate.h: what a program tells, what its tests ask and expect. */
#define GORACE_ANNOTATE_DEFINITIONS
#include "../include/gorace/annotate.h"

#include "../detector/locks.h"
#include "../detector/report.h"
#include "benign.h"
#include "expected.h"
#include "interpose.h"
#include "listener.h"
#include "stuck.h"
#include "told.h"

#pragma GCC diagnostic ignored "-Wunused-parameter" /* the text of a benign race */

HOOK(void, gorace_annotate_happens_before, (const volatile void *addr))
{
    told_release(addr);
}
HOOK(void, gorace_annotate_happens_after, (const volatile void *addr))
{
    told_acquire(addr);
}
HOOK(void, gorace_annotate_lock_acquired, (const volatile void *lock, int exclusive))
{
    told_taken(lock, exclusive, CALLER);
}
HOOK(void, gorace_annotate_lock_released, (const volatile void *lock, int exclusive))
{
    told_given(lock, exclusive);
}
HOOK(void, gorace_annotate_lock_destroyed, (const volatile void *lock))
{
    told_destroyed(lock);
}
HOOK(void, gorace_annotate_ignore_reads, (int delta))
{
    told_ignore_reads(delta);
}
HOOK(void, gorace_annotate_ignore_writes, (int delta))
{
    told_ignore_writes(delta);
}
HOOK(void, gorace_annotate_benign_race, (const volatile void *addr, size_t size, const char *text))
{
    benign_add((uintptr_t)addr, size);
}
HOOK(void, gorace_annotate_new_memory, (const volatile void *addr, size_t size))
{
    told_new_memory(addr, size);
}
HOOK(void, gorace_annotate_thread_name, (const char *text))
{
    told_thread_name(text);
}

HOOK(void, gorace_annotate_lock_name, (const volatile void *lock, const char *text))
{
    struct actor *me = current();
    if (me)
        naming_give(me, (uintptr_t)lock, text);
}

HOOK(void, gorace_annotate_on_finding, (gorace_listener * function, void *argument))
{
    listener_set(function, argument);
}

HOOK(void, gorace_annotate_expect_race, (const volatile void *addr, size_t size, const char *text))
{
    expected_add((uintptr_t)addr, size, text);
}

HOOK(unsigned long, gorace_annotate_findings, (void))
{
    return report_count();
}

HOOK(unsigned long, gorace_annotate_check_stuck, (void))
{
    PARKED_REGISTERS();
    return stuck_ask(current(), PARKED_ABOVE(), parked_registers);
}

HOOK(unsigned long, gorace_annotate_expected_races, (const volatile void *addr))
{
    return expected_count((uintptr_t)addr);
}
