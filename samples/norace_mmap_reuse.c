/* Pages are unmapped by one thread and their addresses mapped again by another: a new life of the same bytes. */
#include "barrier.h"
#include <pthread.h>
#include <stddef.h>
#include <sys/mman.h>

enum { SIZE = 1 << 20 };
static struct schedule s;
static char *page;

static void *unmaps(void *arg)
{
    page[0] = page[SIZE - 1] = 1;
    munmap(page, SIZE);
    step(&s, 1);
    return arg;
}

int main(void)
{
    pthread_t thread;
    page = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    pthread_create(&thread, NULL, unmaps, NULL);
    await(&s, 1);
    char *again = mmap(page, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    again[0] = again[SIZE - 1] = 2;
    pthread_join(thread, NULL);
    munmap(again, SIZE);
    return again == page ? 0 : 1;
}
