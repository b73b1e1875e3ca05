/* A semaphore with two places lets two in. */
#include "goro_await.h"

static struct schedule s;
static goro_sem places = GORO_SEM_INIT(2);
static int guests;

static void enter(void)
{
    goro_sem_acquire(&places, 1);
    guests++; // RACE enter < worker | enter < start
}

static void worker(void)
{
    enter();
    step(&s, 1);
}

static int start(void *arg)
{
    (void)arg;
    goro_go(worker);
    goro_await(&s, 1);
    enter();
    return 0;
}

int main(void)
{
    return goro_run(start, NULL);
}
