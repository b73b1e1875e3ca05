/* A hash table is one variable: another key is another slot, but the same count. */
#include "goro_await.h"

static struct schedule s;
static struct {
    int keys[16], values[16];
    int count;
} table;

static void put(int key, int value)
{
    int slot = key % 16;
    if (table.keys[slot] != key)
        table.count++; // RACE put < worker | put < start
    table.keys[slot] = key;
    table.values[slot] = value;
}

static void worker(void)
{
    put(7, 1);
    step(&s, 1);
}

static int start(void *arg)
{
    (void)arg;
    goro_go(worker);
    goro_await(&s, 1);
    put(8, 1);
    return 0;
}

int main(void)
{
    return goro_run(start, NULL);
}
