/* The commonest mistake: a shared counter without reduction, atomic or critical. */
#include "barrier.h"

static struct barrier both;
static int counter;

int main(void)
{
#pragma omp parallel num_threads(2)
    {
        barrier_wait(&both, 2);
        counter++; // RACE
    }
    return counter == 0;
}
