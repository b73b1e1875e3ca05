/* Happens-before edges through the existence of files: entries of directories, by whatever path they are reached.
 *
 * Who finds an entry knows what was done before it was made; who finds that there is none, what was done before it was taken away. So
 * threads exclude one another by O_EXCL, mkdir and link, and wait for files that others make or rename. */
#ifndef GORACE_ENTRY_H
#define GORACE_ENTRY_H

#include <errno.h>

#include "current.h"

/* Before the real call, when it may make the entry, or take it away. `at` as for openat. */
void entry_making(struct actor *me, int at, const char *path);
void entry_removing(struct actor *me, int at, const char *path);
/* After it, by what it said. errno stays. */
void entry_found(struct actor *me, int at, const char *path);
void entry_missing(struct actor *me, int at, const char *path);

/* After a call that needs the entry. */
static inline void entry_needed(struct actor *me, int at, const char *path, bool done)
{
    if (me && done)
        entry_found(me, at, path);
    else if (me && errno == ENOENT)
        entry_missing(me, at, path);
}

/* After a call that needs that there is none. */
static inline void entry_made(struct actor *me, int at, const char *path, bool done)
{
    if (me && done)
        entry_missing(me, at, path);
    else if (me && errno == EEXIST)
        entry_found(me, at, path);
}

/* Around a call that opens a file by O_* flags. */
void entry_opening(struct actor *me, int at, const char *path, int flags);
void entry_opened(struct actor *me, int at, const char *path, int flags, bool done);

#endif
