/* Two accesses that met: one thread stood before its own, another made the other one. From there to a finding. */
#ifndef GORACE_SAMPLE_ENCOUNTER_H
#define GORACE_SAMPLE_ENCOUNTER_H

#include "pending.h"

#define FRAMES_MAX 64

/* A thread at an access. */
struct stand {
    int tid;
    char name[16];
    int n;
    uintptr_t pcs[FRAMES_MAX]; /* return addresses, innermost first; [0] is where the access's instruction ends */
    bool settled;              /* it is in code of the program, called by such: it holds no lock of the C library */
};
/* The calling thread, interrupted with these registers. `end`: where the instruction of the access ends. */
void stand_here(struct stand *s, const greg_t *registers, uintptr_t end);

/* What `by` did when it was stopped: registers after the access of bytes that `aim` covers. Kept until encounters_tell. */
void encounter(const struct stand *waits, const struct pending *pending, const struct aim *aim, const struct stand *by,
               const greg_t *registers);
/* Hands over as findings what is kept. The calling thread is settled, or the process ends. */
void encounters_tell(void);
bool encounters_wait(void);

enum met { MET_RACE, MET_POSSIBLE, MET_ATOMIC, MET_RUNTIME, MET_LOST, METS };
uint64_t encounters_met(enum met what);
void encounters_forked(void);

#endif
