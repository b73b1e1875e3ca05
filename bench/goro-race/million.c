/* N goroutines alive at once (argument; 1,000,000), each of which has locked a mutex and is parked on a channel; then all are
 * woken and joined by a wait group. The first and the last of them race on one variable. Prints what one costs. */
#include <goro/goro.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

static goro_mutex mutex;
static goro_waitgroup done;
static int parked, n = 1000000;
static volatile int first_and_last;

static void work(goro_chan_of(int) gate, bool races)
{
    goro_mutex_lock(&mutex);
    parked++;
    goro_mutex_unlock(&mutex);
    if (races)
        first_and_last = 1; /* after the unlock: nothing orders the first and the last */
    goro_chan_recv(gate, NULL);
    goro_waitgroup_done(&done);
}

static double resident_bytes(void)
{
    long pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (f && fscanf(f, "%*s %ld", &pages) != 1)
        pages = 0;
    if (f)
        fclose(f);
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

/* Of all threads, in ns: what one costs also on a machine that others use. */
static double cpu_ns(void)
{
    struct rusage r;
    getrusage(RUSAGE_SELF, &r);
    return 1e9 * (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) +
           1e3 * (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec);
}

static bool all_parked(void)
{
    goro_mutex_lock(&mutex);
    bool all = parked == n;
    goro_mutex_unlock(&mutex);
    return all;
}

static int start(void *arg)
{
    (void)arg;
    goro_chan_of(int) gate = goro_chan_make(int, 0);
    goro_waitgroup_add(&done, n);
    double before = resident_bytes();
    double cpu = cpu_ns();
    int64_t began = goro_now();
    for (int i = 0; i < n; i++) {
        goro_go(work, gate, i == 0 || i == n - 1);
        if (i % 64 == 63)
            goro_yield();
    }
    while (!all_parked())
        goro_yield();
    int64_t parked_at = goro_now();
    double cpu_parked = cpu_ns();
    double bytes = resident_bytes() - before;
    goro_chan_close(gate);
    goro_waitgroup_wait(&done);
    int64_t joined = goro_now();
    printf("%d goroutines: %.0f bytes each; %.0f ns (%.0f of CPU) to start and park, %.0f (%.0f) to wake and join\n", n,
           bytes / n, (double)(parked_at - began) / n, (cpu_parked - cpu) / n, (double)(joined - parked_at) / n,
           (cpu_ns() - cpu_parked) / n);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc > 1)
        n = atoi(argv[1]);
    return goro_run(start, NULL);
}
