/* What the added code says to the detector. */
#ifndef GORACE_INSTRUMENT_ACCESS_HOOK_H
#define GORACE_INSTRUMENT_ACCESS_HOOK_H

#include <stdbool.h>
#include <stdint.h>

enum hook {
    HOOK_READ, /* an operation with a value from memory */
    HOOK_WRITE,
    HOOK_LOADED,      /* a move: told when it is done */
    HOOK_STORE,       /* a move: told before */
    HOOK_UPDATE,      /* a load and a store in one instruction, but not as one */
    HOOK_LOCK_BEGINS, /* an atomic instruction: before it ... */
    HOOK_LOCK_ENDS,   /* ... and behind it, if somebody else was at the place meanwhile */
    HOOK_STRING_READ, /* rsi or rdi and rcx say what */
    HOOK_STRING_WRITE
};
#define HOOKS_CHECKED (HOOK_UPDATE + 1) /* those before: an access that may be covered */
static inline bool hook_writes(enum hook hook)
{
    return hook == HOOK_WRITE || hook == HOOK_STORE || hook == HOOK_UPDATE;
}

/* slots.what: the hook, log2 of the size, and what of the stack belongs to the thunk. */
#define WHAT_HOOK 15u
#define WHAT_SIZE_SHIFT 4
#define WHAT_FLAGS 0x100u       /* the flags lie above the return address to the thunk */
#define WHAT_REPEATS 0x200u     /* a string instruction with a count */
#define WHAT_DESTINATION 0x400u /* of rdi, not rsi */

/* Where thunks go; their return address leads to who has called the thunk. For an access that the check has not found covered, and an atomic
 * instruction: rdi is the address, esi what slots.what would be, and the program's own are on the stack, rdi's on top. Keeps all registers, but not the flags. */
void access_hook_missed(void);
void access_hook_missed_wide(void); /* uses the registers that AVX-512 has added (covered.h) */
/* For all else: keeps the flags, too; the return address leads into the thunk. */
void access_hook_entry(void);

#endif
