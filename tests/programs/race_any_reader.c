/* Ten readers of ten variables, all alive. The write to variable k is ordered after every reader but the k-th.
 * Whichever reader it is, first, last or between, its race is found: no reader is dropped from a set of readers. */
#include "barrier.h"
#include <pthread.h>
#include <stdatomic.h>

enum { READERS = 10 };
static struct schedule s;
static struct barrier all_read;
static atomic_int handed[READERS]; /* released into by every reader but the k-th; an increment that only releases passes
                                      nothing on from one reader to the next */
static int value[READERS];

/* Both sides of the k-th race, on one line of source. Functions of their own: a compiler would join the cases of a
 * switch into one access with no line. */
#define SIDES(k)                                                         \
    static __attribute__((noinline)) int read_##k(void) { return value[k]; } \
    static __attribute__((noinline)) void write_##k(void) { value[k] = 1; }
SIDES(0) // RACE 1
SIDES(1) // RACE 2
SIDES(2) // RACE 3
SIDES(3) // RACE 4
SIDES(4) // RACE 5
SIDES(5) // RACE 6
SIDES(6) // RACE 7
SIDES(7) // RACE 8
SIDES(8) // RACE 9
SIDES(9) // RACE 10

static int (*const read_unordered[READERS])(void) = {read_0, read_1, read_2, read_3, read_4,
                                                     read_5, read_6, read_7, read_8, read_9};
static void (*const write_unordered[READERS])(void) = {write_0, write_1, write_2, write_3, write_4,
                                                       write_5, write_6, write_7, write_8, write_9};

static __attribute__((noinline)) int read_ordered(int k)
{
    return value[k];
}

static void *reader(void *arg)
{
    int me = *(int *)arg, sum = 0;
    await(&s, me + 1);
    for (int k = 0; k < READERS; k++) /* before any lock: an epoch of its own for all ten */
        sum += k == me ? read_unordered[k]() : read_ordered(k);
    step(&s, me + 2);
    for (int k = 0; k < READERS; k++)
        if (k != me)
            atomic_fetch_add_explicit(&handed[k], 1, memory_order_release);
    barrier_wait(&all_read, 2 * READERS);
    return sum ? arg : NULL;
}

static void *writer(void *arg)
{
    int k = *(int *)arg;
    barrier_wait(&all_read, 2 * READERS);
    if (atomic_load_explicit(&handed[k], memory_order_acquire) == READERS - 1)
        write_unordered[k]();
    return NULL;
}

int main(void)
{
    static int number[READERS];
    pthread_t readers[READERS], writers[READERS];
    for (int k = 0; k < READERS; k++) {
        number[k] = k;
        pthread_create(&readers[k], NULL, reader, &number[k]);
    }
    for (int k = 0; k < READERS; k++) /* created before the reads, so that creation orders nothing */
        pthread_create(&writers[k], NULL, writer, &number[k]);
    step(&s, 1);
    for (int k = 0; k < READERS; k++) {
        pthread_join(readers[k], NULL);
        pthread_join(writers[k], NULL);
    }
    return 0;
}
