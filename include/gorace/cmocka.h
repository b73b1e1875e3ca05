/* Tests of cmocka that fail when a finding arises while they run, under the detector; without it they are as they were.
 *
 *     static void my_test(void **state) { ... }
 *     GORACE_WATCH(my_test)
 *     ... cmocka_unit_test(my_test_watched), cmocka_unit_test_setup(my_test_watched, set_up) ...
 *
 * A finding counts where it arises: one that was reported during an earlier test is not reported again. */
#ifndef GORACE_CMOCKA_H
#define GORACE_CMOCKA_H

/* cmocka.h wants these before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" { /* old versions of cmocka.h do not say it */
#endif
#include <cmocka.h>
#ifdef __cplusplus
}
#endif

#include <gorace/annotate.h>

static inline void gorace_watched(const char *name, void (*test)(void **state), void **state)
{
    unsigned long before = GORACE_FINDINGS();
    test(state);
    unsigned long arisen = GORACE_FINDINGS() - before;
    if (arisen)
        fail_msg("gorace: %lu finding%s while %s ran; the report says which", arisen, arisen == 1 ? "" : "s", name);
}

#define GORACE_WATCH(test) \
    static void test##_watched(void **state) \
    { \
        gorace_watched(#test, test, state); \
    }

#endif
