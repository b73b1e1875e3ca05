/* Which functions and variables say that a possible race is between atomic operations. */
#include "../../detector/report_atomic.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const char *const atomic_names[] = {
    "std::atomic<bool>::load(std::memory_order) const",
    "std::atomic<foo::bar<int> >::operator int() const",
    "std::__atomic_base<int>::store(int, std::memory_order)",
    "std::atomic_flag::test(std::memory_order) const",
    "void std::__atomic_impl::store<double>(double*, std::remove_volatile<double>::type, std::memory_order)",
    "bool std::__detail::__waiter_base<std::__detail::__waiter_pool>::_S_do_spin<int>(int const*)",
    "std::__1::__atomic_base<int, true>::load[abi:nn190107](std::__1::memory_order) const",
    "core::sync::atomic::AtomicBool::load::h0123456789abcdef",
    "_RINvNtNtCsgEmfK2I1SDS_4core4sync6atomic11atomic_loadbECs_1r",
    "_RNvMs_NtNtCsgEmfK2I1SDS_4core4sync6atomicNtB4_10AtomicBool4load",
};
static const char *const plain_names[] = {
    "main",
    "std::atomic<int>::atomic(int)",
    "std::__atomic_base<int>::__atomic_base(int)",
    "f(std::atomic<int>&)",
    "void g<std::atomic<int> >(std::atomic<int>*)",
    "std::vector<std::atomic<int>, std::allocator<std::atomic<int> > >::operator[](unsigned long)",
    "my::std::atomic<int>::load()",
    "_RINvCs_1r3getNtNtNtCsgEmfK2I1SDS_4core4sync6atomic10AtomicBoolEB2_",
};

static struct finding finding = {.kind = FINDING_RACE, .tier = TIER_POSSIBLE};
static struct report report = {.finding = &finding};

static void set_side(int side, enum access_kind kind, const char *function)
{
    static struct symbol_frame frames[2];
    static struct report_frame at[2];
    frames[side] = (struct symbol_frame){.function = function};
    at[side].frame = &frames[side];
    finding.access[side].kind = kind;
    report.access[side].at = &at[side];
    report.access[side].n = 1;
}

static bool are_atomic(const char *one, const char *other)
{
    set_side(0, ACCESS_WRITE, one);
    set_side(1, ACCESS_READ, other);
    return report_is_atomic(&report);
}

static void test_names(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof atomic_names / sizeof *atomic_names; i++) {
        assert_true(are_atomic(atomic_names[i], atomic_names[0]));
        assert_false(are_atomic(atomic_names[i], "main"));
        assert_false(are_atomic(NULL, atomic_names[i]));
    }
    for (size_t i = 0; i < sizeof plain_names / sizeof *plain_names; i++)
        assert_false(are_atomic(plain_names[i], plain_names[i]));
}

static void test_instructions(void **unused)
{
    (void)unused;
    set_side(0, ACCESS_ATOMIC_WRITE, "main");
    set_side(1, ACCESS_READ, atomic_names[0]);
    assert_true(report_is_atomic(&report));
    set_side(1, ACCESS_READ, "main");
    assert_false(report_is_atomic(&report));
}

static void test_variable(void **unused)
{
    (void)unused;
    set_side(0, ACCESS_WRITE, "main");
    set_side(1, ACCESS_READ, "main");
    report.has_variable = true;
    assert_false(report_is_atomic(&report));
    report.variable.atomic = true;
    assert_true(report_is_atomic(&report));
    report.has_variable = false;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_names), cmocka_unit_test(test_instructions),
                                       cmocka_unit_test(test_variable)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
