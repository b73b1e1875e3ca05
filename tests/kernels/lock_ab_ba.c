/* Double lock, crossed: two transfers take the locks of the same two accounts, each its own first. Fixed: one order
 * for all. */
#include "kernel.h"

static struct account {
    mutex lock;
    int money;
} left = {.money = 5}, right = {.money = 5};

static void transfer(struct account *from, struct account *to)
{
#ifdef FIXED
    struct account *first = &left, *second = &right;
#else
    struct account *first = from, *second = to;
#endif
    mutex_lock(&first->lock);
    mutex_lock(&second->lock);
    from->money--;
    to->money++;
    mutex_unlock(&second->lock);
    mutex_unlock(&first->lock);
}

static void to_right(void)
{
    transfer(&left, &right);
}

static void to_left(void)
{
    transfer(&right, &left);
}

static void kernel(void)
{
    TOGETHER(to_right, to_left);
}
