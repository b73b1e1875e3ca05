/* See unwind.h. The walk keeps rip, rsp and rbp; how to step over a frame is looked up by its pc in a cache, and read
 * out of .eh_frame (unwind_cfi.c) the first time. A frame costs some 5 ns then.
 *
 * libunwind was tried and rejected. Its fast walk (unw_backtrace) keeps a cache a thread by pc that nothing can empty:
 * after dlclose and dlopen of another library at the same place it reads memory by rules of code that is gone. It takes
 * the loader's lock (dl_iterate_phdr), which the program may hold. Where it does not know a frame it falls back to a
 * walk that takes 2000 ns a frame; this one stops there.
 *
 * An entry of the cache is two words that threads read and write without a lock; the first is key ^ step, so that
 * halves of different entries do not pass for one. */
#include "unwind.h"

#include <stddef.h>
#include <ucontext.h>

#include "unwind_cfi.h"

#define SETS 4096
#define WAYS 4

struct slot {
    uint64_t mixed; /* key ^ step */
    uint64_t step;
};

static struct slot slots[SETS][WAYS] __attribute__((aligned(WAYS * sizeof(struct slot)))); /* a set: a cache line */
static uint64_t unwind_generation; /* atomic; in the upper bits of a key: user addresses have 47 bits */
static uintptr_t detector_lo, detector_hi;

void unwind_leave_out(uintptr_t lo, uintptr_t hi)
{
    detector_lo = lo;
    detector_hi = hi;
}

void unwind_forget(void)
{
    __atomic_fetch_add(&unwind_generation, (uint64_t)1 << 47, __ATOMIC_RELAXED);
}

/* 3 bits of kind, 1 whether rbp was saved, 28 of rbp_offset, 32 of cfa_offset. */
static uint64_t pack(struct step s)
{
    return (uint64_t)s.kind | (uint64_t)s.rbp_saved << 3 | ((uint64_t)(uint32_t)s.rbp_offset & 0xfffffff) << 4 |
           (uint64_t)(uint32_t)s.cfa_offset << 32;
}

static struct step unpack(uint64_t v)
{
    struct step s = {(enum step_kind)(v & 7), (int32_t)(v >> 32), v >> 3 & 1, (int32_t)((uint32_t)(v >> 4) << 4) >> 4};
    return s;
}

static uintptr_t (*original)(uintptr_t at);

void unwind_copies(uintptr_t (*f)(uintptr_t at))
{
    original = f;
}

/* The one to be used next: a free one, or any. */
static struct slot *place_in(struct slot *set)
{
    static uint32_t last; /* atomic */
    for (unsigned k = 0; k < WAYS; k++)
        if (!__atomic_load_n(&set[k].mixed, __ATOMIC_RELAXED))
            return &set[k];
    return &set[__atomic_fetch_add(&last, 1, __ATOMIC_RELAXED) % WAYS];
}

static __attribute__((noinline)) struct step read_step(struct slot *set, uint64_t key, uintptr_t pc)
{
    struct step s = cfi_row(original ? original(pc) : pc).step;
    if (s.rbp_offset < -(1 << 27) || s.rbp_offset >= 1 << 27)
        s = (struct step){STEP_NONE, 0, false, 0};
    struct slot *slot = place_in(set);
    const uint64_t packed = pack(s);
    __atomic_store_n(&slot->step, packed, __ATOMIC_RELAXED);
    __atomic_store_n(&slot->mixed, key ^ packed, __ATOMIC_RELAXED);
    return s;
}

static struct step step_at(uintptr_t pc)
{
    const uint64_t key = pc ^ __atomic_load_n(&unwind_generation, __ATOMIC_RELAXED);
    struct slot *set = slots[(key * 0x9e3779b97f4a7c15u) >> 52];
    for (unsigned k = 0; k < WAYS; k++) {
        const uint64_t packed = __atomic_load_n(&set[k].step, __ATOMIC_RELAXED);
        if ((__atomic_load_n(&set[k].mixed, __ATOMIC_RELAXED) ^ packed) == key)
            return unpack(packed);
    }
    return read_step(set, key, pc);
}

#define STACK_MAX ((uintptr_t)256 << 20)
#define ADDRESSES ((uintptr_t)1 << 47)

/* Where the stack must have ended: a thread's control block lies above its stack, but for the first one. */
static uintptr_t highest(uintptr_t rsp)
{
    uintptr_t self;
    __asm__("mov %%fs:0, %0" : "=r"(self));
    return self - rsp < STACK_MAX ? self : ADDRESSES;
}

