/* A file that is there whole or not at all: written beside its place and moved over what was there, so that neither a
 * reader nor a full disk sees half of it. What is no regular file (a pipe, /dev/stderr) is written into. */
#ifndef GORACE_LAUNCHER_WHOLE_FILE_H
#define GORACE_LAUNCHER_WHOLE_FILE_H

#include <stdbool.h>
#include <stdio.h>

struct whole_file {
    FILE *to;
    const char *path; /* the caller's; NULL or "-": the standard output */
    char *beside;     /* NULL: written into directly */
};

/* False, with errno, when it cannot be opened. */
bool whole_open(struct whole_file *f, const char *path);
/* False, with errno, when not all could be written; the file of before is then as it was. */
bool whole_close(struct whole_file *f);

#endif
