/* See access_hook.h.
 *
 * All vector registers that the detector's code uses are kept; what libc uses beyond that, when a finding is reported, is kept by vectors.h.
 *
 * Measured and left: that the block with the rest of a granule's history, for which zstd waits a tenth of its time, is asked for before the
 * stack is found (.99 of the time: that takes a fraction of what the line does). */
#include "access_hook.h"

#include "../detector/atomic.h"
#include "regions.h"
#include "site.h"
#include "slots.h"
#include "stack.h"
#include "vectors.h"

__thread struct slots slots TLS_IE;

#define BITS(class, size, at) ((at) + (size) > GRANULE ? ~0u : (((1u << (size)) - 1) << (at)) | (class))
#define FOUR(class, size, at) \
    { \
        BITS(class, size, at), BITS(class, size, at), BITS(class, size, at), BITS(class, size, at) \
    }
#define AT_ALL(IT, class, size) \
    { \
        IT(class, size, 0u), IT(class, size, 1u), IT(class, size, 2u), IT(class, size, 3u), IT(class, size, 4u), \
            IT(class, size, 5u), IT(class, size, 6u), IT(class, size, 7u) \
    }
#define SIZES(class) \
    { \
        AT_ALL(FOUR, class, 1u), AT_ALL(FOUR, class, 2u), AT_ALL(FOUR, class, 4u), AT_ALL(FOUR, class, 8u) \
    }
#define SIXTEEN(class) \
    { \
        CELL_BYTES | (class), ~0u, ~0u, ~0u, ~0u, ~0u, ~0u, ~0u \
    }
#define SIZES_ONE(class) \
    { \
        AT_ALL(BITS, class, 1u), AT_ALL(BITS, class, 2u), AT_ALL(BITS, class, 4u), AT_ALL(BITS, class, 8u), \
            SIXTEEN(class) \
    }
#define STRONG CELL_PLAIN | CELL_WRITE
__thread struct check_tables check_tables TLS_IE = {{SIZES(CELL_PLAIN), SIZES(STRONG)},
                                                    {SIZES_ONE(CELL_PLAIN), SIZES_ONE(STRONG)},
                                                    (REGIONS - 1) << REGION_SHIFT,
                                                    ~(uint64_t)(sizeof(union granule) - 1),
                                                    GRANULE - 1};

#define SIXTEEN_LOG2 4

/* In the order in which they are pushed, last first. */
struct registers {
    uint64_t flags, r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax;
};
struct missed {
    uint64_t rbp, r11, r10, r9, r8, rdx, rcx, rax, rdi, rsi;
    struct site site;
};

#define KEEP_VECTORS \
    "sub $256, %rsp\n\t" \
    ".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n\tmovaps %xmm\\n, 16*\\n(%rsp)\n\t.endr\n\t"
#define PUT_BACK_VECTORS ".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n\tmovaps 16*\\n(%rsp), %xmm\\n\n\t.endr\n\t"

/* Whole, in registers of AVX-512 that no function of the module uses. */
#define ASIDE(n, m) "vmovdqa64 %zmm" #n ", %zmm" #m "\n\t"
#define BACK(n, m) ASIDE(m, n)
#define ALL_VECTORS(way) \
    way(0, 16) way(1, 17) way(2, 18) way(3, 19) way(4, 20) way(5, 21) way(6, 22) way(7, 23) way(8, 24) way(9, 25) \
        way(10, 26) way(11, 27) way(12, 28) way(13, 29) way(14, 30) way(15, 31)

__asm__(".pushsection .text\n"
        ".type access_hook_entry,@function\n"
        ".globl access_hook_entry\n.hidden access_hook_entry\n"
        "access_hook_entry:\n\t"
        "push %rax\n\tpush %rcx\n\tpush %rdx\n\tpush %rbx\n\tpush %rbp\n\tpush %rsi\n\tpush %rdi\n\t"
        "push %r8\n\tpush %r9\n\tpush %r10\n\tpush %r11\n\tpush %r12\n\tpush %r13\n\tpush %r14\n\tpush %r15\n\t"
        "pushfq\n\tcld\n\t"
        "mov %rsp, %rbp\n\t"
        "mov %rsp, %rdi\n\t"
        "and $-16, %rsp\n\t" KEEP_VECTORS "call access_hook_slow\n\t" PUT_BACK_VECTORS "mov %rbp, %rsp\n\t"
        "popfq\n\t"
        "pop %r15\n\tpop %r14\n\tpop %r13\n\tpop %r12\n\tpop %r11\n\tpop %r10\n\tpop %r9\n\tpop %r8\n\t"
        "pop %rdi\n\tpop %rsi\n\tpop %rbp\n\tpop %rbx\n\tpop %rdx\n\tpop %rcx\n\tpop %rax\n\t"
        "ret\n"
        ".popsection");

