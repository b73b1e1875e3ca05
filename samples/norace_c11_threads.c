/* C11 threads: thrd_create and join, mtx, cnd, call_once and tss order as their pthread counterparts. */
#include <threads.h>

static once_flag once = ONCE_FLAG_INIT;
static mtx_t lock;
static cnd_t changed;
static tss_t key;
static int ready, sum, destroyed;

static void forget(void *slot)
{
    destroyed += *(int *)slot; /* ordered by the join */
}

static void init(void)
{
    mtx_init(&lock, mtx_plain | mtx_timed);
    cnd_init(&changed);
    tss_create(&key, forget);
}

static int worker(void *arg)
{
    call_once(&once, init);
    tss_set(key, arg);
    mtx_lock(&lock);
    while (!ready)
        cnd_wait(&changed, &lock);
    sum++;
    mtx_unlock(&lock);
    return *(int *)arg;
}

int main(void)
{
    thrd_t thread;
    int one = 1, result = 0;
    call_once(&once, init);
    thrd_create(&thread, worker, &one);
    mtx_lock(&lock);
    ready = 1;
    sum++;
    cnd_broadcast(&changed);
    mtx_unlock(&lock);
    thrd_join(thread, &result);
    return sum == 2 && result == 1 && destroyed == 1 ? 0 : 1;
}
