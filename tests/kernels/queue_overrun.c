/* One producer, four consumers, a ring of four places. A consumer claims a place before it reads it; the producer
 * takes a claimed place for a free one. It needs the ring to fill: while one consumer stands still between the two,
 * the producer comes round. Fixed: read, then claimed. */
#include "kernel.h"

enum { PLACES = 4, VALUES = 12 };

static int ring[PLACES], taken[VALUES + 1];
static unsigned head, tail;

static void produce(void)
{
    for (int value = 1; value <= VALUES; value++) {
        unsigned at = goro_atomic_load(&tail);
        while (at - goro_atomic_load(&head) == PLACES)
            yield();
        goro_atomic_store(&ring[at % PLACES], value);
        goro_atomic_store(&tail, at + 1);
    }
}

/* 0: there is none now. */
static int take(void)
{
    unsigned at = goro_atomic_load(&head);
    if (at == goro_atomic_load(&tail))
        return 0;
#ifdef FIXED
    int value = goro_atomic_load(&ring[at % PLACES]);
    return goro_atomic_cas(&head, at, at + 1) ? value : 0;
#else
    return goro_atomic_cas(&head, at, at + 1) ? goro_atomic_load(&ring[at % PLACES]) : 0;
#endif
}

static void consume(void)
{
    while (goro_atomic_load(&head) < VALUES) {
        int value = take();
        if (!value) {
            yield();
            continue;
        }
        check(goro_atomic_add(&taken[value], 1) == 1, "a value was taken twice");
    }
}

static void kernel(void)
{
    TOGETHER(produce, consume, consume, consume, consume);
}
