/* Loops that share their work: each thread writes its own part, and a barrier, which every loop ends with unless it says nowait,
 * comes before anybody reads the parts of others. */
#include <stdlib.h>

#define N 600
static int a[N], b[N], c[N];

int main(void)
{
    long sum = 0;
    int most = 0;
#pragma omp parallel for num_threads(3) reduction(+ : sum) reduction(max : most)
    for (int i = 0; i < N; i++) {
        a[i] = i;
        sum += i;
        most = i > most ? i : most;
    }
#pragma omp parallel num_threads(3)
    {
#pragma omp for
        for (int i = 0; i < N; i++)
            b[i] = a[N - 1 - i];
#pragma omp for schedule(dynamic, 7)
        for (int i = 0; i < N; i++)
            a[i] = b[N - 1 - i] + 1;
#pragma omp for schedule(guided) nowait
        for (int i = 0; i < N; i++)
            c[i] = b[i];
#pragma omp for schedule(runtime)
        for (int i = 0; i < N; i++)
            a[i] = i;
#pragma omp barrier
#pragma omp sections
        {
#pragma omp section
            a[0] = c[N - 1];
#pragma omp section
            a[1] = c[N - 2];
        }
        if (a[0] + a[1] != 1)
            abort();
#pragma omp for collapse(2) reduction(+ : sum)
        for (int i = 0; i < 10; i++)
            for (int k = 0; k < 10; k++)
                sum += a[i * 10 + k];
    }
    return sum > 0 && most == N - 1 ? 0 : 1;
}
