/* See patterns.h. Those of C. */
#include "patterns.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <threads.h>

#define ROUNDS 200
#define ACQUIRE(x) atomic_load_explicit(&(x), memory_order_acquire)
#define RELEASE(x, value) atomic_store_explicit(&(x), value, memory_order_release)

/* ---- a flag of each type --------------------------------------------------------------------------------------------- */

#define FLAG(TYPE, NAME) \
    static _Atomic(TYPE) NAME; \
    static void NAME##_sends(void) \
    { \
        touch(); \
        RELEASE(NAME, 1); \
    } \
    static void NAME##_receives(void) \
    { \
        while (!ACQUIRE(NAME)) \
            ; \
        touch(); \
    }
FLAG(unsigned char, byte)
FLAG(short, half)
FLAG(int, word)
FLAG(long, quad)
FLAG(bool, truth)
FLAG(float, single)
FLAG(double, real)

static _Atomic unsigned char bits;

static void bits_sends(void)
{
    touch();
    atomic_fetch_or_explicit(&bits, 4, memory_order_release);
}
static void bits_receives(void)
{
    while (!(ACQUIRE(bits) & 4))
        sched_yield();
    touch();
}

/* Two words at once: cmpxchg16b, or a vector. */
static _Alignas(16) unsigned __int128 wide;

static void wide_sends(void)
{
    touch();
    __atomic_store_n(&wide, 3, __ATOMIC_RELEASE);
}
static void wide_receives(void)
{
    while (!__atomic_load_n(&wide, __ATOMIC_ACQUIRE))
        sched_yield();
    touch();
}

/* Between fences, as compilers write them: an atomic operation on what lies at the stack pointer, here a variable of the other thread's. */
static int beside[8192];
static _Atomic int fence;

static void fence_there(void)
{
    __asm__ volatile("mov %%rsp, %%rbx\n\tmov %0, %%rsp\n\tlock orq $0, (%%rsp)\n\tmov %%rbx, %%rsp"
                     :
                     : "r"(&beside[4096])
                     : "rbx", "cc", "memory");
}
static void fence_sends(void)
{
    fence_there();
    touch();
    RELEASE(fence, 1);
    fence_there();
}
static void fence_receives(void)
{
    *(volatile int *)&beside[4096] = 1;
    while (!ACQUIRE(fence))
        sched_yield();
    touch();
}

/* One flag each of many, accessed at the same two places. */
static struct item {
    struct block block;
    _Atomic int ready;
} items[ROUNDS];

static void items_sends(void)
{
    touch();
    for (int i = 0; i < ROUNDS; i++) {
        fill(&items[i].block, i);
        RELEASE(items[i].ready, 1);
    }
}
static void items_receives(void)
{
    for (int i = 0; i < ROUNDS; i++) {
        while (!ACQUIRE(items[i].ready))
            sched_yield();
        touch();
        fill(&items[i].block, look(&items[i].block));
    }
}

/* ---- there and back -------------------------------------------------------------------------------------------------- */

static _Atomic int turn;

static void take_turns(int me)
{
    for (int i = 0; i < ROUNDS; i++) {
        while (ACQUIRE(turn) != me)
            sched_yield();
        touch();
        RELEASE(turn, !me);
    }
}
static void turn_first(void)
{
    take_turns(0);
}
static void turn_second(void)
{
    take_turns(1);
}
static void turn_alone(void)
{
    touch();
    RELEASE(turn, 1);
}

#define RING 8
static _Atomic unsigned head, tail;
static struct block *ring[RING];

static void ring_puts(unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        while (i - ACQUIRE(tail) == RING)
            sched_yield();
        ring[i % RING] = malloc(sizeof *ring[0]);
        fill(ring[i % RING], i);
        touch();
        RELEASE(head, i + 1);
        while (n > 1 && ACQUIRE(tail) == i)
            sched_yield();
    }
}
static void ring_first(void)
{
    ring_puts(ROUNDS);
}
static void ring_second(void)
{
    for (unsigned i = 0; i < ROUNDS; i++) {
        while (ACQUIRE(head) == i)
            sched_yield();
        if (look(ring[i % RING]) >= 0)
            touch();
        free(ring[i % RING]);
        RELEASE(tail, i + 1);
    }
}
static void ring_alone(void)
{
    ring_puts(1);
}

/* A block that the receiver answers in and the sender frees. */
static _Atomic(struct item *) mailbox;

static void mail_first(void)
{
    for (int i = 0; i < ROUNDS; i++) {
        struct item *it = calloc(1, sizeof *it);
        fill(&it->block, i);
        RELEASE(mailbox, it);
        while (!ACQUIRE(it->ready))
            sched_yield();
        free(it);
    }
}
static void mail_second(void)
{
    for (int i = 0; i < ROUNDS; i++) {
        struct item *it;
        while (!(it = ACQUIRE(mailbox)))
            sched_yield();
        RELEASE(mailbox, NULL);
        fill(&it->block, look(&it->block));
        RELEASE(it->ready, 1);
    }
}
static void mail_alone(void)
{
    touch();
    RELEASE(mailbox, NULL);
}

