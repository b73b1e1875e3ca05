/* What every stdio wrapper says about its FILE.
 *
 * The stream's own lock is not an edge. It orders only the stream's own state, which nobody here looks at; taken as an
 * edge it would hide the races of all threads that happen to print. Who relies on it says flockfile, which is one.
 * The data is an edge, if a pipe or socket is behind the stream (fd_edges.h).
 *
 * Every use reads the first byte of the FILE, and fclose frees it: so a stream that is closed while another thread uses
 * it is reported. */
#ifndef GORACE_STREAM_H
#define GORACE_STREAM_H

#include <stdio.h>

#include "fd_edges.h"

/* _fileno instead of fileno(): it is -1 for a stream without a descriptor, and errno stays as it is. */
static inline void stream_giving(struct actor *me, FILE *f, uintptr_t pc)
{
    if (me && f) {
        mem_read(me, f, 1, pc);
        fd_release(me, f->_fileno);
    }
}

static inline void stream_using(struct actor *me, FILE *f, uintptr_t pc)
{
    if (me && f)
        mem_read(me, f, 1, pc);
}

static inline void stream_got(struct actor *me, FILE *f)
{
    if (me && f)
        fd_acquire(me, f->_fileno);
}

#endif
