/* To yield lets others run; it does not order what they do. The two take turns for as long as the scheduler likes to. */
#include "goro_await.h"

static struct schedule s;
static int progress;

static void report(void)
{
    for (int i = 0; i < 3; i++) {
        progress = i; // RACE report
        goro_yield();
    }
    step(&s, 1);
}

static int start(void *arg)
{
    (void)arg;
    goro_go(report);
    goro_await(&s, 1);
    return progress != 2; // RACE start
}

int main(void)
{
    return goro_run(start, NULL);
}
