/* Two goroutines append to one array: both change its length, and which of two values is lost is a matter of luck. */
#include "goro_await.h"

static struct schedule s;
static struct {
    int at[8];
    int len;
} list;

static void append(int value)
{
    list.at[list.len++] = value; // RACE append < work | append < start
}

static void work(void)
{
    append(1);
    step(&s, 1);
}

static int start(void *arg)
{
    (void)arg;
    goro_go(work);
    goro_await(&s, 1);
    append(2);
    return 0;
}

int main(void)
{
    return goro_run(start, NULL);
}
