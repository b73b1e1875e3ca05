/* Streams into memory (open_memstream): where the program wants to be told of the buffer and its size, which libc does when the stream is
 * flushed and when it is closed. wrap_memstream.c */
#ifndef GORACE_MEMSTREAM_H
#define GORACE_MEMSTREAM_H

#include <stdio.h>

#include "current.h"

struct memstream;
extern unsigned memstreams; /* how many are open: nobody is asked of other streams while there are none. Atomic, a hint */

/* After the flush; NULL: of all streams. */
void memstream_flushed(struct actor *me, FILE *f, uintptr_t pc);
/* Before the close; NULL: it is none of them. */
struct memstream *memstream_closing(FILE *f);
/* After it. */
void memstream_closed(struct actor *me, struct memstream *m, uintptr_t pc);

#endif
