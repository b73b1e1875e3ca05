/* Critical sections with different names do not exclude each other. */
#include "barrier.h"
#include <omp.h>

static struct schedule s;
static int counter;

int main(void)
{
#pragma omp parallel num_threads(2)
    {
        if (omp_get_thread_num() == 0) {
#pragma omp critical(first)
            counter++; // RACE
            step(&s, 1);
        } else {
            await(&s, 1);
#pragma omp critical(second)
            counter++; // RACE
        }
    }
    return counter - 2;
}
