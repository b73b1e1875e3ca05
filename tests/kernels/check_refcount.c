/* Missed check, reference count: a reference is taken to what was found, which by then may have lost its last one.
 * Fixed: taken under the lock that its removal takes. */
#include "kernel.h"

static struct object {
    int references;
    int freed;
} object = {.references = 1};
static mutex lock;
static struct object *table = &object;

static void drop(struct object *o)
{
    if (goro_atomic_add(&o->references, -1) == 0)
        goro_atomic_store(&o->freed, 1);
}

static void use(void)
{
    mutex_lock(&lock);
    struct object *found = table;
#ifdef FIXED
    if (found)
        goro_atomic_add(&found->references, 1);
    mutex_unlock(&lock);
#else
    mutex_unlock(&lock);
    if (found)
        goro_atomic_add(&found->references, 1);
#endif
    if (!found)
        return;
    check(!goro_atomic_load(&found->freed), "used after it was freed");
    drop(found);
}

static void remove_it(void)
{
    mutex_lock(&lock);
    struct object *found = table;
    table = NULL;
    mutex_unlock(&lock);
    drop(found);
}

static void kernel(void)
{
    TOGETHER(remove_it, use);
}
