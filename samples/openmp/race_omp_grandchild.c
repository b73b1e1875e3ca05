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
        await(&s, 1); /* so the other thread has run both */
#pragma omp taskwait
        copy = result; // RACE
    }
    return copy - 1;
}
