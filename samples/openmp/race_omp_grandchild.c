/* taskwait waits for the children of a task, not for their children; taskgroup would. */
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
#pragma omp task
            {
                result = 1; // RACE
                step(&s, 1);
            }
        }
#pragma omp taskwait
        await(&s, 1);
        copy = result; // RACE
    }
    return copy - 1;
}
