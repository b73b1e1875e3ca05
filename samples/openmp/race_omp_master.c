/* master has no barrier at its end, as single has. */
#include "barrier.h"
#include <omp.h>

static struct schedule s;
static int value, copy;

int main(void)
{
#pragma omp parallel num_threads(2)
    {
#pragma omp master
        {
            value = 1; // RACE
            step(&s, 1);
        }
        if (omp_get_thread_num() == 1) {
            await(&s, 1);
            copy = value; // RACE
        }
    }
    return copy - 1;
}
