/* Calls that open files: the path is read, and the number is a new object (fd_edges.h). */
#include <stdarg.h>

#include "fd_edges.h"
#include "touch.h"

static int opened(struct actor *me, int fd)
{
    if (me && fd >= 0)
        fd_opened(me, fd);
    return fd;
}

/* Whether open has a third argument. */
#define MODE(flags, last) \
    ({ \
        mode_t mode = 0; \
        if ((flags)&O_CREAT || ((flags)&O_TMPFILE) == O_TMPFILE) { \
            va_list rest; \
            va_start(rest, last); \
            mode = va_arg(rest, mode_t); \
            va_end(rest); \
        } \
        mode; \
    })

INTERPOSE(int, open, (const char *path, int flags, ...))
{
    mode_t mode = MODE(flags, flags);
    struct actor *me = current();
    if (me)
        read_optional_string(me, path, CALLER);
    return opened(me, PARKED(me, "open", -1, REAL(open)(path, flags, mode)));
}

INTERPOSE(int, open64, (const char *path, int flags, ...))
{
    mode_t mode = MODE(flags, flags);
    struct actor *me = current();
    if (me)
        read_optional_string(me, path, CALLER);
    return opened(me, PARKED(me, "open", -1, REAL(open64)(path, flags, mode)));
}

INTERPOSE(int, openat, (int directory, const char *path, int flags, ...))
{
    mode_t mode = MODE(flags, flags);
    struct actor *me = current();
    if (me)
        read_optional_string(me, path, CALLER);
    return opened(me, PARKED(me, "openat", -1, REAL(openat)(directory, path, flags, mode)));
}

INTERPOSE(int, openat64, (int directory, const char *path, int flags, ...))
{
    mode_t mode = MODE(flags, flags);
    struct actor *me = current();
    if (me)
        read_optional_string(me, path, CALLER);
    return opened(me, PARKED(me, "openat", -1, REAL(openat64)(directory, path, flags, mode)));
}

INTERPOSE(int, __openat_2, (int directory, const char *path, int flags))
{
    struct actor *me = current();
    if (me)
        read_optional_string(me, path, CALLER);
    return opened(me, PARKED(me, "openat", -1, REAL(__openat_2)(directory, path, flags)));
}

INTERPOSE(int, __open_2, (const char *path, int flags))
{
    struct actor *me = current();
    if (me)
        read_optional_string(me, path, CALLER);
    return opened(me, PARKED(me, "open", -1, REAL(__open_2)(path, flags)));
}

INTERPOSE(int, __open64_2, (const char *path, int flags))
{
    struct actor *me = current();
    if (me)
        read_optional_string(me, path, CALLER);
    return opened(me, PARKED(me, "open", -1, REAL(__open64_2)(path, flags)));
}

INTERPOSE(int, creat, (const char *path, mode_t mode))
{
    struct actor *me = current();
    if (me)
        read_optional_string(me, path, CALLER);
    return opened(me, PARKED(me, "creat", -1, REAL(creat)(path, mode)));
}

INTERPOSE(int, creat64, (const char *path, mode_t mode))
{
    struct actor *me = current();
    if (me)
        read_optional_string(me, path, CALLER);
    return opened(me, PARKED(me, "creat", -1, REAL(creat64)(path, mode)));
}

INTERPOSE(int, shm_open, (const char *name, int flags, mode_t mode))
{
    struct actor *me = current();
    if (me)
        read_optional_string(me, name, CALLER);
    return opened(me, REAL(shm_open)(name, flags, mode));
}

INTERPOSE(int, memfd_create, (const char *name, unsigned flags))
{
    struct actor *me = current();
    if (me)
        read_optional_string(me, name, CALLER);
    return opened(me, REAL(memfd_create)(name, flags));
}

/* The X's at the end of the template become a name. */
INTERPOSE(int, mkstemp, (char *path))
{
    struct actor *me = current();
    int fd = REAL(mkstemp)(path);
    if (me && fd >= 0)
        write_string(me, path, CALLER);
    return opened(me, fd);
}

INTERPOSE(int, mkstemp64, (char *path))
{
    struct actor *me = current();
    int fd = REAL(mkstemp64)(path);
    if (me && fd >= 0)
        write_string(me, path, CALLER);
    return opened(me, fd);
}

INTERPOSE(int, mkostemp, (char *path, int flags))
{
    struct actor *me = current();
    int fd = REAL(mkostemp)(path, flags);
    if (me && fd >= 0)
        write_string(me, path, CALLER);
    return opened(me, fd);
}

INTERPOSE(char *, mkdtemp, (char *path))
{
    struct actor *me = current();
    char *made = REAL(mkdtemp)(path);
    if (me && made)
        write_string(me, path, CALLER);
    return made;
}
