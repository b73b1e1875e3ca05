/* A one-shot event built from atomics and the bare futex system call. */
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

static atomic_int happened;
static int message;

static void *sender(void *arg)
{
    message = 42;
    atomic_store_explicit(&happened, 1, memory_order_release);
    syscall(SYS_futex, &happened, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
    return arg;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, sender, NULL);
    while (!atomic_load_explicit(&happened, memory_order_acquire))
        syscall(SYS_futex, &happened, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
    int got = message;
    pthread_join(thread, NULL);
    return got == 42 ? 0 : 1;
}
