/* Threads are cancelled in every kind of blocking call, and between calls. Their cleanup handlers do the books under
 * the mutex; nothing is lost, no lock stays taken, every join gets PTHREAD_CANCELED. */
#include <pthread.h>
#include <poll.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 100, KINDS = 7 };
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t never = PTHREAD_COND_INITIALIZER;
static sem_t nothing;
static int silent[2];
static int entered, left;

static void leave(void *block)
{
    free(block);
    pthread_mutex_lock(&lock);
    left++;
    pthread_mutex_unlock(&lock);
}

static void unlock(void *mutex)
{
    pthread_mutex_unlock(mutex);
}

static void wait_for_condition(void)
{
    pthread_mutex_lock(&lock);
    pthread_cleanup_push(unlock, &lock);
    for (;;)
        pthread_cond_wait(&never, &lock);
    pthread_cleanup_pop(1);
}

static void block_for_ever(int kind)
{
    char byte;
    struct timespec day = {.tv_sec = 86400};
    struct pollfd poll_for = {.fd = silent[0], .events = POLLIN};
    for (;;)
        switch (kind) {
        case 0: wait_for_condition(); break;
        case 1: sem_wait(&nothing); break;
        case 2: if (read(silent[0], &byte, 1) < 0) continue; break;
        case 3: pause(); break;
        case 4: nanosleep(&day, NULL); break;
        case 5: poll(&poll_for, 1, -1); break;
        default: pthread_testcancel(); break;
        }
}

static void *work(void *kind)
{
    int state;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state); /* a cancel may come before the handler is in place */
    char *block = malloc(64);
    pthread_mutex_lock(&lock);
    entered++;
    pthread_mutex_unlock(&lock);
    pthread_cleanup_push(leave, block);
    pthread_setcancelstate(state, NULL);
    block_for_ever(*(int *)kind);
    pthread_cleanup_pop(1);
    return NULL;
}

int main(void)
{
    static int kind[KINDS];
    int canceled = 0;
    sem_init(&nothing, 0, 0);
    if (pipe(silent) != 0)
        return 1;
    for (int round = 0; round < ROUNDS; round++) {
        pthread_t thread[KINDS];
        void *result;
        for (int i = 0; i < KINDS; i++) {
            kind[i] = i;
            pthread_create(&thread[i], NULL, work, &kind[i]);
        }
        for (int i = KINDS - 1; i >= 0; i--)
            pthread_cancel(thread[i]);
        for (int i = 0; i < KINDS; i++) {
            pthread_join(thread[i], &result);
            canceled += result == PTHREAD_CANCELED;
        }
    }
    if (canceled == ROUNDS * KINDS && entered == canceled && left == canceled)
        return 0;
    printf("%d entered, %d left, %d cancelled\n", entered, left, canceled);
    return 1;
}
