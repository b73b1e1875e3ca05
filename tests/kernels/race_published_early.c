/* Order violation: an object is put into the table, then filled. Who finds it meanwhile reads it half made. Fixed:
 * filled first. */
#include "kernel.h"

static struct object {
    int value;
} made;
static mutex lock;
static struct object *table;
static int objects;

static void publish(void)
{
#ifdef FIXED
    made.value = 7;
#endif
    mutex_lock(&lock);
    table = &made;
    mutex_unlock(&lock);
#ifndef FIXED
    made.value = 7;
#endif
    mutex_lock(&lock);
    objects++;
    mutex_unlock(&lock);
}

static void look(void)
{
    mutex_lock(&lock);
    struct object *found = table;
    mutex_unlock(&lock);
    if (found)
        check(found->value == 7, "found half made");
}

static void kernel(void)
{
    TOGETHER(look, publish);
}
