/* Memory that begins and ends: malloc and its family, mappings. */
#include <sys/mman.h>

#include "unordered.h"

static void write_0(void)
{
    p[0] = 'x';
}

static void end_block(void)
{
    free(p);
}

static void race_free_after_use(void)
{
    make();
    unordered(write_0, end_block);
}

static void write_99(void)
{
    p[99] = 'x';
}

static void race_free_after_use_of_the_last_byte(void)
{
    make();
    unordered(write_99, end_block);
}

static void grow(void)
{
    p = realloc(p, 100000);
}

/* Stays where it is, and p is not written: that would be a race of its own. */
static void resize_in_place(size_t size)
{
    char *before = p, *now = realloc(before, size);
    CHECK(now == before);
}

static void shrink(void)
{
    resize_in_place(90);
}

static void race_realloc_that_moves(void)
{
    make();
    unordered(write_0, grow);
}

static void race_realloc_in_place(void)
{
    make();
    unordered(write_0, shrink);
}

static void race_use_after_realloc_in_place(void)
{
    make();
    unordered(shrink, write_0);
}

/* The block is of 100 bytes, and there is room for four more. */
static void extend(void)
{
    resize_in_place(104);
}

static void write_103(void)
{
    p[103] = 'x';
}

/* What realloc adds it does not write. */
static void norace_bytes_that_realloc_adds(void)
{
    make();
    unordered(extend, write_103);
}

static void race_bytes_that_realloc_keeps(void)
{
    make();
    unordered(extend, write_99);
}

static void use_block_of_its_own(void)
{
    char *mine = malloc(4000);
    memset(mine, 1, 4000);
    free(mine);
}

/* The second thread may get the same bytes: a life of their own. */
static void norace_bytes_used_again(void)
{
    unordered(use_block_of_its_own, use_block_of_its_own);
}

static void map_and_unmap(void)
{
    char *mine = mmap((void *)0x200000000000, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(mine == (void *)0x200000000000);
    memset(mine, 1, 4096);
    OK(munmap(mine, 4096));
}

static void norace_mapping_used_again(void)
{
    unordered(map_and_unmap, map_and_unmap);
}

static void make_and_free_many(void)
{
    char *all[200];
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < 200; i++) {
            all[i] = realloc(NULL, (size_t)i * 7 + 1);
            memset(all[i], i, (size_t)i * 7 + 1);
        }
        for (int i = 0; i < 200; i++)
            all[i] = realloc(all[i], (size_t)(200 - i) * 11);
        for (int i = 0; i < 200; i++)
            free(all[i]);
    }
}

static void *churn(void *arg)
{
    make_and_free_many();
    return arg;
}

static void norace_allocations_of_many_threads(void)
{
    pthread_t t[8];
    for (int i = 0; i < 8; i++)
        OK(pthread_create(&t[i], NULL, churn, NULL));
    for (int i = 0; i < 8; i++)
        OK(pthread_join(t[i], NULL));
}

#define CASES(X) \
    X(race_free_after_use) X(race_free_after_use_of_the_last_byte) X(race_realloc_that_moves) \
    X(race_realloc_in_place) X(race_use_after_realloc_in_place) X(norace_bytes_that_realloc_adds) \
    X(race_bytes_that_realloc_keeps) X(norace_bytes_used_again) \
    X(norace_mapping_used_again) X(norace_allocations_of_many_threads)
CASES_MAIN
