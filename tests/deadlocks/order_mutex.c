/* Lock-order cycles of mutexes, in runs in which the threads do not meet. */
#include "thread.h"

enum { LONG = 24, DEEP = 100, NODES = 3 };

static pthread_mutex_t a = PTHREAD_MUTEX_INITIALIZER, b = PTHREAD_MUTEX_INITIALIZER, c = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t many[DEEP + 1];

static void init_many(void)
{
    for (int i = 0; i <= DEEP; i++)
        pthread_mutex_init(&many[i], NULL);
}

void order_ab_ba(bool fixed)
{
    struct two order[] = {{&a, &b}, {&b, &a}};

    if (fixed)
        order[1] = order[0];
    nest_in_turn(2, order);
}

void order_three_cycle(bool fixed)
{
    struct two order[] = {{&a, &b}, {&b, &c}, {&c, &a}};

    if (fixed)
        order[2] = (struct two){&a, &c};
    nest_in_turn(3, order);
}

/* Each of 24 threads knows two locks only; ThreadSanitizer follows 20. */
void order_long_cycle(bool fixed)
{
    struct two order[LONG];

    init_many();
    for (int i = 0; i < LONG; i++)
        order[i] = (struct two){&many[i], &many[(i + 1) % LONG]};
    if (fixed)
        order[LONG - 1] = (struct two){&many[0], &many[LONG - 1]};
    nest_in_turn(LONG, order);
}

static void order_deep_take(void *arg)
{
    int from = *(int *)arg;

    if (from < 0)
        pthread_mutex_lock(&many[-from]);
    for (int i = 0; i < DEEP; i++)
        pthread_mutex_lock(&many[i]);
    if (from > 0)
        pthread_mutex_lock(&many[from]);
    for (int i = 0; i < DEEP; i++)
        pthread_mutex_unlock(&many[i]);
    pthread_mutex_unlock(&many[DEEP]);
}

/* The hundred-and-first lock is the innermost of one thread and the outermost of the other; ThreadSanitizer aborts at 64. */
void order_deep(bool fixed)
{
    int from[] = {DEEP, fixed ? DEEP : -DEEP};

    init_many();
    in_turn(2, order_deep_take, from, sizeof *from);
}

struct account {
    pthread_mutex_t lock;
    long balance;
};

static struct account accounts[2] = {{PTHREAD_MUTEX_INITIALIZER, 100}, {PTHREAD_MUTEX_INITIALIZER, 100}};

struct transfer {
    struct account *from, *to;
    bool by_address;
};

static void order_transfer_move(void *arg)
{
    struct transfer *t = arg;
    bool swap = t->by_address && t->from > t->to;

    pthread_mutex_lock(swap ? &t->to->lock : &t->from->lock);
    pthread_mutex_lock(swap ? &t->from->lock : &t->to->lock);
    t->from->balance -= 10;
    t->to->balance += 10;
    pthread_mutex_unlock(&t->to->lock);
    pthread_mutex_unlock(&t->from->lock);
}

void order_transfer(bool fixed)
{
    struct transfer both[] = {{&accounts[0], &accounts[1], fixed}, {&accounts[1], &accounts[0], fixed}};

    in_turn(2, order_transfer_move, both, sizeof *both);
}

void order_dining(bool fixed)
{
    struct two order[5];

    init_many();
    for (int i = 0; i < 5; i++)
        order[i] = (struct two){&many[i], &many[(i + 1) % 5]};
    if (fixed)
        order[4] = (struct two){&many[0], &many[4]};
    nest_in_turn(5, order);
}

static pthread_mutex_t nodes[NODES] = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER};

struct walk {
    int from, steps;
};

static void order_coupling_walk(void *arg)
{
    struct walk *w = arg;

    pthread_mutex_lock(&nodes[w->from]);
    for (int i = 0; i < w->steps; i++) {
        pthread_mutex_lock(&nodes[(w->from + i + 1) % NODES]);
        pthread_mutex_unlock(&nodes[(w->from + i) % NODES]);
    }
    pthread_mutex_unlock(&nodes[(w->from + w->steps) % NODES]);
}

/* Lock coupling, hand over hand around a ring by as many as it has links. The twin's two hold two of the three at most each:
 * a cycle needs a thread for every link. */
void order_coupling(bool fixed)
{
    struct walk walks[] = {{0, 2}, {1, 2}, {2, 2}};

    in_turn(fixed ? 2 : 3, order_coupling_walk, walks, sizeof *walks);
}

static bool order_callback_unlocks;

static void order_callback_changed(void)
{
    pthread_mutex_lock(&b);
    pthread_mutex_unlock(&b);
}

static void order_callback_notify(void)
{
    pthread_mutex_lock(&a);
    if (order_callback_unlocks)
        pthread_mutex_unlock(&a);
    order_callback_changed();
    if (!order_callback_unlocks)
        pthread_mutex_unlock(&a);
}

static void order_callback_run(void *arg)
{
    if (*(int *)arg == 0) {
        order_callback_notify();
    } else {
        pthread_mutex_lock(&b); /* the listener registers under its own lock */
        pthread_mutex_lock(&a);
        pthread_mutex_unlock(&a);
        pthread_mutex_unlock(&b);
    }
}

/* Callbacks run under the lock of who calls them. */
void order_callback(bool fixed)
{
    int who[] = {0, 1};

    order_callback_unlocks = fixed;
    in_turn(2, order_callback_run, who, sizeof *who);
}

static void order_recursive_take(void *arg)
{
    struct two *t = arg;

    pthread_mutex_lock(t->first);
    pthread_mutex_lock(t->second);
    pthread_mutex_lock(t->first); /* again; where it is recursive, and ours, this waits for nothing */
    pthread_mutex_unlock(t->first);
    pthread_mutex_unlock(t->second);
    pthread_mutex_unlock(t->first);
}

void order_recursive(bool fixed)
{
    pthread_mutexattr_t attr;
    pthread_mutex_t x, y;
    struct two order[] = {{&x, &y}, {&y, &x}};

    pthread_mutexattr_init(&attr);
    pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&x, &attr);
    pthread_mutex_init(&y, &attr);
    pthread_mutexattr_destroy(&attr);
    if (fixed)
        order[1] = order[0];
    in_turn(2, order_recursive_take, order, sizeof *order);
    pthread_mutex_destroy(&x);
    pthread_mutex_destroy(&y);
}
