/* Calls that open files: the path is read, that it was there is an edge (entry.h), and the number is a new object (fd_edges.h). */
#include <limits.h>
#include <stdarg.h>

#include "entry.h"
#include "fd_edges.h"
#include "raw.h"
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

/* `begin` is declarations. */
#define OPENS(name, call, at, flags, params, begin, ...) \
    INTERPOSE(int, name, params) \
    { \
        begin; \
        struct actor *me = current(); \
        if (me) \
            read_optional_string(me, path, CALLER); \
        entry_opening(me, at, path, flags); \
        int fd = PARKED(me, call, -1, REAL(name)(__VA_ARGS__)); \
        entry_opened(me, at, path, flags, fd >= 0); \
        return opened(me, fd); \
    }

#define WITH_MODE mode_t mode = MODE(flags, flags)
#define WITHOUT
OPENS(open, "open", AT_FDCWD, flags, (const char *path, int flags, ...), WITH_MODE, path, flags, mode)
OPENS(open64, "open", AT_FDCWD, flags, (const char *path, int flags, ...), WITH_MODE, path, flags, mode)
OPENS(openat, "openat", at, flags, (int at, const char *path, int flags, ...), WITH_MODE, at, path, flags, mode)
OPENS(openat64, "openat", at, flags, (int at, const char *path, int flags, ...), WITH_MODE, at, path, flags, mode)
OPENS(__openat_2, "openat", at, flags, (int at, const char *path, int flags), WITHOUT, at, path, flags)
OPENS(__open_2, "open", AT_FDCWD, flags, (const char *path, int flags), WITHOUT, path, flags)
OPENS(__open64_2, "open", AT_FDCWD, flags, (const char *path, int flags), WITHOUT, path, flags)
OPENS(creat, "creat", AT_FDCWD, O_CREAT, (const char *path, mode_t mode), WITHOUT, path, mode)
OPENS(creat64, "creat", AT_FDCWD, O_CREAT, (const char *path, mode_t mode), WITHOUT, path, mode)

/* A file of a file system of its own, which is mounted there; the name may begin with a slash. */
#define SHARED_MEMORY "/dev/shm/"

static const char *shared_path(char to[sizeof SHARED_MEMORY + NAME_MAX], const char *name)
{
    name += *name == '/';
    const size_t n = raw_length(name);
    if (n > NAME_MAX)
        return ""; /* no entry */
    raw_copy(to, SHARED_MEMORY, sizeof SHARED_MEMORY - 1);
    raw_copy(to + sizeof SHARED_MEMORY - 1, name, n + 1);
    return to;
}

INTERPOSE(int, shm_open, (const char *name, int flags, mode_t mode))
{
    char room[sizeof SHARED_MEMORY + NAME_MAX];
    struct actor *me = current();
    if (me)
        read_string(me, name, CALLER);
    const char *path = shared_path(room, name);
    entry_opening(me, AT_FDCWD, path, flags);
    const int fd = REAL(shm_open)(name, flags, mode);
    entry_opened(me, AT_FDCWD, path, flags, fd >= 0);
    return opened(me, fd);
}

INTERPOSE(int, shm_unlink, (const char *name))
{
    char room[sizeof SHARED_MEMORY + NAME_MAX];
    struct actor *me = current();
    const char *path = shared_path(room, name);
    if (me) {
        read_string(me, name, CALLER);
        entry_removing(me, AT_FDCWD, path);
    }
    const int result = REAL(shm_unlink)(name);
    entry_needed(me, AT_FDCWD, path, result == 0);
    return result;
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
