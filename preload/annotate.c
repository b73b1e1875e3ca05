/* Those of include/gorace/annotate.h that order nothing and ignore nothing: names, what tests ask and expect. tsan_misc.c has
 * the others, beside their like of other tools. */
#define GORACE_ANNOTATE_DEFINITIONS
#include "../include/gorace/annotate.h"

#include "../detector/locks.h"
#include "../detector/report.h"
#include "expected.h"
#include "interpose.h"
#include "listener.h"
#include "stuck.h"

#define ANNOTATION(type, name, params) \
    EXPORT type name params; \
    type name params

ANNOTATION(void, gorace_annotate_lock_name, (const volatile void *lock, const char *text))
{
    struct actor *me = current();
    if (me)
        naming_give(me, (uintptr_t)lock, text);
}

ANNOTATION(void, gorace_annotate_on_finding, (gorace_listener * function, void *argument))
{
    listener_set(function, argument);
}

ANNOTATION(void, gorace_annotate_expect_race, (const volatile void *addr, size_t size, const char *text))
{
    expected_add((uintptr_t)addr, size, text);
}

ANNOTATION(unsigned long, gorace_annotate_findings, (void))
{
    return report_count();
}

ANNOTATION(unsigned long, gorace_annotate_check_stuck, (void))
{
    PARKED_REGISTERS();
    return stuck_ask(current(), PARKED_ABOVE(), parked_registers);
}

ANNOTATION(unsigned long, gorace_annotate_expected_races, (const volatile void *addr))
{
    return expected_count((uintptr_t)addr);
}
