/* One pair of lines that races a thousand times is one finding. */
#include "barrier.h"
#include <pthread.h>

enum { CELLS = 1000 };
static struct schedule s;
static int cell[CELLS];

static void *other(void *arg)
{
    for (int i = 0; i < CELLS; i++)
        cell[i] = 1; // RACE
    step(&s, 1);
    return arg;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, other, NULL);
    await(&s, 1);
    for (int i = 0; i < CELLS; i++)
        cell[i] = 2; // RACE
    pthread_join(thread, NULL);
    return cell[CELLS - 1] == 2 ? 0 : 1;
}
