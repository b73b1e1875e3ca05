/* Prints how many goroutines run at the same time. */
#include <goro/goro.h>
#include <stdio.h>

static int start(void *arg)
{
    (void)arg;
    printf("%d\n", goro_gomaxprocs(0));
    return 0;
}

int main(void)
{
    return goro_run(start, NULL);
}