/* ---- locks ------------------------------------------------------------------------------------------------------------ */

static _Thread_local int who;

static void take_lock(void (*lock)(void), void (*unlock)(void), int me)
{
    who = me;
    for (int i = 0; i < ROUNDS; i++) {
        lock();
        touch();
        unlock();
        if (i % 8 == 0)
            sched_yield();
    }
}
#define LOCK(NAME) \
    static void NAME##_first(void) \
    { \
        take_lock(NAME##_lock, NAME##_unlock, 0); \
    } \
    static void NAME##_second(void) \
    { \
        take_lock(NAME##_lock, NAME##_unlock, 1); \
    }

static _Atomic int taken;

static void spin_lock(void)
{
    while (atomic_exchange_explicit(&taken, 1, memory_order_acquire))
        while (atomic_load_explicit(&taken, memory_order_relaxed))
            sched_yield();
}
static void spin_unlock(void)
{
    RELEASE(taken, 0);
}
LOCK(spin)

static int old;

static void sync_lock(void)
{
    while (__sync_lock_test_and_set(&old, 1))
        sched_yield();
}
static void sync_unlock(void)
{
    __sync_lock_release(&old);
}
LOCK(sync)

static _Atomic unsigned next, serving;

static void ticket_lock(void)
{
    const unsigned mine = atomic_fetch_add_explicit(&next, 1, memory_order_relaxed);
    while (ACQUIRE(serving) != mine)
        sched_yield();
}
static void ticket_unlock(void)
{
    RELEASE(serving, atomic_load_explicit(&serving, memory_order_relaxed) + 1);
}
LOCK(ticket)

static _Atomic bool wants[2];
static _Atomic int polite;

static void peterson_lock(void)
{
    atomic_store(&wants[who], true);
    atomic_store(&polite, who);
    while (atomic_load(&wants[!who]) && atomic_load(&polite) == who)
        sched_yield();
}
static void peterson_unlock(void)
{
    atomic_store(&wants[who], false);
}
LOCK(peterson)

struct waiter {
    _Atomic(struct waiter *) next;
    _Atomic int waits;
};
static _Atomic(struct waiter *) last;
static _Thread_local struct waiter mine;

static void queue_lock(void)
{
    atomic_store_explicit(&mine.next, NULL, memory_order_relaxed);
    atomic_store_explicit(&mine.waits, 1, memory_order_relaxed);
    struct waiter *before = atomic_exchange(&last, &mine);
    if (!before)
        return;
    RELEASE(before->next, &mine);
    while (ACQUIRE(mine.waits))
        sched_yield();
}
static void queue_unlock(void)
{
    struct waiter *n = ACQUIRE(mine.next), *me = &mine;
    if (!n && atomic_compare_exchange_strong(&last, &me, NULL))
        return;
    while (!(n = ACQUIRE(mine.next)))
        sched_yield();
    RELEASE(n->waits, 0);
}
LOCK(queue)

/* ---- once ------------------------------------------------------------------------------------------------------------- */

static _Atomic(struct block *) made;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static once_flag flag = ONCE_FLAG_INIT;

static void checked_twice(void)
{
    struct block *b = ACQUIRE(made);
    if (!b) {
        pthread_mutex_lock(&mutex);
        b = atomic_load_explicit(&made, memory_order_relaxed);
        if (!b) {
            touch();
            b = &block;
            RELEASE(made, b);
        }
        pthread_mutex_unlock(&mutex);
    }
    (void)look(b);
}
static void by_pthread_once(void)
{
    pthread_once(&once, touch);
    (void)look(&block);
}
static void by_call_once(void)
{
    call_once(&flag, touch);
    (void)look(&block);
}

#define SENDS(NAME) \
    { \
#NAME, NAME##_sends, NAME##_receives, NULL \
    }
#define BACK(NAME) \
    { \
#NAME, NAME##_first, NAME##_second, NAME##_alone \
    }
#define LOCKS(NAME) \
    { \
#NAME, NAME##_first, NAME##_second, NULL \
    }
#define BOTH(NAME) \
    { \
#NAME, NAME, NAME, NULL \
    }
static const struct pattern patterns[] = {
    SENDS(byte),  SENDS(half),         SENDS(word),           SENDS(quad),        SENDS(truth),  SENDS(single),
    SENDS(real),  SENDS(bits),         SENDS(wide),           SENDS(fence),       SENDS(items),  BACK(turn),
    BACK(ring),   BACK(mail),          LOCKS(spin),           LOCKS(sync),        LOCKS(ticket), LOCKS(peterson),
    LOCKS(queue), BOTH(checked_twice), BOTH(by_pthread_once), BOTH(by_call_once),
};

int main(int argc, char **argv)
{
    return run_pattern(patterns, sizeof patterns / sizeof *patterns, argc, argv);
}
