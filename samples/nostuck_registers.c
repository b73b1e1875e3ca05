/* The only pointer to a job is in a register of a thread that sleeps in a call; or in a thread-specific value; or is what a thread
 * has returned that nobody has joined yet. Each of them can bring the job on. */
#include <gorace/annotate.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <time.h>

struct job {
    pthread_mutex_t lock;
    pthread_cond_t ready;
    int begun, done;
};
static sem_t one_day;

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

static struct job *begin(void)
{
    pthread_t thread;
    struct job *job = calloc(1, sizeof *job);
    if (!job || pthread_mutex_init(&job->lock, NULL) || pthread_cond_init(&job->ready, NULL))
        abort();
    pthread_create(&thread, NULL, worker, job);
    pthread_detach(thread);
    pthread_mutex_lock(&job->lock);
    while (!job->begun)
        pthread_cond_wait(&job->ready, &job->lock);
    pthread_mutex_unlock(&job->lock);
    return job;
}

/* In a register that calls keep, and nowhere else, while it waits for a post that comes one day. */
static void *keeper(void *arg)
{
    const struct timespec far = {.tv_sec = 4000000000};
    register struct job *job __asm__("r15") = begin();
    __asm__ volatile("" : "+r"(job));
    sem_timedwait(&one_day, &far);
    __asm__ volatile("" : "+r"(job));
    job->done = 1;
    return arg;
}

static void *returner(void *arg)
{
    (void)arg;
    return begin();
}

static __attribute__((noinline)) void set_specific(void)
{
    pthread_key_t key;
    if (pthread_key_create(&key, NULL) || pthread_setspecific(key, begin()))
        abort();
}

int main(void)
{
    pthread_t threads[2];
    if (sem_init(&one_day, 0, 0) || pthread_create(&threads[0], NULL, keeper, NULL) ||
        pthread_create(&threads[1], NULL, returner, NULL))
        return 1;
    set_specific();
    return gorace_check_stuck() != 0;
}
