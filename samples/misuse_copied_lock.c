/* A struct is copied with the lock in it. The copy of a lock is no lock: who unlocks it has never locked it, and the two of
 * them guard nothing from each other. Copy the data, or hand out a pointer. */
#include <pthread.h>
#include <string.h>

struct account {
    pthread_mutex_t lock;
    long balance;
};

static struct account original = {PTHREAD_MUTEX_INITIALIZER, 100};
/* A call, which can be seen: compilers copy small structs by themselves. */
static void *(*volatile copy_bytes)(void *, const void *, size_t) = memcpy;

int main(void)
{
    struct account copy;
    pthread_mutex_lock(&original.lock);
    copy_bytes(&copy, &original, sizeof copy); // COPIED
    copy.balance++;
    pthread_mutex_unlock(&copy.lock); // MISUSE copied
    pthread_mutex_unlock(&original.lock);
    return 0;
}
