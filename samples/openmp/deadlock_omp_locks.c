/* Two OpenMP locks, taken in both orders. In this run the one thread is done before the other begins. */
#include "barrier.h"
#include <omp.h>

static struct schedule s;
static omp_lock_t a, b;

int main(void)
{
    omp_init_lock(&a);
    omp_init_lock(&b);
#pragma omp parallel num_threads(2)
    {
        if (omp_get_thread_num() == 0) {
            omp_set_lock(&a); // HELD
            omp_set_lock(&b); // TAKES
            omp_unset_lock(&b);
            omp_unset_lock(&a);
            step(&s, 1);
        } else {
            await(&s, 1);
            omp_set_lock(&b); // HELD
            omp_set_lock(&a); // TAKES
            omp_unset_lock(&a);
            omp_unset_lock(&b);
        }
    }
    return 0;
}
