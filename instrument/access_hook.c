/* See access_hook.h.
 *
 * The stack of an access is found by .eh_frame when the detector has to be asked, which is once an epoch for what is
 * used again and again: the usual access pays nothing for it, and longjmp, exceptions, callbacks from the C library and
 * code that was left alone need no care. What the last walk of the thread has met is not looked up again in the tree of contexts.
 *
 * All vector registers that the detector's code uses are kept; what libc uses beyond that, when a finding is reported, is kept by vectors.h. */
#include "access_hook.h"

#include "../detector/access.h"
#include "../detector/unwind.h"
#include "slots.h"

__thread struct slots slots TLS_IE;

/* In the order in which access_hook_entry pushes them, last first. */
struct registers {
    uint64_t flags, r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax;
};

__asm__(".pushsection .text\n"
        ".type access_hook_entry,@function\n"
        ".globl access_hook_entry\n.hidden access_hook_entry\n"
        "access_hook_entry:\n\t"
        "push %rax\n\tpush %rcx\n\tpush %rdx\n\tpush %rbx\n\tpush %rbp\n\tpush %rsi\n\tpush %rdi\n\t"
        "push %r8\n\tpush %r9\n\tpush %r10\n\tpush %r11\n\tpush %r12\n\tpush %r13\n\tpush %r14\n\tpush %r15\n\t"
        "pushfq\n\tcld\n\t"
        "mov %rsp, %rbp\n\t"
        "mov %rsp, %rdi\n\t"
        "sub $256, %rsp\n\tand $-16, %rsp\n\t"
        ".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n\tmovaps %xmm\\n, 16*\\n(%rsp)\n\t.endr\n\t"
        "call access_hook_slow\n\t"
        ".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n\tmovaps 16*\\n(%rsp), %xmm\\n\n\t.endr\n\t"
        "mov %rbp, %rsp\n\t"
        "popfq\n\t"
        "pop %r15\n\tpop %r14\n\tpop %r13\n\tpop %r12\n\tpop %r11\n\tpop %r10\n\tpop %r9\n\tpop %r8\n\t"
        "pop %rdi\n\tpop %rsi\n\tpop %rbp\n\tpop %rbx\n\tpop %rdx\n\tpop %rcx\n\tpop %rax\n\t"
        "ret\n"
        ".popsection");

/* ---- calling context ------------------------------------------------------------------------------------------------ */

#define FRAMES_MAX 256
#define WALKED 64

struct walked {
    uintptr_t pcs[WALKED]; /* outermost first */
    uint32_t contexts[WALKED];
};
static __thread struct walked walked TLS_IE;

static uint32_t context_of(struct actor *a, uintptr_t pc, uintptr_t rsp, uintptr_t rbp)
{
    uintptr_t pcs[FRAMES_MAX];
    const int n = unwind_from(pc - 1, rsp, rbp, pcs, FRAMES_MAX);
    uint32_t context = 0;
    bool same = true;
    for (int k = 0; k < n; k++) {
        const uintptr_t at = pcs[n - 1 - k];
        if (k < WALKED && same && walked.pcs[k] == at && walked.contexts[k]) {
            context = walked.contexts[k];
            continue;
        }
        same = false;
        context = context_child(context, at, &a->folded, &a->lost_stacks);
        if (k < WALKED) {
            walked.pcs[k] = at;
            walked.contexts[k] = context;
            if (k + 1 < WALKED)
                walked.contexts[k + 1] = 0;
        }
    }
    return context;
}

/* ---- accesses ------------------------------------------------------------------------------------------------------- */

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
    default:
        access_fast(a, addr, 8, kind, pc);
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
static void load(struct actor *a, uintptr_t addr, unsigned log2size, uintptr_t pc)
{
    if (!sync_is_atomic(a, addr))
        plain(a, addr, log2size, ACCESS_READ, pc);
    /* Not, or not yet when it was told as plain. */
    if (sync_is_atomic(a, addr)) {
        sync_acquire(a, addr);
        plain(a, addr, log2size, ACCESS_ATOMIC_READ, pc);
    }
}

