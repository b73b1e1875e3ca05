/* See encounter.h.
 *
 * Which instruction has stopped a thread is not said: the processor stops behind it. It is the one before, unless that
 * does not access the bytes: then it was a jump or a call by memory, or a string instruction that is not at its end.
 *
 * That the two accesses race is a fact, if they are not both atomic: neither thread did anything between the moments at which both
 * were about to be made. instrument/judge.h says what plain moves may be. Two things more are only possible:
 *  - a side whose instruction is not found (code made at run time);
 *  - a scalar read of more bytes than are written: compilers read neighbours together, of which the program looks at one.
 * A read of vectors by the C library may have gone past the end of a string, and its scalar moves are its own: no finding. */
#include "encounter.h"

#include <sys/prctl.h>

#include "../detector/context.h"
#include "../detector/finding.h"
#include "../detector/unwind.h"
#include "../instrument/judge.h"
#include "../preload/current.h"
#include "../preload/raw.h"

#define KEPT 32

struct side_met {
    struct stand stand;
    enum access_kind kind;
    uintptr_t addr;
    size_t size;
};
struct kept {
    struct side_met side[2];
    enum finding_tier tier;
};
static struct oslock lock; /* of the list */
static struct kept list[KEPT];
static int nkept; /* read without it, too */
static struct oslock telling;
static uint64_t counts[METS]; /* atomic */

uint64_t encounters_met(enum met what)
{
    return __atomic_load_n(&counts[what], __ATOMIC_RELAXED);
}

static void count(enum met what)
{
    __atomic_fetch_add(&counts[what], 1, __ATOMIC_RELAXED);
}

void encounters_forked(void)
{
    lock = telling = (struct oslock){0};
    nkept = 0;
    zero_bytes(counts, sizeof counts);
}

/* ---- a thread --------------------------------------------------------------------------------------------------------------- */

/* But for functions of the runtime that began the thread or the program: they have the outermost frames. And one that it
 * calls itself, which is a copy of bytes. */
static bool is_settled(const struct stand *s)
{
    int program = 0;
    for (int k = s->n - 1; k >= 0; k--) {
        const enum place place = place_of(s->pcs[k] - 1);
        if (place == PLACE_PROGRAM)
            program++;
        else if (place != PLACE_RUNTIME || (program && k > 0))
            return false;
    }
    return program > 0;
}

void stand_here(struct stand *s, const greg_t *registers, uintptr_t end)
{
    s->tid = (int)raw_syscall(SYS_gettid, 0, 0, 0, 0, 0, 0);
    zero_bytes(s->name, sizeof s->name);
    raw_syscall(SYS_prctl, PR_GET_NAME, (long)s->name, 0, 0, 0, 0);
    s->pcs[0] = end;
    s->n = 1;
    struct unwind_frame f = {(uintptr_t)registers[REG_RIP], (uintptr_t)registers[REG_RSP],
                             (uintptr_t)registers[REG_RBP], 0};
    while (s->n < FRAMES_MAX && unwind_step(&f))
        if (!unwind_left_out(&f))
            s->pcs[s->n++] = f.pc + 1;
    s->settled = is_settled(s);
}

/* ---- what has been met ------------------------------------------------------------------------------------------------------ */

/* Registers that the instruction has written do not say any more where it was. */
static bool is_it(const struct insn *i, const greg_t *registers, const struct aim *aim, uintptr_t *addr)
{
    if (i->memory == MEMORY_NONE || i->memory == MEMORY_OTHER || i->memory == MEMORY_STRING ||
        (aim->kind == AIM_WRITES && !i->writes))
        return false;
    if (!pending_address(i, registers, (uint16_t)~i->gpr_written, addr)) {
        *addr = aim->addr;
        return !i->local && !i->segment && (i->base != GPR_NONE || i->index != GPR_NONE);
    }
    return *addr < aim->addr + aim->size && aim->addr < *addr + i->size;
}

static bool find_insn(const greg_t *registers, const struct aim *aim, struct insn *i, uintptr_t *addr)
{
    const uintptr_t pc = (uintptr_t)registers[REG_RIP];
    if (place_insn_before(pc, i) && is_it(i, registers, aim, addr))
        return true;
    *addr = aim->addr;
    const bool string =
        place_of(pc) != PLACE_MADE && ((place_insn(pc, i) && i->memory == MEMORY_STRING && i->repeats) ||
                                       (place_insn_before(pc, i) && i->memory == MEMORY_STRING));
    return string && (i->writes || aim->kind != AIM_WRITES);
}

