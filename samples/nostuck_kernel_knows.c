/* The only pointer to a job is with the kernel: what epoll gives back with a descriptor, what lies in a pipe. Whoever reads it can
 * go on with the job, so the worker that waits for it is not stuck. */
#include <gorace/annotate.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

struct job {
    pthread_mutex_t lock;
    pthread_cond_t ready;
    int begun, done;
};
static int epoll, in_epoll[2], pipe_of_jobs[2];

static void *worker(void *arg)
{
    struct job *job = arg;
    pthread_mutex_lock(&job->lock);
    job->begun = 1;
    pthread_cond_broadcast(&job->ready);
    while (!job->done)
        pthread_cond_wait(&job->ready, &job->lock);
    pthread_mutex_unlock(&job->lock);
    return NULL;
}

static __attribute__((noinline)) void request(int by_epoll)
{
    pthread_t thread;
    struct job *job = calloc(1, sizeof *job);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = job};
    if (!job || pthread_mutex_init(&job->lock, NULL) || pthread_cond_init(&job->ready, NULL))
        abort();
    pthread_create(&thread, NULL, worker, job);
    pthread_detach(thread);
    pthread_mutex_lock(&job->lock);
    while (!job->begun)
        pthread_cond_wait(&job->ready, &job->lock);
    pthread_mutex_unlock(&job->lock);
    if (by_epoll ? epoll_ctl(epoll, EPOLL_CTL_ADD, in_epoll[0], &event) != 0
                 : write(pipe_of_jobs[1], &job, sizeof job) != sizeof job)
        abort();
}

int main(void)
{
    if ((epoll = epoll_create1(0)) < 0 || pipe(in_epoll) || pipe(pipe_of_jobs))
        return 1;
    request(1);
    if (gorace_check_stuck())
        return 1;
    request(0);
    return gorace_check_stuck() != 0;
}
