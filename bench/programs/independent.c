/* Threads that have nothing to do with each other:  independent THREADS PASSES
 *
 * Each sorts, hashes and sums a table of its own, PASSES times, and locks a mutex of its own once a pass. Two threads do
 * twice the work of one, so what two take longer than one is what they cost each other. The table of a thread is made and
 * freed by it, and larger than the first-level cache. */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST = 16, WORDS = 32768, BUCKETS = 4096 };

struct result {
    pthread_mutex_t lock;
    uint64_t sum;
} __attribute__((aligned(128)));

static struct result results[MOST];
static long passes;

static uint64_t next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static uint64_t pass(uint32_t *words, uint32_t *buckets, uint64_t *state)
{
    uint64_t sum = 0;
    for (int i = 0; i < WORDS; i++)
        words[i] = (uint32_t)next(state);
    for (int i = 0; i < WORDS; i++)
        buckets[words[i] % BUCKETS]++;
    for (int gap = WORDS / 8; gap > WORDS / 256; gap /= 2)
        for (int i = gap; i < WORDS; i++) {
            uint32_t moved = words[i];
            int at = i;
            for (; at >= gap && words[at - gap] > moved; at -= gap)
                words[at] = words[at - gap];
            words[at] = moved;
        }
    for (int i = 0; i < WORDS; i++)
        sum = sum * 31 + words[i] + buckets[i % BUCKETS];
    return sum;
}

static void *work(void *arg)
{
    struct result *result = arg;
    uint64_t state = 88172645463325252U;
    uint32_t *words = malloc(WORDS * sizeof(*words)), *buckets = calloc(BUCKETS, sizeof(*buckets));
    if (!words || !buckets)
        abort();
    for (long i = 0; i < passes; i++) {
        uint64_t sum = pass(words, buckets, &state);
        pthread_mutex_lock(&result->lock);
        result->sum += sum;
        pthread_mutex_unlock(&result->lock);
    }
    free(words);
    free(buckets);
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t threads[MOST];
    int n = argc > 1 ? atoi(argv[1]) : 1;
    passes = argc > 2 ? atol(argv[2]) : 10;
    if (n < 1 || n > MOST)
        return 2;
    for (int i = 0; i < n; i++) {
        pthread_mutex_init(&results[i].lock, NULL);
        if (pthread_create(&threads[i], NULL, work, &results[i]) != 0)
            return 2;
    }
    for (int i = 0; i < n; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < n; i++)
        printf("%llx\n", (unsigned long long)results[i].sum);
    return 0;
}