static uintptr_t word_at(uintptr_t addr)
{
    return *(const uintptr_t *)addr;
}

static inline bool step_by(struct unwind_frame *f, struct step s)
{
    uintptr_t cfa;
    switch (s.kind) {
    case STEP_SIGNAL: {
        const ucontext_t *context = (const void *)f->rsp;
        f->at = (uintptr_t)&context->uc_mcontext.gregs[REG_RIP];
        f->pc = (uintptr_t)context->uc_mcontext.gregs[REG_RIP];
        f->rsp = (uintptr_t)context->uc_mcontext.gregs[REG_RSP];
        f->rbp = (uintptr_t)context->uc_mcontext.gregs[REG_RBP];
        return true;
    }
    case STEP_RSP:
        cfa = f->rsp + (uintptr_t)(intptr_t)s.cfa_offset;
        break;
    case STEP_RBP:
        cfa = f->rbp + (uintptr_t)(intptr_t)s.cfa_offset;
        break;
    case STEP_DEREF:
        cfa = f->rbp + (uintptr_t)(intptr_t)s.cfa_offset;
        if (cfa < f->rsp || cfa % sizeof cfa || cfa >= highest(f->rsp))
            return false;
        cfa = word_at(cfa);
        break;
    case STEP_NONE:
    default:
        return false;
    }
    /* The stack is walked upwards only: a rbp that the code used for something else ends the walk here. */
    if (cfa <= f->rsp || cfa % sizeof cfa || cfa > highest(f->rsp))
        return false;
    if (s.rbp_saved) {
        uintptr_t at = (s.kind == STEP_DEREF ? f->rbp : cfa) + (uintptr_t)(intptr_t)s.rbp_offset;
        if (at < f->rsp || at >= cfa)
            return false;
        f->rbp = word_at(at);
    }
    f->at = cfa - sizeof cfa;
    f->pc = word_at(f->at) - 1;
    f->rsp = cfa;
    return f->pc + 1 != 0;
}

bool unwind_step(struct unwind_frame *f)
{
    return step_by(f, step_at(f->pc));
}

bool unwind_step_by(struct unwind_frame *f, uint32_t rule)
{
    const enum step_kind kind = unwind_rule_anchor(rule) == UNWIND_RBP ? STEP_RBP : STEP_RSP;
    const int32_t rbp_offset = -8 * (int32_t)(rule >> RULE_RBP_SHIFT & RULE_RBP_MOST);
    return step_by(f, (struct step){kind, (int32_t)unwind_rule_distance(rule) + 8, rbp_offset != 0, rbp_offset});
}

uint32_t unwind_rule(uintptr_t pc, struct unwind_row *last)
{
    if (pc - last->start < last->end - last->start)
        return last->rule;
    const struct cfi_row row = cfi_row(pc);
    const struct step s = row.step;
    const int64_t distance = (int64_t)s.cfa_offset - 8, saved = s.rbp_saved ? -(int64_t)s.rbp_offset : 0;
    *last = (struct unwind_row){row.start, row.end, 0};
    if ((s.kind == STEP_RSP || s.kind == STEP_RBP) && !((distance | saved) & 7) && distance >= 0 && saved >= 0 &&
        distance >> 3 <= RULE_DISTANCE_MOST && saved >> 3 <= RULE_RBP_MOST && s.rbp_saved == (saved > 0))
        last->rule = (s.kind == STEP_RSP ? UNWIND_RSP : UNWIND_RBP) | (uint32_t)distance >> 3 << RULE_DISTANCE_SHIFT |
                     (uint32_t)saved >> 3 << RULE_RBP_SHIFT;
    return last->rule;
}

bool unwind_left_out(const struct unwind_frame *f)
{
    return f->pc - detector_lo < detector_hi - detector_lo;
}

__attribute__((noinline)) int unwind_here(uintptr_t *pcs, int max)
{
    struct unwind_frame f = {0};
    __asm__ volatile("leaq 0(%%rip), %0\n\tmovq %%rsp, %1\n\tmovq %%rbp, %2" : "=r"(f.pc), "=r"(f.rsp), "=r"(f.rbp));
    int n = 0;
    while (n < max && unwind_step(&f))
        if (!unwind_left_out(&f))
            pcs[n++] = f.pc + 1;
    return n;
}
