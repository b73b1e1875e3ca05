/* A lock-free stack, push by compare-exchange with release, pop of all by exchange with acquire. A node is ordered from
 * its pusher to its taker through the whole chain of pushes between them. */
#include "barrier.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

struct node {
    struct node *next;
    int value;
};

static struct barrier b;
static _Atomic(struct node *) top;

static void *producer(void *arg)
{
    barrier_wait(&b, 3);
    for (int i = 1; i <= 100; i++) {
        struct node *n = malloc(sizeof *n);
        n->value = i;
        n->next = atomic_load_explicit(&top, memory_order_relaxed);
        while (!atomic_compare_exchange_weak_explicit(&top, &n->next, n, memory_order_release, memory_order_relaxed))
            ;
    }
    return arg;
}

int main(void)
{
    pthread_t thread[2];
    int taken = 0, sum = 0;
    for (int i = 0; i < 2; i++)
        pthread_create(&thread[i], NULL, producer, NULL);
    barrier_wait(&b, 3);
    while (taken < 200) {
        struct node *n = atomic_exchange_explicit(&top, NULL, memory_order_acquire);
        while (n) {
            struct node *next = n->next;
            sum += n->value;
            taken++;
            free(n);
            n = next;
        }
    }
    for (int i = 0; i < 2; i++)
        pthread_join(thread[i], NULL);
    return sum == 10100 ? 0 : 1;
}
