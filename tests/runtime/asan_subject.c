/* What AddressSanitizer is to say of goroutines, by argument: `right` nothing, `overflow` and `leak` just that.
 * `right` has what needs the stack's bounds: longjmp, goroutines that end in the middle, stacks that are used again. */
#define GORO_SHORT_NAMES
#include <goro/goro.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static chan_of(int) lengths;
static const char *manner;
static char *volatile lost;
static waitgroup all;

static int deep(int n, char *out)
{
    char buffer[200];
    snprintf(buffer, sizeof buffer, "%d %s", n, n > 0 ? "more" : "end");
    if (n > 0) {
        yield();
        deep(n - 1, buffer);
    }
    strcpy(out, buffer);
    return (int)strlen(out);
}

static void jump(jmp_buf *to)
{
    char here[64];
    memset(here, 1, sizeof here);
    yield();
    longjmp(*to, here[0]);
}

static __attribute__((noinline)) void leave_now(void)
{
    char here[64];
    memset(here, 1, sizeof here);
    yield();
    goro_exit();
}

static void worker(int id)
{
    char out[256];
    jmp_buf back;
    if (!setjmp(back))
        jump(&back);
    chan_send(lengths, deep(id % 7, out));
    if (id % 3 == 0)
        leave_now();
}

static __attribute__((noinline)) void write_at(char *bytes, int i)
{
    yield();
    bytes[i] = 1;
}

static void overflow(int size)
{
    char bytes[32];
    write_at(bytes, size);
}

/* Many: an old copy of a pointer may still lie on a stack. */
static void leak(void)
{
    for (int i = 0; i < 100; i++) {
        lost = malloc(1234);
        yield();
    }
    lost = NULL;
    waitgroup_done(&all);
}

static int run(void *arg)
{
    (void)arg;
    if (!strcmp(manner, "overflow"))
        go(overflow, 32);
    if (!strcmp(manner, "leak")) {
        waitgroup_add(&all, 1);
        go(leak);
    }
    lengths = chan_make(int, 4);
    int sum = 0;
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < 100; i++)
            go(worker, i);
        for (int i = 0, n; i < 100; i++) {
            chan_recv(lengths, &n);
            sum += n;
        }
    }
    waitgroup_wait(&all);
    return sum != 20 * 500;
}

int main(int argc, char **argv)
{
    manner = argc > 1 ? argv[1] : "right";
    return goro_run(run, NULL);
}
