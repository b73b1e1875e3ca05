/* Everything in OpenMP that lets one thread in at a time. */
#include <omp.h>

static int by_critical, by_name, by_lock, by_nest_lock, by_turn;
static omp_lock_t lock;
static omp_nest_lock_t nest_lock;

int main(void)
{
    omp_init_lock(&lock);
    omp_init_nest_lock(&nest_lock);
#pragma omp parallel num_threads(3)
    {
        for (int i = 0; i < 30; i++) {
#pragma omp critical
            by_critical++;
#pragma omp critical(name)
            by_name++;
            if (i % 3) {
                omp_set_lock(&lock);
            } else {
                while (!omp_test_lock(&lock))
                    ;
            }
            by_lock++;
            omp_unset_lock(&lock);
            omp_set_nest_lock(&nest_lock);
            omp_set_nest_lock(&nest_lock);
            by_nest_lock++;
            omp_unset_nest_lock(&nest_lock);
            by_nest_lock++;
            omp_unset_nest_lock(&nest_lock);
        }
#pragma omp for ordered schedule(dynamic)
        for (int i = 0; i < 30; i++) {
#pragma omp ordered
            by_turn = by_turn * 3 % 1000 + i;
        }
    }
    omp_destroy_lock(&lock);
    omp_destroy_nest_lock(&nest_lock);
    return by_critical == 90 && by_name == 90 && by_lock == 90 && by_nest_lock == 180 && by_turn == 647 ? 0 : 1;
}
