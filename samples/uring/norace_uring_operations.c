/* What was done before an operation was submitted is known to who takes its completion, in whatever way he waits for it. */
#include "barrier.h"
#include <liburing.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>

#define OPERATIONS 6

static struct schedule s;
static struct io_uring ring;
static int event;

static void *submitter(void *arg)
{
    for (int i = 0; i < OPERATIONS; i++) {
        int *number = malloc(sizeof *number);
        *number = i;
        struct io_uring_sqe *operation = io_uring_get_sqe(&ring);
        io_uring_prep_nop(operation);
        io_uring_sqe_set_data(operation, number);
        io_uring_submit(&ring);
        step(&s, 2 * i + 1);
        await(&s, 2 * i + 2);
    }
    return arg;
}

static int take(struct io_uring_cqe *done)
{
    int *number = io_uring_cqe_get_data(done), value = *number;
    free(number);
    io_uring_cqe_seen(&ring, done);
    return value;
}

static struct io_uring_cqe *find(int i)
{
    struct io_uring_cqe *done = NULL;
    struct __kernel_timespec limit = {.tv_sec = 1000};
    eventfd_t rung;
    switch (i) {
    case 0:
        io_uring_wait_cqe(&ring, &done);
        break;
    case 1:
        io_uring_peek_cqe(&ring, &done);
        break;
    case 2:
        io_uring_peek_batch_cqe(&ring, &done, 1);
        break;
    case 3:
        io_uring_wait_cqe_timeout(&ring, &done, &limit);
        break;
    case 4:
        io_uring_submit_and_wait(&ring, 1);
        io_uring_peek_cqe(&ring, &done);
        break;
    case 5:
        eventfd_read(event, &rung);
        io_uring_peek_cqe(&ring, &done);
        break;
    }
    return done;
}

int main(void)
{
    pthread_t thread;
    int sum = 0;
    if (io_uring_queue_init(8, &ring, 0) != 0)
        return 0; /* the kernel has none, or does not let us */
    event = eventfd(0, 0);
    io_uring_register_eventfd(&ring, event);
    pthread_create(&thread, NULL, submitter, NULL);
    for (int i = 0; i < OPERATIONS; i++) {
        await(&s, 2 * i + 1);
        sum += take(find(i));
        step(&s, 2 * i + 2);
    }
    pthread_join(thread, NULL);
    io_uring_queue_exit(&ring);
    return sum != OPERATIONS * (OPERATIONS - 1) / 2;
}