#define MISSED(name, keep, put_back) \
    __asm__(".pushsection .text\n" \
            ".type " #name ",@function\n" \
            ".globl " #name "\n.hidden " #name "\n" #name ":\n\t" \
            "push %rax\n\tpush %rcx\n\tpush %rdx\n\t" \
            "push %r8\n\tpush %r9\n\tpush %r10\n\tpush %r11\n\tpush %rbp\n\t" \
            "mov %rsp, %rbp\n\t" \
            "mov %rsp, %rdx\n\t" \
            "and $-16, %rsp\n\t" keep "call access_hook_act\n\t" put_back "mov %rbp, %rsp\n\t" \
            "pop %rbp\n\tpop %r11\n\tpop %r10\n\tpop %r9\n\tpop %r8\n\t" \
            "pop %rdx\n\tpop %rcx\n\tpop %rax\n\tpop %rdi\n\tpop %rsi\n\t" \
            "ret\n" \
            ".popsection")
MISSED(access_hook_missed, KEEP_VECTORS, PUT_BACK_VECTORS);
MISSED(access_hook_missed_wide, ALL_VECTORS(ASIDE), ALL_VECTORS(BACK));

/* ---- accesses ------------------------------------------------------------------------------------------------------- */

static void in_eights(struct actor *a, uintptr_t addr, unsigned log2size, enum access_kind kind, uintptr_t pc)
{
    for (unsigned at = 0; at < 1u << log2size; at += 8)
        access_fast(a, addr + at, 8, kind, pc);
}

static void plain(struct actor *a, uintptr_t addr, unsigned log2size, enum access_kind kind, uintptr_t pc)
{
    switch (log2size) {
    case 0:
        access_fast(a, addr, 1, kind, pc);
        break;
    case 1:
        access_fast(a, addr, 2, kind, pc);
        break;
    case 2:
        access_fast(a, addr, 4, kind, pc);
        break;
    case 3:
        access_fast(a, addr, 8, kind, pc);
        break;
    default:
        in_eights(a, addr, log2size, kind, pc);
        break;
    }
}

static void string(struct actor *a, const struct registers *r, uint32_t what, enum access_kind kind, uintptr_t pc)
{
    const unsigned log2size = what >> WHAT_SIZE_SHIFT & 7;
    const uint64_t n = what & WHAT_REPEATS ? r->rcx : 1;
    const uintptr_t at = what & WHAT_DESTINATION ? r->rdi : r->rsi;
    if (n == 0 || n > (uint64_t)1 << 40)
        return;
    const bool down = r->flags >> 10 & 1;
    const uintptr_t low = down ? at - ((n - 1) << log2size) : at;
    access_slow(a, low, n << log2size, kind, pc);
}

/* A place is atomic that has met an atomic instruction, or a race that may be none (judge.c). */
static void move(struct actor *a, uintptr_t addr, unsigned log2size, bool writes, uintptr_t pc)
{
    const size_t size = (size_t)1 << log2size;
    if (atomic_moved(a, addr, size, writes, pc))
        return;
    plain(a, addr, log2size, writes ? ACCESS_WRITE : ACCESS_READ, pc);
    atomic_moved(a, addr, size, writes, pc); /* it was not yet when it was told as plain */
}

static void locked(struct actor *a, uintptr_t addr, unsigned log2size, uintptr_t pc)
{
    slots.locked = addr;
    slots_seen(atomic_locked(a, addr, (size_t)1 << log2size, pc));
}

/* r: for string instructions. */
static void act(struct actor *a, const struct registers *r, uint32_t what, uintptr_t pc)
{
    const uintptr_t addr = slots.address;
    const unsigned log2size = what >> WHAT_SIZE_SHIFT & 7;
    switch ((enum hook)(what & WHAT_HOOK)) {
    case HOOK_READ:
    case HOOK_LOADED:
        move(a, addr, log2size, false, pc);
        break;
    case HOOK_WRITE:
    case HOOK_STORE:
    case HOOK_UPDATE:
        move(a, addr, log2size, true, pc);
        break;
    case HOOK_LOCK_BEGINS:
        locked(a, addr, log2size, pc);
        break;
    case HOOK_LOCK_ENDS:
        break;
    case HOOK_STRING_READ:
        string(a, r, what, ACCESS_READ, pc);
        break;
    case HOOK_STRING_WRITE:
        string(a, r, what, ACCESS_WRITE, pc);
        break;
    }
}

/* Whether there is an actor to whom it is told. */
static bool is_told(const struct actor *me)
{
    return me && !slots.quiet && !(__atomic_load_n(&me->pause, __ATOMIC_RELAXED) & (PAUSE_OFF | PAUSE_SOLO));
}

