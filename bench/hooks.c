/* Rounds of one hook, called as the compiler would:  hooks ROW ROUNDS; hooks list
 *
 * Linked with libgorace_hooks.so, so it runs with empty hooks or under the detector. A second thread exists and sleeps: an
 * access of a process's only thread is not remembered. */
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RELAXED = 0, ACQUIRE = 2, RELEASE = 3, ACQ_REL = 4, WORDS = 4096 };

void __tsan_read8(void *p);
void __tsan_write8(void *p);
void __tsan_read_range(void *p, size_t n);
void __tsan_func_entry(void *pc);
void __tsan_func_exit(void);
void __tsan_release(void *p);
uint64_t __tsan_atomic64_load(const volatile uint64_t *p, int order);
void __tsan_atomic64_store(volatile uint64_t *p, uint64_t v, int order);
uint64_t __tsan_atomic64_fetch_add(volatile uint64_t *p, uint64_t v, int order);
int __tsan_atomic64_compare_exchange_strong(volatile uint64_t *p, uint64_t *expected, uint64_t v, int order, int fail);

static uint64_t words[WORDS] __attribute__((aligned(64)));
static volatile uint64_t place __attribute__((aligned(64)));
static char *fresh;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static sem_t over;
/* Not to be replaced by moves. */
static void *(*volatile copy)(void *, const void *, size_t) = memcpy;

/* X(name, title, what one round does; i is its number) */
#define ROWS(X) \
    X(read, "read, known in this epoch", __tsan_read8(&words[0])) \
    X(write, "write, known in this epoch", __tsan_write8(&words[0])) \
    X(fresh, "write of memory never touched before", __tsan_write8(fresh + 8 * i)) \
    X(again, "write of a word again, in a new epoch", next_epoch(i); __tsan_write8(&words[i % WORDS])) \
    X(straddle, "read across two words", __tsan_read8((char *)&words[0] + 4)) \
    X(range, "read of 256 bytes", __tsan_read_range(words, 256)) \
    X(function, "function entry and exit", __tsan_func_entry((void *)main); __tsan_func_exit()) \
    X(load_relaxed, "relaxed load", __tsan_atomic64_load(&place, RELAXED)) \
    X(load_acquire, "acquire load of what is known", __tsan_atomic64_load(&place, ACQUIRE)) \
    X(store_relaxed, "relaxed store", __tsan_atomic64_store(&place, i, RELAXED)) \
    X(store_release, "release store", __tsan_atomic64_store(&place, i, RELEASE)) \
    X(add_relaxed, "relaxed add", __tsan_atomic64_fetch_add(&place, 1, RELAXED)) \
    X(add_acq_rel, "acquire-release add", __tsan_atomic64_fetch_add(&place, 1, ACQ_REL)) \
    X(compare_exchange, "acquire-release compare-and-swap", uint64_t old = i; \
      __tsan_atomic64_compare_exchange_strong(&place, &old, i + 1, ACQ_REL, ACQUIRE)) \
    X(mutex, "mutex, lock and unlock", pthread_mutex_lock(&mutex); pthread_mutex_unlock(&mutex)) \
    X(allocation, "malloc of 64 bytes and free", free(hide(malloc(64)))) \
    X(copy, "memcpy of 64 bytes", copy(words, words + 64, 64))

int main(int argc, char **argv);

/* Keeps the compiler from knowing what it is. */
static void *hide(void *p)
{
    __asm__ volatile("" : "+r"(p));
    return p;
}

static void next_epoch(size_t i)
{
    if (i % WORDS == 0)
        __tsan_release(&over);
}

#define ROW(name, title, code) \
    static void row_##name(size_t rounds) \
    { \
        for (size_t i = 0; i < rounds; i++) { \
            code; \
        } \
    }
ROWS(ROW)
#undef ROW

static const struct {
    const char *name, *title;
    void (*run)(size_t rounds);
} rows[] = {
#define ROW(name, title, code) {#name, title, row_##name},
    ROWS(ROW)
#undef ROW
};

static void *sleeper(void *arg)
{
    sem_wait(&over);
    return arg;
}

int main(int argc, char **argv)
{
    pthread_t thread;
    if (argc == 2 && strcmp(argv[1], "list") == 0) {
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
            printf("%s|%s\n", rows[i].name, rows[i].title);
        return 0;
    }
    if (argc != 3) {
        fprintf(stderr, "usage: hooks ROW ROUNDS; hooks list\n");
        return 2;
    }
    size_t rounds = strtoul(argv[2], NULL, 10);
    fresh = malloc(8 * rounds + 8);
    if (!fresh || sem_init(&over, 0, 0) != 0 || pthread_create(&thread, NULL, sleeper, NULL) != 0)
        return 2;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (strcmp(argv[1], rows[i].name) == 0)
            rows[i].run(rounds);
    sem_post(&over);
    pthread_join(thread, NULL);
    free(fresh);
    return 0;
}
