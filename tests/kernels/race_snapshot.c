/* Data race: a snapshot is taken by copying a pointer under the lock, and read without it while the owner goes on
 * writing; the owner writes between two locked steps. Fixed: the number itself is copied. */
#include "kernel.h"

static mutex lock;
static int numbers[2], current, steps;

static void advance(void)
{
    mutex_lock(&lock);
    current = !current;
    steps++;
#ifdef FIXED
    numbers[current] = steps;
#endif
    mutex_unlock(&lock);
#ifndef FIXED
    numbers[current] = steps;
#endif
    mutex_lock(&lock);
    steps++;
    mutex_unlock(&lock);
}

static void snapshot(void)
{
    mutex_lock(&lock);
    int *shown = &numbers[current], value = *shown;
    mutex_unlock(&lock);
    check(value == 0 || value == 1, "never written");
}

static void kernel(void)
{
    TOGETHER(snapshot, advance);
}
