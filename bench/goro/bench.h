/* What the rows of bench/goroutines share. A row is written twice: NOUN.c on libgoro, NOUN.go in Go, with the same goroutines,
 * channels, counts and checks in both, so that one can be read against the other.
 *
 * A row sets up what it needs, calls bench_start, does b->n operations, calls bench_stop and checks what came out. The
 * program runs it first with a tenth of the operations, unless the row is about a cold start (see rows.def). */
#ifndef BENCH_H
#define BENCH_H

#include <goro/goro.h>

struct bench {
    int64_t n;       /* operations */
    int64_t started; /* goro_now() */
    int64_t elapsed; /* ns */
    int64_t bytes;   /* memory for each of n, by the kernel's count; 0: not this row's subject */
};

void bench_start(struct bench *b);
void bench_stop(struct bench *b);
/* Ends the program with status 1 unless both are equal. */
void bench_expect(const char *what, int64_t got, int64_t want);
/* Bytes of the process that are in memory now, with its page tables. */
int64_t bench_resident(void);
void bench_go_failed(const char *row) __attribute__((noreturn));

/* goro_go, or the end. */
#define bench_go(f, ...) ((void)(goro_go(f, __VA_ARGS__) == 0 || (bench_go_failed(#f), 0)))

#define ROW(name, warm) void row_##name(struct bench *b);
#include "rows.def"
#undef ROW

#endif
