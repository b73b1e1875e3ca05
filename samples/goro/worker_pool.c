/* Lesson: a worker pool is a few goroutines that range over one channel of jobs. The channel hands each job to one worker that
 * is free; closing it sends them all home. Results come back in any order, so a result carries the number of its job. */
#define GORO_SHORT_NAMES
#include <goro/goro.h>
#include <stdio.h>

enum { WORKERS = 3, JOBS = 20 };

struct job {
    int number, input;
};

struct result {
    int number, output, worker;
};

static int collatz_steps(int n)
{
    int steps = 0;
    for (; n != 1; steps++)
        n = n % 2 ? 3 * n + 1 : n / 2;
    return steps;
}

static waitgroup working;

static void work(int id, recv_chan_of(struct job) jobs, send_chan_of(struct result) results)
{
    chan_range(jobs, job)
        chan_send(results, (struct result){job.number, collatz_steps(job.input), id});
    waitgroup_done(&working);
}

static int start(void *arg)
{
    chan_of(struct job) jobs = chan_make(struct job, JOBS);
    chan_of(struct result) results = chan_make(struct result, JOBS);
    int outputs[JOBS] = {0}, wrong = 0;
    (void)arg;

    waitgroup_add(&working, WORKERS);
    for (int i = 0; i < WORKERS; i++)
        go(work, i, to_recv(jobs), to_send(results));
    for (int i = 0; i < JOBS; i++)
        chan_send(jobs, {i, i + 1});
    chan_close(jobs);
    for (int i = 0; i < JOBS; i++) {
        struct result r = chan_take(results);
        printf("job %d by worker %d: %d\n", r.number, r.worker, r.output);
        outputs[r.number] = r.output;
    }
    for (int i = 0; i < JOBS; i++)
        wrong += outputs[i] != collatz_steps(i + 1);
    waitgroup_wait(&working); /* only now does nobody use the channels any more */
    chan_free(jobs);
    chan_free(results);
    return wrong;
}

int main(void)
{
    return goro_run(start, NULL);
}
