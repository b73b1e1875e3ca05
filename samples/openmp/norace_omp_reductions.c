/* Reductions: each thread, or task, has a part of its own, and what puts the parts together waits for them. */
#include <string.h>

struct pair {
    long sum, count;
};

static void add(struct pair *to, const struct pair *part)
{
    to->sum += part->sum;
    to->count += part->count;
}
#pragma omp declare reduction(pairs \
                              : struct pair \
                              : add(&omp_out, &omp_in)) initializer(memset(&omp_priv, 0, sizeof omp_priv))

int main(void)
{
    struct pair pair = {0, 0};
    long cells[8] = {0}, by_tasks = 0, by_loop = 0, by_all = 0, last = 0;
#pragma omp parallel num_threads(3)
    {
#pragma omp for reduction(pairs : pair) reduction(+ : cells)
        for (int i = 0; i < 400; i++) {
            pair.sum += i;
            pair.count++;
            cells[i % 8] += i;
        }
#pragma omp single
        {
#pragma omp taskgroup task_reduction(+ : by_tasks)
            for (int i = 0; i < 50; i++)
#pragma omp task in_reduction(+ : by_tasks)
                by_tasks += i;
            by_tasks++;
#pragma omp taskloop reduction(+ : by_loop) grainsize(10)
            for (int i = 0; i < 100; i++)
                by_loop += i;
        }
    }
#pragma omp parallel for reduction(task, + : by_all) lastprivate(last) num_threads(3)
    for (int i = 0; i < 30; i++) {
        last = i;
#pragma omp task in_reduction(+ : by_all)
        by_all += i;
    }
    return pair.sum == 79800 && pair.count == 400 && cells[1] + cells[0] == 19650 && by_tasks == 1226 &&
                   by_loop == 4950 && by_all == 435 && last == 29
               ? 0
               : 1;
}
