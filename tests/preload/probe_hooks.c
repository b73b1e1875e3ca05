/* Compiled, never run: makes the compilers emit every hook they have; check_hooks.sh collects the names. */
#include <stdatomic.h>
#include <string.h>

struct __attribute__((packed)) unaligned {
    char shift;
    volatile short v2;
    volatile int v4;
    volatile long v8;
    volatile __int128 v16;
    short p2;
    int p4;
    long p8;
    __int128 p16;
};

struct block {
    char bytes[100];
};

volatile char v1;
volatile short v2;
volatile int v4;
volatile long v8;
volatile __int128 v16;
char p1;
short p2;
int p4;
long p8;
__int128 p16;
struct block block_a, block_b;
float single;
double twofold;
long double extended;

/* Reads, writes and compounds of every size, aligned and not, plain and volatile. */
void compound(struct unaligned *u)
{
    v1++, v2++, v4++, v8++, v16++;
    p1++, p2++, p4++, p8++, p16++;
    u->v2++, u->v4++, u->v8++, u->v16++;
    u->p2++, u->p4++, u->p8++, u->p16++;
    single++, twofold++, extended++;
}

long reads(const struct unaligned *u)
{
    return v1 + v2 + v4 + v8 + (long)v16 + p1 + p2 + p4 + p8 + (long)p16 + u->v2 + u->v4 + u->v8 + (long)u->v16 +
           u->p2 + u->p4 + u->p8 + (long)u->p16;
}

void writes(struct unaligned *u, int x)
{
    v1 = x, v2 = x, v4 = x, v8 = x, v16 = x;
    p1 = x, p2 = x, p4 = x, p8 = x, p16 = x;
    u->v2 = x, u->v4 = x, u->v8 = x, u->v16 = x;
    u->p2 = x, u->p4 = x, u->p8 = x, u->p16 = x;
}

void blocks(void *from, size_t size)
{
    block_a = block_b;
    memset(from, 0, size);
    memcpy(&block_a, from, size);
    memmove(&block_b, from, size);
}

#define ATOMICS(bits, type) \
    type atomics##bits(_Atomic(type) *a, type x) \
    { \
        type expected = x; \
        atomic_store(a, x); \
        x += atomic_load(a) + atomic_exchange(a, x); \
        x += atomic_fetch_add(a, x) + atomic_fetch_sub(a, x) + atomic_fetch_and(a, x); \
        x += atomic_fetch_or(a, x) + atomic_fetch_xor(a, x) + __atomic_fetch_nand((type *)a, x, __ATOMIC_RELAXED); \
        x += atomic_compare_exchange_strong(a, &expected, x); \
        x += atomic_compare_exchange_weak_explicit(a, &expected, x, memory_order_acq_rel, memory_order_relaxed); \
        x += __sync_val_compare_and_swap((type *)a, expected, x); \
        return x; \
    }
ATOMICS(8, unsigned char)
ATOMICS(16, unsigned short)
ATOMICS(32, unsigned int)
ATOMICS(64, unsigned long)
ATOMICS(128, unsigned __int128)

void fences(void)
{
    atomic_thread_fence(memory_order_acquire);
    atomic_signal_fence(memory_order_release);
}
