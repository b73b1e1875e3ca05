/* A fence on one side pairs with an ordered operation on the other, in both directions; a seq_cst fence is both. */
#include <pthread.h>
#include <stdatomic.h>

static atomic_int there, back;
static int question, answer;

static void *responder(void *arg)
{
    while (!atomic_load_explicit(&there, memory_order_acquire)) /* pairs with main's fence */
        ;
    answer = question + 1;
    atomic_store_explicit(&back, 1, memory_order_release); /* pairs with main's fence */
    return arg;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, responder, NULL);
    question = 41;
    atomic_thread_fence(memory_order_seq_cst);
    atomic_store_explicit(&there, 1, memory_order_relaxed);
    while (!atomic_load_explicit(&back, memory_order_relaxed))
        ;
    atomic_thread_fence(memory_order_seq_cst);
    int got = answer;
    pthread_join(thread, NULL);
    return got == 42 ? 0 : 1;
}
