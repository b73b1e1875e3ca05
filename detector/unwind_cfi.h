/* How to step over one frame, read out of the call frame information (.eh_frame) of the code. */
#ifndef GORACE_UNWIND_CFI_H
#define GORACE_UNWIND_CFI_H

#include <stdbool.h>
#include <stdint.h>

enum step_kind {
    STEP_NONE,   /* the outermost frame, or one that is not understood */
    STEP_RSP,    /* CFA = rsp + cfa_offset */
    STEP_RBP,    /* CFA = rbp + cfa_offset */
    STEP_DEREF,  /* CFA = *(rbp + cfa_offset): the stack was realigned */
    STEP_SIGNAL, /* rsp points to the ucontext_t of a signal handler */
};

/* The return address is at CFA - 8, always. The caller's rbp is
 * at CFA + rbp_offset (of STEP_DEREF: at rbp + rbp_offset), or rbp is unchanged. */
struct step {
    enum step_kind kind;
    int32_t cfa_offset;
    bool rbp_saved;
    int32_t rbp_offset;
};

struct cfi_row {
    uintptr_t start, end; /* of the code that the step is the same in */
    struct step step;
};

/* `pc` lies inside of the instruction of interest: the return address - 1. The row, which is of one byte where there is none. */
struct cfi_row cfi_row(uintptr_t pc);

#endif
