/* Blocks that wander between goroutines through a free list: a put is before the get that returns the block. */
#include <goro/goro.h>

#include <stdlib.h>

static goro_mutex lock;
static goro_waitgroup done;
static struct block {
    struct block *next;
    int used;
} *spare;

static struct block *get(void)
{
    goro_mutex_lock(&lock);
    struct block *b = spare;
    if (b)
        spare = b->next;
    goro_mutex_unlock(&lock);
    return b ? b : calloc(1, sizeof *b);
}

static void put(struct block *b)
{
    goro_mutex_lock(&lock);
    b->next = spare;
    spare = b;
    goro_mutex_unlock(&lock);
}

static void work(void)
{
    for (int i = 0; i < 100; i++) {
        struct block *b = get();
        b->used++;
        put(b);
    }
    goro_waitgroup_done(&done);
}

static int start(void *arg)
{
    (void)arg;
    goro_waitgroup_add(&done, 8);
    for (int i = 0; i < 8; i++)
        goro_go(work);
    goro_waitgroup_wait(&done);
    return 0;
}

int main(void)
{
    return goro_run(start, NULL);
}
