/* Lesson: goroutines are cheap enough to have one for each thing that waits: connections, timers, messages. A million of them wait at
 * the same time here, each on its own stack, of which only the pages in use exist. A million OS threads would not start. */
#define GORO_SHORT_NAMES
#include <goro/goro.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static waitgroup waiting, woken;
static long sum;

static void wait_for(recv_chan_of(char) gate, int number)
{
    waitgroup_done(&waiting);
    chan_recv(gate, NULL);
    goro_atomic_add(&sum, number);
    waitgroup_done(&woken);
}

static long resident_bytes(void)
{
    char line[200];
    long kib = 0;
    FILE *file = fopen("/proc/self/status", "r");
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, "VmRSS:", 6) == 0)
            kib = atol(line + 6);
    if (file)
        fclose(file);
    return kib * 1024;
}

static int start(void *arg)
{
    int n = *(int *)arg;
    chan_of(char) gate = chan_make(char, 0);
    long before = resident_bytes();
    int64_t begin = goro_now();

    waitgroup_add(&waiting, n);
    waitgroup_add(&woken, n);
    for (int i = 0; i < n; i++) {
        if (go(wait_for, to_recv(gate), i) != 0)
            goro_panic("no memory for goroutine %d", i);
    }
    waitgroup_wait(&waiting);
    int64_t parked = goro_now();
    long each = (resident_bytes() - before) / n;
    chan_close(gate); /* wakes all */
    waitgroup_wait(&woken);
    printf("%d goroutines: %.0f ns each to start and park, %.0f to wake and end, %ld bytes each\n", n,
           (double)(parked - begin) / n, (double)(goro_now() - parked) / n, each);
    chan_free(gate);
    return sum == (long)n * (n - 1) / 2 ? 0 : 1;
}

int main(int argc, char **argv)
{
    int n = argc > 1 ? atoi(argv[1]) : 1000000;
    return goro_run(start, &n);
}
