/* Neighbours are not the same: two threads write adjacent bytes, and adjacent members of a packed struct, of one word.
 * */
#include "barrier.h"
#include <pthread.h>

static struct barrier b;
static char bytes[8];
static struct __attribute__((packed)) {
    char tag;
    int left;
    short right;
} packed;

static void *odd(void *arg)
{
    barrier_wait(&b, 2);
    for (int i = 1; i < 8; i += 2)
        bytes[i] = 1;
    packed.right = 1;
    return arg;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, odd, NULL);
    barrier_wait(&b, 2);
    for (int i = 0; i < 8; i += 2)
        bytes[i] = 1;
    packed.tag = 1;
    packed.left = 1;
    pthread_join(thread, NULL);
    return bytes[0] + bytes[7] + packed.right + packed.left == 4 ? 0 : 1;
}
