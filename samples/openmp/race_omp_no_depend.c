/* The second task reads what the first one writes, and does not say so: depend(in: result) is missing. */
#include "barrier.h"

static struct schedule s;
static int result, copy;

int main(void)
{
#pragma omp parallel num_threads(2)
#pragma omp single
    {
#pragma omp task depend(out : result)
        {
            result = 1; // RACE
            step(&s, 1);
            await(&s, 2);
        }
#pragma omp task
        {
            await(&s, 1);
            copy = result; // RACE
            step(&s, 2);
        }
    }
    return copy - 1;
}
