/* A file that reports are appended to, each with one write(2). It is opened for that and closed again: a program that closes
 * descriptors it does not know (daemons do) must not make us write into a file of its own that got the same number.
 *
 * Guards: the reporter's lock. */
#ifndef GORACE_REPORT_SINK_H
#define GORACE_REPORT_SINK_H

#include <stdbool.h>

#include "outbuf.h"

#define SINK_PATH 4096

struct sink {
    char path[SINK_PATH]; /* absolute, with %p still in it; "": stderr */
    bool silent;          /* what cannot be written is dropped; else it goes to stderr */
    bool broken;          /* could not be written: said once */
    bool torn;            /* the last line may be cut off: the next begins with a line feed */
};

/* name: as the user gave it, relative to the folder of now. */
void sink_init(struct sink *s, const char *name);
/* To its path. */
void sink_append(struct sink *s, const char *more);
/* Its path as it is now, with a final zero. */
void sink_path(const struct sink *s, struct outbuf *o);
/* All that is in `o`, which is then empty. */
void sink_write(struct sink *s, struct outbuf *o);

#endif
