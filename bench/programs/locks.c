/* Two threads that mostly lock:  locks ROUNDS
 *
 * A round takes the thread's own mutex for a counter and a short list, every fourth one a readers-writer lock for reading, every
 * sixteenth the mutex that both share. What is guarded is checked at the end. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { THREADS = 2, ITEMS = 8 };

struct own {
    pthread_mutex_t lock;
    long count;
    long items[ITEMS];
} __attribute__((aligned(64)));

static struct own owns[THREADS];
static pthread_mutex_t shared_lock = PTHREAD_MUTEX_INITIALIZER;
static long shared_count;
static pthread_rwlock_t table_lock = PTHREAD_RWLOCK_INITIALIZER;
static long table[64];
static long rounds;

static void *work(void *arg)
{
    struct own *own = arg;
    long sum = 0;
    for (long i = 0; i < rounds; i++) {
        pthread_mutex_lock(&own->lock);
        own->count++;
        own->items[i % ITEMS] += i;
        pthread_mutex_unlock(&own->lock);
        if (i % 4 == 0) {
            pthread_rwlock_rdlock(&table_lock);
            sum += table[i % 64];
            pthread_rwlock_unlock(&table_lock);
        }
        if (i % 16 == 0) {
            pthread_mutex_lock(&shared_lock);
            shared_count++;
            pthread_mutex_unlock(&shared_lock);
        }
    }
    return (void *)sum;
}

int main(int argc, char **argv)
{
    pthread_t threads[THREADS];
    rounds = argc > 1 ? atol(argv[1]) : 1000000;
    for (int i = 0; i < 64; i++)
        table[i] = 1;
    for (int i = 0; i < THREADS; i++) {
        pthread_mutex_init(&owns[i].lock, NULL);
        if (pthread_create(&threads[i], NULL, work, &owns[i]) != 0)
            return 2;
    }
    long counted = 0, read = 0;
    for (int i = 0; i < THREADS; i++) {
        void *sum;
        pthread_join(threads[i], &sum);
        counted += owns[i].count;
        read += (long)sum;
    }
    printf("%ld own, %ld shared, %ld read\n", counted, shared_count, read);
    return 0;
}
