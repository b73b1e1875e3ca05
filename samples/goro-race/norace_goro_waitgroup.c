/* Every done is before a wait that returns because of it; the group may be used again and again. */
#include <goro/goro.h>

enum { WORKERS = 10 };
static goro_waitgroup done;
static int results[WORKERS], sum;

static void work(int i)
{
    results[i]++;
    goro_waitgroup_done(&done);
}

static int start(void *arg)
{
    (void)arg;
    for (int round = 0; round < 5; round++) {
        goro_waitgroup_add(&done, WORKERS);
        for (int i = 0; i < WORKERS; i++)
            goro_go(work, i);
        goro_waitgroup_wait(&done);
        for (int i = 0; i < WORKERS; i++)
            sum += results[i];
    }
    return sum != WORKERS * 15;
}

int main(void)
{
    return goro_run(start, NULL);
}
