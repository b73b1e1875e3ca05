/* Handlers run on a stack of their own, where the last one has left the job in its frame. No frame is there any more, so nobody
 * knows the job but its worker, who waits for ever. */
#include <gorace/annotate.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>

struct job {
    pthread_mutex_t lock;
    pthread_cond_t ready;
    int begun, done;
};
static struct job *volatile newest;

static void handler(int sig)
{
    struct job *volatile job = newest;
    (void)sig;
    (void)job;
}

static void *worker(void *arg)
{
    struct job *job = arg;
    pthread_mutex_lock(&job->lock);
    job->begun = 1;
    pthread_cond_broadcast(&job->ready);
    while (!job->done)
        pthread_cond_wait(&job->ready, &job->lock); // WAITS
    pthread_mutex_unlock(&job->lock);
    return NULL;
}

static __attribute__((noinline)) void request(void)
{
    pthread_t thread;
    struct job *job = calloc(1, sizeof *job);
    if (!job || pthread_mutex_init(&job->lock, NULL) || pthread_cond_init(&job->ready, NULL))
        abort();
    newest = job;
    raise(SIGUSR1);
    newest = NULL;
    pthread_create(&thread, NULL, worker, job);
    pthread_detach(thread);
    pthread_mutex_lock(&job->lock);
    while (!job->begun) /* the worker then waits, as we have its lock */
        pthread_cond_wait(&job->ready, &job->lock);
    pthread_mutex_unlock(&job->lock);
}

int main(void)
{
    const size_t size = 64 << 10;
    stack_t stack = {.ss_size = size,
                     .ss_sp = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)};
    sigaltstack(&stack, NULL);
    sigaction(SIGUSR1, &(struct sigaction){.sa_handler = handler, .sa_flags = SA_ONSTACK}, NULL);
    request();
    return gorace_check_stuck() != 1;
}
