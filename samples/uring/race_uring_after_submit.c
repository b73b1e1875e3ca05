/* What was submitted is another thread's as soon as that takes the completion: here it is still written to. */
#include "barrier.h"
#include <liburing.h>
#include <pthread.h>

static struct schedule s;
static struct io_uring ring;
static int item, have;

static void *submitter(void *arg)
{
    if (have) {
        struct io_uring_sqe *operation = io_uring_get_sqe(&ring);
        io_uring_prep_nop(operation);
        io_uring_sqe_set_data(operation, &item);
        io_uring_submit(&ring);
    }
    item = 1; // RACE
    step(&s, 1);
    return arg;
}

int main(void)
{
    pthread_t thread;
    struct io_uring_cqe *done;
    int *taken = &item;
    have = io_uring_queue_init(8, &ring, 0) == 0; /* else the kernel has none */
    pthread_create(&thread, NULL, submitter, NULL);
    await(&s, 1);
    if (have) {
        io_uring_wait_cqe(&ring, &done);
        taken = io_uring_cqe_get_data(done);
        io_uring_cqe_seen(&ring, done);
    }
    *taken = 2; // RACE
    pthread_join(thread, NULL);
    return 0;
}