static void keep(const struct side_met *waits, const struct side_met *by, enum finding_tier tier)
{
    os_lock(&lock);
    if (nkept < KEPT) {
        list[nkept].side[0] = *by;
        list[nkept].side[1] = *waits;
        list[nkept].tier = tier;
        __atomic_store_n(&nkept, nkept + 1, __ATOMIC_RELAXED);
    } else {
        count(MET_LOST);
    }
    os_unlock(&lock);
}

void encounter(const struct stand *waits, const struct pending *pending, const struct aim *aim, const struct stand *by,
               const greg_t *registers)
{
    struct insn i;
    uintptr_t addr;
    const bool found = find_insn(registers, aim, &i, &addr);
    const bool runtime = place_of(by->pcs[0] - 1) == PLACE_RUNTIME;
    const bool bulk = found && (i.memory == MEMORY_VECTOR || i.memory == MEMORY_STRING);
    if (runtime && !(bulk && i.writes)) {
        count(MET_RUNTIME);
        return;
    }
    const bool writes = found ? i.writes : aim->kind == AIM_WRITES;
    const struct insn *insn[2] = {&i, &pending->insn};
    struct side_met side[2] = {
        {*by, writes ? ACCESS_WRITE : ACCESS_READ, addr, found && i.memory != MEMORY_STRING ? i.size : aim->size},
        {*waits, pending->insn.writes ? ACCESS_WRITE : ACCESS_READ, pending->addr, pending->insn.size}};
    bool decided = false;
    if (found) {
        const enum side sides[2] = {judge_side(&i, addr, side[0].size),
                                    judge_side(&pending->insn, pending->addr, pending->insn.size)};
        if (sides[0] == SIDE_ATOMIC && sides[1] == SIDE_ATOMIC) {
            count(MET_ATOMIC);
            return;
        }
        decided = judge_decided(sides, (uintptr_t[]){addr, pending->addr}, (size_t[]){side[0].size, side[1].size});
        for (int k = 0; k < 2; k++) {
            const bool scalar = insn[k]->memory == MEMORY_MOVE || insn[k]->memory == MEMORY_USE;
            decided &= !(scalar && !insn[k]->writes && side[k].size > side[1 - k].size);
            if (sides[k] == SIDE_ATOMIC)
                side[k].kind = ACCESS_ATOMIC_WRITE;
        }
    }
    count(decided ? MET_RACE : MET_POSSIBLE);
    keep(&side[1], &side[0], decided ? TIER_HAPPENED : TIER_POSSIBLE);
}

/* ---- findings ----------------------------------------------------------------------------------------------------------------- */

static void describe(struct finding_access *f, const struct side_met *s)
{
    uint64_t inexact = 0;
    uint32_t stack = 0;
    for (int k = s->stand.n - 1; k >= 0; k--)
        stack = context_child(stack, s->stand.pcs[k], &inexact, &inexact);
    f->kind = s->kind;
    f->addr = s->addr;
    f->size = s->size;
    f->stack = stack;
    f->locks_lost = true;
    f->actor.tid = s->stand.tid;
    f->actor.is_main = s->stand.tid == (int)raw_syscall(SYS_getpid, 0, 0, 0, 0, 0, 0);
    f->actor.number = f->actor.is_main ? 0 : (uint64_t)s->stand.tid;
    copy_bytes(f->actor.name, s->stand.name, sizeof s->stand.name);
}

static bool take(struct kept *k)
{
    os_lock(&lock);
    const bool any = nkept > 0;
    if (any) {
        *k = list[nkept - 1];
        __atomic_store_n(&nkept, nkept - 1, __ATOMIC_RELAXED);
    }
    os_unlock(&lock);
    return any;
}

bool encounters_wait(void)
{
    return __atomic_load_n(&nkept, __ATOMIC_RELAXED) != 0;
}

void encounters_tell(void)
{
    static struct kept now;  /* `telling` */
    static struct finding f; /* the same */
    if (!encounters_wait() || !os_trylock(&telling))
        return;
    while (take(&now)) {
        zero_bytes(&f, sizeof f);
        f.kind = FINDING_RACE;
        f.tier = now.tier;
        for (int k = 0; k < 2; k++)
            describe(&f.access[k], &now.side[k]);
        finding_hand_over(NULL, &f);
    }
    os_unlock(&telling);
}
