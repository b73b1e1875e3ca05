/* Lesson: a call that blocks its OS thread (a file, a foreign library, a lock of somebody else's) would hold up every goroutine that
 * waits for that thread's processor. goro_blocking(fn, arg) gives the processor away meanwhile: even with GORO_MAXPROCS=1 the
 * others go on. For sockets and pipes goro_read and goro_write need no thread at all. */
#define GORO_SHORT_NAMES
#include <goro/goro.h>
#include <stdio.h>
#include <unistd.h>

static long read_byte(void *arg)
{
    char byte = 0;
    return read(*(int *)arg, &byte, 1) == 1 ? byte : -errno; /* waits in the kernel: nobody has written yet */
}

static void blocked_reader(int *fd, send_chan_of(long) result)
{
    chan_send(result, goro_blocking(read_byte, fd));
}

static int start(void *arg)
{
    int ends[2];
    chan_of(long) result = chan_make(long, 0);
    int steps = 0;
    (void)arg;

    if (pipe(ends) != 0)
        return 2;
    go(blocked_reader, &ends[0], to_send(result));
    for (; steps < 1000; steps++)
        goro_yield(); /* the reader blocks soon; we still run */
    bool wrote = write(ends[1], "x", 1) == 1;
    long byte = chan_take(result);
    printf("%d steps beside the blocked read, which then got '%c'\n", steps, (char)byte);
    close(ends[0]);
    close(ends[1]);
    chan_free(result);
    return wrote && byte == 'x' ? 0 : 1;
}

int main(void)
{
    return goro_run(start, NULL);
}
