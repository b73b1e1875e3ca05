/* The calling-context tree: a whole stack as one 32-bit number, kept up to date at O(1) a call.
 *
 * Node 0 is the empty stack. Every other node is (parent, pc): pc is a return address, the parent is the stack of the
 * caller. func_enter goes to a child, func_exit back; a memory access is itself a child of its function's node, so the
 * full stack of any access, however old, is a number of 4 bytes (Ammons, Ball, Larus, PLDI'97: calling context trees).
 * Nodes are never freed or changed: any thread may read them at any time. Inserting is lock-free.
 *
 * Recursion makes the number of paths exponential. Below CONTEXT_EXACT nodes every depth is kept apart; above it a call
 * from an address that is already on the path goes back to that node (counted as recursion_folded), which bounds the
 * tree by the acyclic paths. Beyond CONTEXT_MAX a call stays at its caller's node (counted as stacks_lost). */
#ifndef GORACE_CONTEXT_H
#define GORACE_CONTEXT_H

#include "detector.h"
#include "os.h"

#define CONTEXT_EXACT (1u << 20)
#define CONTEXT_MAX ((1u << 26) - 1)

struct context_node {
    uintptr_t pc;
    uint32_t parent;
    uint32_t next; /* hash chain */
};

bool context_start(void);
/* The child of `parent` for return address `pc`. `*folded` / `*lost` are raised when it is not exact. May be NULL. */
uint32_t context_child(uint32_t parent, uintptr_t pc, uint64_t *folded, uint64_t *lost);
/* Makes the hash table fit; only with the world stopped. */
void context_rehash(void);

#endif
