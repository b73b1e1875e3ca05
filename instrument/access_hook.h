/* What the added code says to the detector. */
#ifndef GORACE_INSTRUMENT_ACCESS_HOOK_H
#define GORACE_INSTRUMENT_ACCESS_HOOK_H

#include <stdint.h>

enum hook {
    HOOK_READ, /* an operation with a value from memory */
    HOOK_WRITE,
    HOOK_LOADED,      /* a move: told when it is done */
    HOOK_STORE,       /* a move: told before */
    HOOK_UPDATE,      /* a load and a store in one instruction, but not as one */
    HOOK_LOCK_BEGINS, /* an atomic instruction: round it */
    HOOK_LOCK_ENDS,
    HOOK_STRING_READ, /* rsi or rdi and rcx say what */
    HOOK_STRING_WRITE,
    HOOK_LEAVE /* nothing was to be done, but somebody waits for the actor */
};

/* slots.what: the hook, log2 of the size, and what of the stack belongs to the thunk. */
#define WHAT_SIZE_SHIFT 4
#define WHAT_FLAGS 0x100u       /* the flags lie above the return address to the thunk */
#define WHAT_REPEATS 0x200u     /* a string instruction with a count */
#define WHAT_DESTINATION 0x400u /* of rdi, not rsi */

/* Where thunks go when there is something to do: keeps all registers; its return address leads into the thunk. */
void access_hook_entry(void);

#endif
