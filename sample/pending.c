/* See pending.h.
 *
 * From the interrupted instruction on, as far as there is no branch, call, return or system call, each access is one that the
 * thread makes next whatever happens; nothing comes before it by which the thread could learn what others have done and
 * decide otherwise. So who makes a conflicting access while the thread stands there races with it. An atomic instruction
 * may be how the thread learns that, so what comes behind one is not looked at; it itself is.
 *
 * Left out: the thread's own stack and thread-local variables, constants, what is not wholly known (gathers, masks), and
 * accesses of the C library and its like by scalar moves, of which nobody knows what they guard. Their vectors and strings are
 * copies of the program's data, but for reads, which look past the end of strings. */
#include "pending.h"

#define STEPS 32
#define ADDRESSES ((uintptr_t)1 << 47)
#define LOWEST ((uintptr_t)1 << 16)
#define LOCALS_BELOW ((uintptr_t)64 << 10)
#define LOCALS_ABOVE ((uintptr_t)8 << 10)
#define STACK_MAX ((uintptr_t)256 << 20)
#define RED_ZONE 128

extern void *__libc_stack_end;

static greg_t value(const greg_t *registers, uint8_t gpr)
{
    static const uint8_t where[GPRS] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                                        REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};
    return registers[where[gpr]];
}

bool pending_address(const struct insn *i, const greg_t *registers, uint16_t known, uintptr_t *addr)
{
    const uint16_t needs =
        (uint16_t)((i->base == GPR_NONE ? 0 : 1u << i->base) | (i->index == GPR_NONE ? 0 : 1u << i->index));
    if (i->local || i->segment || needs & ~known)
        return false;
    uintptr_t sum = (uintptr_t)(intptr_t)i->displacement;
    if (i->rip_at)
        sum += i->at + i->length;
    if (i->base != GPR_NONE)
        sum += (uintptr_t)value(registers, i->base);
    if (i->index != GPR_NONE)
        sum += (uintptr_t)value(registers, i->index) * i->scale;
    *addr = sum;
    return true;
}

static uintptr_t thread_pointer(void)
{
    uintptr_t p;
    __asm__("mov %%fs:0, %0" : "=r"(p));
    return p;
}

static bool is_own(uintptr_t addr, uintptr_t rsp)
{
    const uintptr_t self = thread_pointer(), first = (uintptr_t)__libc_stack_end;
    uintptr_t end = rsp + LOCALS_BELOW;
    if (self - rsp < STACK_MAX)
        end = self;
    else if (first - rsp < STACK_MAX)
        end = first;
    return addr - (rsp - RED_ZONE) < end - (rsp - RED_ZONE) ||
           addr - (self - LOCALS_BELOW) < LOCALS_BELOW + LOCALS_ABOVE;
}

/* A string instruction makes its accesses one by one; which one is next is known. movs and cmps have two: the one that is
 * written, if any. */
static bool string_address(struct insn *i, const greg_t *registers, uint16_t known, uintptr_t *addr)
{
    const uint8_t at = i->writes ? 7 : i->base;
    if (at == GPR_NONE || !(known >> at & 1) || (i->repeats && (!(known >> 1 & 1) || registers[REG_RCX] == 0)))
        return false;
    i->reads = !i->writes;
    *addr = (uintptr_t)value(registers, at);
    return true;
}

static bool wanted(struct insn *i, const greg_t *registers, uint16_t known, bool runtime, uintptr_t *addr)
{
    if (i->memory == MEMORY_NONE || i->memory == MEMORY_OTHER || i->size == 0 || i->base == GPR_SP)
        return false;
    const bool bulk = i->memory == MEMORY_VECTOR || i->memory == MEMORY_STRING;
    if (runtime && !(bulk && i->writes))
        return false;
    if (i->memory == MEMORY_STRING ? !string_address(i, registers, known, addr)
                                   : !pending_address(i, registers, known, addr))
        return false;
    return *addr - LOWEST < ADDRESSES - LOWEST && !is_own(*addr, (uintptr_t)registers[REG_RSP]) &&
           place_writable(*addr);
}

static bool is_watched(const struct pending *list, int n, uintptr_t addr)
{
    for (int k = 0; k < n; k++)
        if (list[k].addr / 8 == addr / 8)
            return true;
    return false;
}

int pending_find(const greg_t *registers, struct pending *out)
{
    uintptr_t at = (uintptr_t)registers[REG_RIP], addr;
    uint16_t known = ALL_GPRS;
    const enum place place = place_of(at);
    int n = 0;
    if (place == PLACE_OURS || place == PLACE_MADE)
        return 0;
    for (int step = 0; step < STEPS && n < AIMS; step++) {
        struct insn *i = &out[n].insn;
        if (!place_insn(at, i))
            break;
        const struct insn this = *i;
        if (wanted(i, registers, known, place == PLACE_RUNTIME, &addr) && !is_watched(out, n, addr))
            out[n++].addr = addr;
        if (this.memory == MEMORY_LOCKED || this.gpr_read == ALL_GPRS ||
            (this.flow != FLOW_NEXT && this.flow != FLOW_JUMP))
            break;
        known &= (uint16_t) ~this.gpr_written;
        at = this.flow == FLOW_JUMP ? this.target : at + this.length;
    }
    return n;
}

struct aim pending_aim(const struct pending *p)
{
    uint8_t size = 8;
    while (p->addr % size || size > p->insn.size)
        size /= 2;
    return (struct aim){p->addr, size, p->insn.writes ? AIM_ACCESSES : AIM_WRITES};
}
