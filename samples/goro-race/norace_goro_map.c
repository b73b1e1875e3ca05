/* A hash table under a mutex. Those who only look something up need it as well. */
#include <goro/goro.h>

static goro_mutex lock;
static goro_waitgroup done;
static struct {
    int keys[64], values[64];
    int count;
} table;

static void count_key(int key)
{
    goro_mutex_lock(&lock);
    int slot = key % 64;
    if (table.keys[slot] != key)
        table.count++;
    table.keys[slot] = key;
    table.values[slot]++;
    goro_mutex_unlock(&lock);
}

static void work(void)
{
    for (int key = 1; key <= 20; key++)
        count_key(key);
    goro_waitgroup_done(&done);
}

static int start(void *arg)
{
    (void)arg;
    goro_waitgroup_add(&done, 8);
    for (int i = 0; i < 8; i++)
        goro_go(work);
    goro_waitgroup_wait(&done);
    return table.count != 20 || table.values[1] != 8;
}

int main(void)
{
    return goro_run(start, NULL);
}
