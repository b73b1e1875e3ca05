/* A task's result is used before the task was waited for. */
#include "barrier.h"

static struct schedule s;
static int result, copy;

int main(void)
{
#pragma omp parallel num_threads(2)
#pragma omp single
    {
#pragma omp task
        {
            result = 1; // RACE
            step(&s, 1);
        }
        await(&s, 1);
        copy = result; // RACE
    }
    return copy - 1;
}
