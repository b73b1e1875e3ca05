/* Clients wait, each on an object that for a moment only one other thread knows: it lies in a queue, in the frame or a register of
 * a server, in the argument of a thread that is being created, in a pipe. Meanwhile it is asked again and again who is
 * stuck: nobody is. */
#include <gorace/annotate.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdlib.h>
#include <unistd.h>

#define CLIENTS 3
#define SERVERS 2
#define ROUNDS 40

struct request {
    pthread_mutex_t lock;
    pthread_cond_t answered;
    sem_t posted;
    int by_sem, done;
};

static struct queue {
    pthread_mutex_t lock;
    pthread_cond_t filled;
    struct request *slots[CLIENTS];
    int n, closed;
} *queue;
static int pipe_fds[2];
static int running = CLIENTS;
static pthread_mutex_t running_lock = PTHREAD_MUTEX_INITIALIZER;

static void answer(struct request *r)
{
    sched_yield();
    if (r->by_sem) {
        sem_post(&r->posted);
        return;
    }
    pthread_mutex_lock(&r->lock);
    r->done = 1;
    pthread_cond_signal(&r->answered);
    pthread_mutex_unlock(&r->lock);
}

static void *answer_once(void *request)
{
    answer(request);
    return NULL;
}

static struct request *take(void)
{
    struct request *r = NULL;
    pthread_mutex_lock(&queue->lock);
    while (!queue->n && !queue->closed)
        pthread_cond_wait(&queue->filled, &queue->lock);
    if (queue->n)
        r = queue->slots[--queue->n];
    pthread_mutex_unlock(&queue->lock);
    return r;
}

static void *server(void *arg)
{
    for (struct request *r; (r = take());)
        answer(r);
    return arg;
}

static void *reader(void *arg)
{
    for (struct request *r; read(pipe_fds[0], &r, sizeof r) == sizeof r;)
        answer(r);
    return arg;
}

static void hand_over(struct request *r, int way)
{
    pthread_t thread;
    if (way == 0) {
        pthread_mutex_lock(&queue->lock);
        queue->slots[queue->n++] = r;
        pthread_cond_signal(&queue->filled);
        pthread_mutex_unlock(&queue->lock);
    } else if (way == 1) {
        if (pthread_create(&thread, NULL, answer_once, r) || pthread_detach(thread))
            abort();
    } else if (write(pipe_fds[1], &r, sizeof r) != sizeof r) {
        abort();
    }
}

static void *client(void *arg)
{
    for (int i = 0; i < ROUNDS; i++) {
        struct request *r = calloc(1, sizeof *r);
        if (!r || pthread_mutex_init(&r->lock, NULL) || pthread_cond_init(&r->answered, NULL) ||
            sem_init(&r->posted, 0, 0))
            abort();
        r->by_sem = i % 2;
        hand_over(r, i % 3);
        if (r->by_sem)
            sem_wait(&r->posted);
        pthread_mutex_lock(&r->lock);
        while (!r->by_sem && !r->done)
            pthread_cond_wait(&r->answered, &r->lock);
        pthread_mutex_unlock(&r->lock);
        /* Not freed: who has answered may still be about to leave the lock or the semaphore. */
    }
    pthread_mutex_lock(&running_lock);
    running--;
    pthread_mutex_unlock(&running_lock);
    return arg;
}

static int clients_run(void)
{
    pthread_mutex_lock(&running_lock);
    int n = running;
    pthread_mutex_unlock(&running_lock);
    return n;
}

int main(void)
{
    pthread_t clients[CLIENTS], servers[SERVERS + 1];
    unsigned long stuck = 0;
    if (!(queue = calloc(1, sizeof *queue)) || pthread_mutex_init(&queue->lock, NULL) ||
        pthread_cond_init(&queue->filled, NULL) || pipe(pipe_fds))
        return 1;
    for (int i = 0; i < CLIENTS; i++)
        pthread_create(&clients[i], NULL, client, NULL);
    for (int i = 0; i < SERVERS; i++)
        pthread_create(&servers[i], NULL, server, NULL);
    pthread_create(&servers[SERVERS], NULL, reader, NULL);
    while (clients_run())
        stuck += gorace_check_stuck();
    for (int i = 0; i < CLIENTS; i++)
        pthread_join(clients[i], NULL);
    pthread_mutex_lock(&queue->lock);
    queue->closed = 1;
    pthread_cond_broadcast(&queue->filled);
    pthread_mutex_unlock(&queue->lock);
    close(pipe_fds[1]);
    for (int i = 0; i <= SERVERS; i++)
        pthread_join(servers[i], NULL);
    return stuck != 0;
}
