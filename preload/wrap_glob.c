/* Names by pattern: glob and wordexp. What they find lies in blocks of libc's own; the record that leads to it is the program's. */
#include "touch.h"

#define GLOB(name, type) \
    INTERPOSE_NAMED(int, name, \
                    (const char *restrict pattern, int flags, int (*failed)(const char *, int), type *restrict to)) \
    { \
        struct actor *me = current(); \
        if (me) \
            read_string(me, pattern, CALLER); \
        int result = REAL(name)(pattern, flags, failed, to); \
        if (me) \
            mem_write(me, to, sizeof *to, CALLER); \
        return result; \
    }

#define FREE(name, type) \
    INTERPOSE_NAMED(void, name, (type * found)) \
    { \
        struct actor *me = current(); \
        if (me) \
            mem_write(me, found, sizeof *found, CALLER); \
        REAL(name)(found); \
    }

GLOB(glob, glob_t)
GLOB(glob64, glob64_t)
FREE(globfree, glob_t)
FREE(globfree64, glob64_t)
FREE(wordfree, wordexp_t)

INTERPOSE(int, wordexp, (const char *restrict words, wordexp_t *restrict to, int flags))
{
    struct actor *me = current();
    if (me)
        read_string(me, words, CALLER);
    int result = REAL(wordexp)(words, to, flags);
    if (me)
        mem_write(me, to, sizeof *to, CALLER);
    return result;
}
