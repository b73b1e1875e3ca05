/* Calls that take paths and give back a number: the paths are read, and what was found there is an edge (entry.h). */
#include <stdarg.h>

#include "entry.h"
#include "touch.h"

/* Some rows are OPTIONAL. */
#define UNLESS_MISSING(name, failed) \
    if (!REAL(name)) { \
        errno = ENOSYS; \
        return failed; \
    }

/* `before` and `after` are calls of entry.h; the latter may use `done`. */
#define ONE_PATH(ret, name, params, before, after, failed, ...) \
    INTERPOSE(ret, name, params) \
    { \
        struct actor *me = current(); \
        UNLESS_MISSING(name, failed) \
        if (me) { \
            read_optional_string(me, path, CALLER); \
            before; \
        } \
        ret result = REAL(name)(__VA_ARGS__); \
        const bool done = result != failed; \
        after; \
        return result; \
    }

#define NEEDS(ret, failed, at, name, params, ...) \
    ONE_PATH(ret, name, params, (void)0, entry_needed(me, at, path, done), failed, __VA_ARGS__)
#define MAKES(at, name, params, ...) \
    ONE_PATH(int, name, params, entry_making(me, at, path), entry_made(me, at, path, done), -1, __VA_ARGS__)
#define REMOVES(at, name, params, ...) \
    ONE_PATH(int, name, params, entry_removing(me, at, path), entry_needed(me, at, path, done), -1, __VA_ARGS__)

NEEDS(int, -1, AT_FDCWD, access, (const char *path, int mode), path, mode)
NEEDS(int, -1, at, faccessat, (int at, const char *path, int mode, int flags), at, path, mode, flags)
ONE_PATH(int, chdir, (const char *path), (void)0, (void)done, -1, path) /* a relative path is another one after it */
NEEDS(int, -1, AT_FDCWD, chmod, (const char *path, mode_t mode), path, mode)
NEEDS(int, -1, AT_FDCWD, chown, (const char *path, uid_t user, gid_t group), path, user, group)
NEEDS(int, -1, AT_FDCWD, lchown, (const char *path, uid_t user, gid_t group), path, user, group)
NEEDS(int, -1, AT_FDCWD, truncate, (const char *path, off_t size), path, size)
NEEDS(int, -1, AT_FDCWD, truncate64, (const char *path, off64_t size), path, size)
NEEDS(DIR *, NULL, AT_FDCWD, opendir, (const char *path), path)
MAKES(AT_FDCWD, mkdir, (const char *path, mode_t mode), path, mode)
MAKES(at, mkdirat, (int at, const char *path, mode_t mode), at, path, mode)
MAKES(AT_FDCWD, mkfifo, (const char *path, mode_t mode), path, mode)
MAKES(at, mkfifoat, (int at, const char *path, mode_t mode), at, path, mode)
MAKES(AT_FDCWD, mknod, (const char *path, mode_t mode, dev_t device), path, mode, device)
MAKES(at, mknodat, (int at, const char *path, mode_t mode, dev_t device), at, path, mode, device)
REMOVES(AT_FDCWD, rmdir, (const char *path), path)
REMOVES(AT_FDCWD, remove, (const char *path), path)
REMOVES(AT_FDCWD, unlink, (const char *path), path)
REMOVES(at, unlinkat, (int at, const char *path, int flags), at, path, flags)

INTERPOSE(int, system, (const char *command))
{
    struct actor *me = current();
    if (me)
        read_optional_string(me, command, CALLER);
    return PARKED(me, "system", -1, REAL(system)(command));
}

#define TWO_PATHS(name, params, before, after, ...) \
    INTERPOSE(int, name, params) \
    { \
        struct actor *me = current(); \
        UNLESS_MISSING(name, -1) \
        if (me) { \
            read_optional_string(me, path, CALLER); \
            read_optional_string(me, to, CALLER); \
            before; \
            entry_making(me, to_at, to); \
        } \
        int result = REAL(name)(__VA_ARGS__); \
        const bool done = result == 0; \
        after; \
        return result; \
    }

/* A second name, which must not be there. */
#define LINKS(to_at_, name, params, ...) \
    TWO_PATHS(name, params, const int to_at = to_at_, entry_made(me, to_at_, to, done), __VA_ARGS__)
/* `to` may be there, or not, but for RENAME_NOREPLACE. */
#define RENAMES(at_, to_at_, flags, name, params, ...) \
    TWO_PATHS(name, params, const int to_at = to_at_; entry_removing(me, at_, path), \
              if (me && flags & RENAME_NOREPLACE) entry_made(me, to_at_, to, done); \
              if (done || errno != EEXIST) entry_needed(me, at_, path, done), __VA_ARGS__)

LINKS(AT_FDCWD, link, (const char *path, const char *to), path, to)
LINKS(other, linkat, (int at, const char *path, int other, const char *to, int flags), at, path, other, to, flags)
LINKS(AT_FDCWD, symlink, (const char *path, const char *to), path, to)
LINKS(at, symlinkat, (const char *path, int at, const char *to), path, at, to)
RENAMES(AT_FDCWD, AT_FDCWD, 0u, rename, (const char *path, const char *to), path, to)
RENAMES(at, other, 0u, renameat, (int at, const char *path, int other, const char *to), at, path, other, to)
RENAMES(at, other, flags, renameat2, (int at, const char *path, int other, const char *to, unsigned flags), at, path, other, to,
        flags)