/* To get one, libc may be asked. */
static __attribute__((noinline)) struct actor *attached(void)
{
    if (!vectors_known())
        return current_attach();
    struct vectors v;
    vectors_keep(&v);
    struct actor *me = current_attach();
    vectors_put_back(&v);
    return me;
}

/* The thread's actor, or NULL. */
static inline struct actor *acting(void)
{
    struct actor *me = current_actor;
    return likely(me != NULL) ? me : attached();
}

static void tell(const struct registers *r, uint32_t what, const struct site *site, uintptr_t rbp)
{
    struct actor *me = acting();
    if (!is_told(me)) {
        slots_seen(atomic_unseen());
        return;
    }
    const uint32_t before = me->context;
    me->context = stack_context(me, site, rbp);
    act(me, r, what, site->pc);
    me->context = before;
}

__attribute__((used)) void access_hook_slow(const struct registers *r)
{
    const uint32_t what = slots.what;
    struct actor *me = current_actor;
    if ((what & WHAT_HOOK) == HOOK_LOCK_ENDS) { /* of no stack */
        if (is_told(me))
            sync_acquire(me, slots.locked);
        return;
    }
    const uintptr_t *stack = (const uintptr_t *)(r + 1) + 1;
    if (what & WHAT_FLAGS)
        stack++;
    tell(r, what, (const struct site *)stack, r->rbp);
}

static inline void missed(struct actor *me, uintptr_t addr, union granule *g, unsigned log2size, bool writes,
                          uintptr_t pc)
{
    const uint32_t whole = WHAT((1u << (1u << log2size)) - 1, writes ? ACCESS_WRITE : ACCESS_READ, log2size);
    const unsigned at = addr & (GRANULE - 1);
    const bool leaves = at + (1u << log2size) > GRANULE;
    if (leaves && writes)
        access_straddle_write(addr, me, whole, pc, g, &straddle_need[1][log2size][at]);
    else if (leaves)
        access_straddle_read(addr, me, whole, pc, g, &straddle_need[0][log2size][at]);
    else if (writes)
        access_missed_write(addr, me, whole, pc, g);
    else
        access_missed_read(addr, me, whole, pc, g);
}

/* What of an access in one granule or two is told as such. */
static inline void at_granules(struct actor *me, uintptr_t addr, uintptr_t base, unsigned log2size, bool writes,
                               uintptr_t pc)
{
    if (unlikely(log2size == SIXTEEN_LOG2))
        in_eights(me, addr, log2size, writes ? ACCESS_WRITE : ACCESS_READ, pc);
    else
        missed(me, addr, granule_in(base, addr), log2size, writes, pc);
}

/* Where there may be an atomic operation, in which case nothing else is told. */
static __attribute__((noinline)) bool atomic_there(struct actor *me, uintptr_t addr, uint32_t what, uintptr_t pc)
{
    const unsigned log2size = what >> WHAT_SIZE_SHIFT & 7;
    if ((what & WHAT_HOOK) != HOOK_LOCK_BEGINS)
        return atomic_moved(me, addr, (size_t)1 << log2size, hook_writes(what & WHAT_HOOK), pc);
    locked(me, addr, log2size, pc);
    return true;
}

static inline bool is_locked(uint32_t what)
{
    return (what & WHAT_HOOK) == HOOK_LOCK_BEGINS;
}

__attribute__((used)) void access_hook_act(uintptr_t addr, uint32_t what, const struct missed *m)
{
    const uintptr_t base = region_noted(addr);
    const unsigned log2size = what >> WHAT_SIZE_SHIFT & 7;
    const bool writes = hook_writes(what & WHAT_HOOK), atomic = is_locked(what) || sync_maybe_atomic(addr);
    struct actor *me = acting();
    if (unlikely(!is_told(me))) {
        slots_seen(atomic_unseen());
        return;
    }
    if (unlikely(!base || log2size > SIXTEEN_LOG2)) {
        slots.address = addr;
        tell(NULL, what, &m->site, m->rbp);
        return;
    }
    if (unlikely(atomic) && !writes && !is_locked(what) && atomic_load_known(me, addr, log2size))
        return;
    const uint32_t before = me->context;
    me->context = stack_context(me, &m->site, m->rbp);
    if (likely(!atomic) || !atomic_there(me, addr, what, m->site.pc)) {
        at_granules(me, addr, base, log2size, writes, m->site.pc);
        if (unlikely(sync_maybe_atomic(addr))) /* it was a race that may be none */
            atomic_there(me, addr, what, m->site.pc);
    }
    me->context = before;
}
