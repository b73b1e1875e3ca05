/* goro_bench ROW N: runs one row and prints `NANOSECONDS BYTES`, both for each of N operations. bench/goroutines reads it. */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct row {
    const char *name;
    bool warm;
    void (*run)(struct bench *b);
} rows[] = {
#define ROW(name, warm) {#name, warm, row_##name},
#include "rows.def"
#undef ROW
};

void bench_start(struct bench *b)
{
    b->started = goro_now();
}

void bench_stop(struct bench *b)
{
    b->elapsed = goro_now() - b->started;
}

void bench_expect(const char *what, int64_t got, int64_t want)
{
    if (got == want)
        return;
    fprintf(stderr, "goro_bench: %s is %lld, not %lld\n", what, (long long)got, (long long)want);
    exit(1);
}

void bench_go_failed(const char *row)
{
    fprintf(stderr, "goro_bench: no memory to start %s\n", row);
    exit(1);
}

int64_t bench_resident(void)
{
    int64_t resident = 0, tables = 0;
    char line[256];
    FILE *status = fopen("/proc/self/status", "re");
    while (status && fgets(line, sizeof line, status)) {
        if (strncmp(line, "VmRSS:", 6) == 0)
            resident = atoll(line + 6);
        else if (strncmp(line, "VmPTE:", 6) == 0)
            tables = atoll(line + 6);
    }
    if (status)
        fclose(status);
    if (resident == 0)
        bench_expect("VmRSS of /proc/self/status", 0, 1);
    return (resident + tables) * 1024;
}

struct job {
    const struct row *row;
    int64_t n;
};

static int run(void *arg)
{
    const struct job *job = arg;
    struct bench warm = {.n = job->n / 10}, b = {.n = job->n};
    if (job->row->warm)
        job->row->run(&warm);
    job->row->run(&b);
    printf("%.2f %lld\n", (double)b.elapsed / (double)b.n, (long long)b.bytes);
    return 0;
}

int main(int argc, char **argv)
{
    struct job job = {.n = argc == 3 ? atoll(argv[2]) : 0};
    for (size_t i = 0; argc == 3 && i < sizeof rows / sizeof *rows; i++)
        if (strcmp(argv[1], rows[i].name) == 0)
            job.row = &rows[i];
    if (!job.row || job.n < 10) {
        fprintf(stderr, "usage: %s ROW N; N at least 10, rows:", argv[0]);
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
            fprintf(stderr, " %s", rows[i].name);
        fprintf(stderr, "\n");
        return 2;
    }
    return goro_run(run, &job);
}