static void store(struct actor *a, uintptr_t addr, unsigned log2size, uintptr_t pc)
{
    if (!sync_is_atomic(a, addr))
        plain(a, addr, log2size, ACCESS_WRITE, pc);
    if (sync_is_atomic(a, addr)) {
        plain(a, addr, log2size, ACCESS_ATOMIC_WRITE, pc);
        sync_release_atomic(a, addr);
    }
}

static void act(struct actor *a, const struct registers *r, uint32_t what, uintptr_t pc)
{
    const uintptr_t addr = slots.address;
    const unsigned log2size = what >> WHAT_SIZE_SHIFT & 7;
    switch ((enum hook)(what & 15)) {
    case HOOK_READ:
    case HOOK_LOADED:
        load(a, addr, log2size, pc);
        break;
    case HOOK_WRITE:
    case HOOK_STORE:
    case HOOK_UPDATE:
        store(a, addr, log2size, pc);
        break;
    case HOOK_LOCK_BEGINS:
        slots.locked = addr;
        plain(a, addr, log2size, ACCESS_ATOMIC_WRITE, pc);
        sync_release_atomic(a, addr);
        break;
    case HOOK_LOCK_ENDS:
        sync_acquire(a, slots.locked);
        break;
    case HOOK_STRING_READ:
        string(a, r, what, ACCESS_READ, pc);
        break;
    case HOOK_STRING_WRITE:
        string(a, r, what, ACCESS_WRITE, pc);
        break;
    case HOOK_LEAVE:
        actor_leave_slow(a);
        break;
    }
}

/* What the thunk does not look at: both parts of an access that leaves its granule, and granules whose cells of this epoch
 * cover it together. */
static bool covered(struct actor *a, uint32_t what)
{
    const uintptr_t addr = slots.address;
    const unsigned log2size = what >> WHAT_SIZE_SHIFT & 7, at = addr & (GRANULE - 1);
    const enum hook hook = (enum hook)(what & 15);
    const enum access_kind kind = hook == HOOK_READ || hook == HOOK_LOADED ? ACCESS_READ : ACCESS_WRITE;
    if (hook > HOOK_UPDATE || !actor_enter(a))
        return false;
    bool is = false;
    const uintptr_t base = region_base(addr);
    if (base) {
        const union granule *g = granule_in(base, addr);
        const uint32_t need = cell_from_meta(WHAT(0, kind, 0)), mask = ((1u << (1u << log2size)) - 1) << at;
        is = cells_cover(a, g, need | (mask & META_MASK)) &&
             (!(mask >> GRANULE) || cells_cover(a, g + 1, need | mask >> GRANULE));
    }
    actor_leave(a);
    return is;
}

/* rsp += 128, with which a copy takes back the room that it has left for a red zone. */
static bool skipped_red_zone(uintptr_t pc)
{
    return *(const uint64_t *)pc == UINT64_C(0x0000008024a48d48);
}

__attribute__((used)) void access_hook_slow(const struct registers *r)
{
    const uint32_t what = slots.what;
    const uintptr_t *stack = (const uintptr_t *)(r + 1) + 1;
    if (what & WHAT_FLAGS)
        stack++;
    const uintptr_t pc = *stack, rsp = (uintptr_t)(stack + 1) + (skipped_red_zone(pc) ? 128 : 0);
    struct actor *me = current();
    if (!me || me->pause & PAUSE_OFF)
        return;
    if (me->pause & PAUSE_SOLO) {
        if (me->pause & ~(uint32_t)(PAUSE_SOLO | PAUSE_IGNORE))
            actor_leave_slow(me); /* a signal that came in a thunk was put off */
        return;
    }
    if (covered(me, what))
        return;
    const uint32_t before = me->context;
    me->context = context_of(me, pc, rsp, r->rbp);
    act(me, r, what, pc);
    me->context = before;
}
