/* A thread's own memory for added code: registers of the program that are put aside, and what the slow path is told. The
 * program's signal handlers leave them as they were (preload/signals.c). */
#ifndef GORACE_INSTRUMENT_SLOTS_H
#define GORACE_INSTRUMENT_SLOTS_H

#include <stddef.h>
#include <stdint.h>

#include "../detector/atomic.h"
#include "../detector/os.h"
#include "../preload/current.h"

struct slots {
    uint64_t xmm[2][2]; /* by the copy, over a check */
    uint64_t kept[3], scratch[2];
    uint64_t flags, ax; /* the same: the flags, and what is used to get at them */
    uint64_t address;   /* of the access */
    uint64_t locked;    /* the address of the locked instruction that is being done */
    const struct turn *turn; /* struct atomic_seen of it, ... */
    uint64_t version_next;   /* ... and its version + 1, as added code has it */
    uint32_t what;      /* enum hook and more: access_hook.h */
    uint32_t quiet; /* calls of wrapped functions that are told of as a whole: what is in them is not (preload/library.h) */
};
extern __thread struct slots slots TLS_IE;

/* Not by assignment: compilers make a call of memcpy of that, which is wrapped, and would be an access of the program's. */
static inline void slots_copy(struct slots *to, const struct slots *from)
{
    copy_bytes(to, from, sizeof *to);
}

static inline void slots_seen(struct atomic_seen seen)
{
    slots.turn = seen.turn;
    slots.version_next = seen.version + 1;
}

/* What checks read: constants, here because the added code reaches them in one instruction. By whether it writes, log2 of the size,
 * place in the granule: bits that a cell must have; of an access that leaves its granule, more than any has. One of 16 bytes is of
 * two granules. */
struct check_tables {
    uint32_t need[2][4][8][4] __attribute__((aligned(16))); /* for each of four cells */
    uint32_t one[2][5][8];
    /* Bits of an address: what says its region, all but the granule's in the shadow, its place in the granule. */
    uint64_t region, granule, place;
};
extern __thread struct check_tables check_tables TLS_IE;

/* Offset from fs of a thread-local variable of libgorace.so. */
static inline int32_t slots_offset(const void *variable)
{
    uintptr_t fs;
    __asm__("mov %%fs:0, %0" : "=r"(fs));
    return (int32_t)((uintptr_t)variable - fs);
}
#define SLOT(field) (slots_offset(&slots) + (int32_t)offsetof(struct slots, field))
#define CHECK_TABLE(field) (slots_offset(&check_tables) + (int32_t)offsetof(struct check_tables, field))

#endif
