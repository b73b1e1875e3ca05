/* The private heap (preload/early.c), by itself: blocks of all sizes and alignments from several threads keep what was
 * written into them, are known by their address, and freed ones are used again. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../preload/early.h"

#define CHECK(what) ((what) ? (void)0 : fail(__LINE__, #what))

static void fail(int line, const char *what)
{
    fprintf(stderr, "%s:%d: %s\n", __FILE__, line, what);
    abort();
}

struct block {
    unsigned char *p;
    size_t size;
    unsigned char filling;
};

static void fill(struct block *b, unsigned seed)
{
    b->filling = (unsigned char)seed;
    memset(b->p, b->filling, b->size);
}

static void holds(const struct block *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        CHECK(b->p[i] == b->filling);
}

static void *churn(void *arg)
{
    unsigned seed = *(unsigned *)arg;
    struct block all[200] = {{0}};
    for (int i = 0; i < 100000; i++) {
        struct block *b = &all[rand_r(&seed) % 200];
        if (!b->p) {
            size_t align = (size_t)16 << rand_r(&seed) % 9;
            b->size = rand_r(&seed) % (rand_r(&seed) % 200 ? 3000 : 1000000);
            b->p = early_alloc(b->size, align);
            CHECK(b->p && early_owns(b->p) && (uintptr_t)b->p % align == 0 && early_size(b->p) >= b->size);
            fill(b, seed);
        } else if (rand_r(&seed) % 3 == 0) {
            size_t before = b->size;
            b->size = rand_r(&seed) % 3000;
            b->p = early_realloc(b->p, b->size);
            CHECK(b->p && early_size(b->p) >= b->size);
            holds(b, before < b->size ? before : b->size);
            fill(b, seed);
        } else {
            holds(b, b->size);
            early_free(b->p);
            b->p = NULL;
        }
    }
    return NULL;
}

int main(void)
{
    CHECK(!early_owns(&early_base) && !early_owns(NULL));
    unsigned seeds[4] = {1, 2, 3, 4};
    pthread_t t[4];
    for (int i = 0; i < 4; i++)
        CHECK(pthread_create(&t[i], NULL, churn, &seeds[i]) == 0);
    for (int i = 0; i < 4; i++)
        CHECK(pthread_join(t[i], NULL) == 0);

    CHECK(!early_owns(&seeds) && !early_owns(NULL));
    void *p = early_alloc(100, 16);
    early_free(p);
    CHECK(early_alloc(100, 16) == p);
    p = early_alloc((size_t)1 << 20, 16);
    memset(p, 1, (size_t)1 << 20);
    early_free(p);
    unsigned char *z = early_zalloc((size_t)1 << 20);
    CHECK(z == p && z[0] == 0 && z[(1 << 20) - 1] == 0);
    CHECK(early_alloc(SIZE_MAX - 5, 16) == NULL && early_alloc((size_t)1 << 50, 16) == NULL);
    early_free(NULL);
    puts("right");
}
