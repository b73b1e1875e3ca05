/* The check of an access, inline in a copy, and what is done when it fails, behind the function (struct aside). */
#ifndef GORACE_INSTRUMENT_CHECK_H
#define GORACE_INSTRUMENT_CHECK_H

#include "access_hook.h"
#include "hooks.h"

/* A function begins: nothing is pending. */
void check_begin(void);
/* Whether the check comes behind the copy of the instruction, which is an access of hook < HOOKS_CHECKED. */
bool check_is_behind(const struct insn *i, enum hook hook);
/* Written before the copy of one of which the check comes behind. */
void check_hold(struct module *m, const struct insn *i, const uint8_t *bytes, const struct live *l,
                const struct frame_use *use);
/* Written before the copy of the instruction, the k-th of its function, or behind it. True: what was written does what the instruction
 * does. */
bool check_write(struct module *m, uint32_t k, const struct insn *i, const uint8_t *bytes, const struct live *l,
                 const struct frame_use *use, enum hook hook);
/* The copy of the instruction was written. */
void check_after(struct module *m, uint32_t k);
/* What the checks of the function need behind it, which begins at `start`; how many. */
uint32_t check_asides(struct module *m, const struct insn *insns, const uint8_t *start, struct aside *asides);
uint32_t check_pending(void);

void check_call(struct module *m, const struct insn *i, uintptr_t thunk, const struct frame_use *use);
/* Whether what is written for the function may use the registers that AVX-512 has added. */
bool check_uses_wide(const struct frame_use *use);

#endif
