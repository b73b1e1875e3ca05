/* What one thread does for all: the others wait at the end of single, but not at that of master. */
#include <stdlib.h>

static int shared, mine;
#pragma omp threadprivate(mine)

int main(void)
{
    int nested = 0;
    mine = 7;
#pragma omp parallel num_threads(3) copyin(mine)
    {
        int c = 0;
#pragma omp single
        shared = 1;
        if (shared != 1 || mine != 7)
            abort();
#pragma omp barrier
#pragma omp single copyprivate(c)
        {
            c = 5;
            shared = 2;
        }
        if (c != 5 || shared != 2)
            abort();
#pragma omp barrier
#pragma omp master
        shared = 3;
#pragma omp barrier
        if (shared != 3)
            abort();
        mine += c;
    }
    for (int i = 0; i < 3; i++) {
#pragma omp parallel num_threads(2)
        {
            mine++;
#pragma omp parallel num_threads(2)
#pragma omp critical
            nested++;
        }
    }
    return nested >= 6 && shared == 3 ? 0 : 1;
}
