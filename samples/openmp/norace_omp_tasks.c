/* taskwait waits for children, taskgroup for all descendants, a barrier for all tasks. */
#include <stdlib.h>
#include <string.h>

#define N 400
static int part[N], seen;

static long fib(int n)
{
    long x, y;
    if (n < 2)
        return n;
#pragma omp task shared(x) if (n > 4)
    x = fib(n - 1);
#pragma omp task shared(y) final(n < 6)
    y = fib(n - 2);
#pragma omp taskwait
    return x + y;
}

int main(void)
{
    long f = 0;
#pragma omp parallel num_threads(3)
    {
#pragma omp single
        {
            char text[] = "each task has a copy";
            f = fib(13);
#pragma omp taskgroup
            for (int i = 0; i < 20; i++) {
#pragma omp task firstprivate(i, text)
                {
                    if (strcmp(text, "each task has a copy"))
                        abort();
#pragma omp task
                    part[i] = i;
                }
            }
            for (int i = 0; i < 20; i++)
                seen += part[i] == i;
#pragma omp taskloop grainsize(30)
            for (int i = 0; i < N; i++)
                part[i] = -i;
            part[0] = part[N - 1];
#pragma omp task
            part[1] = 5;
        }
        if (part[1] != 5)
            abort();
    }
    return f == 233 && seen == 20 ? 0 : 1;
}
