/* Tasks that say what they read and write run in an order that follows from it; so do iterations with ordered(n). What one that
 * is not deferred does is done when its parent goes on, and changes nothing for the others. */
#include <stdlib.h>

#define N 100
static int x, y, at_once, row[N];

int main(void)
{
#pragma omp parallel num_threads(3)
#pragma omp single
    for (int round = 0; round < 20; round++) {
#pragma omp task depend(out : x)
        x = round;
#pragma omp task depend(in : x) depend(inout : y)
        y += x;
#pragma omp task if (0)
        at_once++;
        at_once++;
#pragma omp task depend(in : x)
        if (x != round)
            abort();
#pragma omp task depend(inout : y) depend(out : x)
        y = x++ == round ? 0 : 100;
    }
    row[0] = 1;
#pragma omp parallel for ordered(1) num_threads(3)
    for (int i = 1; i < N; i++) {
#pragma omp ordered depend(sink : i - 1)
        row[i] = row[i - 1] + 1;
#pragma omp ordered depend(source)
    }
    return y == 0 && x == 20 && at_once == 40 && row[N - 1] == N ? 0 : 1;
}
