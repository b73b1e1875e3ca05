/* Places for added code, by themselves: what jumps from one to another is within its reach. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "area.h"

#define MB ((uintptr_t)1 << 20)
#define TEXT ((uintptr_t)0x310000000000) /* where nothing else is: two modules, of which one lies far above the other */

/* The stubs of a module that is loaded far away are not used for jumps that cannot be made from there. */
static void stubs_reach_where_they_lead(void **state)
{
    (void)state;
    const uintptr_t far_text = TEXT, text = TEXT + 1000 * MB, copies = text + 400 * MB;
    assert_true(area_near(far_text, far_text + MB) != 0);
    assert_true(area_stub(far_text, far_text + 100 * MB, 0) != 0);
    assert_int_equal(area_stub(text, copies, 0), 0);
    assert_true(area_near(text, text + MB) != 0);
    for (unsigned traps = 0; traps < 32; traps += 2) {
        const uintptr_t stub = area_stub(text, copies, traps);
        assert_true(stub != 0);
        const intptr_t jump = (intptr_t)(stub - (text + 5)), on = (intptr_t)(copies - (stub + 5));
        assert_true(jump == (int32_t)jump && on == (int32_t)on);
        for (int k = 1; k < 5; k++)
            assert_true(!(traps >> k & 1) || ((uint32_t)jump >> (8 * (k - 1)) & 0xff) == 0xcc);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(stubs_reach_where_they_lead)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
