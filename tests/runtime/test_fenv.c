/* A goroutine keeps its rounding mode over switches, and gives it to nobody: both control words (x87, SSE) are the goroutine's. */
#include "run.h"

#include <fenv.h>

enum { TIMES = 1000, GOROUTINES = 12 };

static int ended;

/* One third, by SSE and by x87: differs in the last bit with the direction. */
static double third_sse(void)
{
    volatile double one = 1, three = 3;
    return one / three;
}

static long double third_x87(void)
{
    volatile long double one = 1, three = 3;
    return one / three;
}

static void keep(int mode, int sets)
{
    if (sets)
        fesetround(mode);
    double sse = third_sse();
    long double x87 = third_x87();
    for (int i = 0; i < TIMES; i++) {
        goro_yield();
        CHECK_EQ(fegetround(), mode);
        CHECK(third_sse() == sse);
        CHECK(third_x87() == x87);
    }
    __atomic_add_fetch(&ended, 1, __ATOMIC_SEQ_CST);
}

static void run(int step)
{
    static const int modes[] = {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};
    ended = 0;
    for (int i = 0; i < GOROUTINES; i++) {
        int mode = modes[i * step % 4];
        goro_go(keep, mode, mode != FE_TONEAREST);
    }
    while (__atomic_load_n(&ended, __ATOMIC_SEQ_CST) < GOROUTINES)
        goro_yield();
    CHECK_EQ(fegetround(), FE_TONEAREST);
}

GORO_TEST(each_keeps_its_own)
{
    run(1);
}

/* Two modes only, one of them the usual: neighbours in the queue are alike or not. */
GORO_TEST(usual_and_unusual)
{
    run(2);
}

GORO_TEST(a_new_goroutine_rounds_as_usual)
{
    fesetround(FE_UPWARD);
    ended = 0;
    goro_go(keep, FE_TONEAREST, 0);
    while (__atomic_load_n(&ended, __ATOMIC_SEQ_CST) < 1)
        goro_yield();
    CHECK_EQ(fegetround(), FE_UPWARD);
    fesetround(FE_TONEAREST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_keeps_its_own),
        cmocka_unit_test(usual_and_unusual),
        cmocka_unit_test(a_new_goroutine_rounds_as_usual),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
