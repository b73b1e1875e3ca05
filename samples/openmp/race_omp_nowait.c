/* nowait takes away the barrier at the end of a loop: the next one reads what another thread may still be writing. */
#define N 100
static int a[N], b[N];

int main(void)
{
#pragma omp parallel num_threads(2)
    {
#pragma omp for schedule(static) nowait
        for (int i = 0; i < N; i++)
            a[i] = i; // RACE
#pragma omp for schedule(static)
        for (int i = 0; i < N; i++)
            b[i] = a[N - 1 - i]; // RACE
    }
    return b[0] == -1;
}
