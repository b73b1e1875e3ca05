/* Calls that take paths and give back a number: the paths are read. */
#include <stdarg.h>

#include "touch.h"

#define ONE_PATH(ret, name, params, ...) \
    INTERPOSE(ret, name, params) \
    { \
        struct actor *me = current(); \
        if (me) \
            read_optional_string(me, path, CALLER); \
        return REAL(name)(__VA_ARGS__); \
    }

#define TWO_PATHS(name, params, ...) \
    INTERPOSE(int, name, params) \
    { \
        struct actor *me = current(); \
        if (me) { \
            read_optional_string(me, path, CALLER); \
            read_optional_string(me, to, CALLER); \
        } \
        return REAL(name)(__VA_ARGS__); \
    }

ONE_PATH(int, access, (const char *path, int mode), path, mode)
ONE_PATH(int, faccessat, (int at, const char *path, int mode, int flags), at, path, mode, flags)
ONE_PATH(int, chdir, (const char *path), path)
ONE_PATH(int, chmod, (const char *path, mode_t mode), path, mode)
ONE_PATH(int, chown, (const char *path, uid_t user, gid_t group), path, user, group)
ONE_PATH(int, lchown, (const char *path, uid_t user, gid_t group), path, user, group)
ONE_PATH(int, mkdir, (const char *path, mode_t mode), path, mode)
ONE_PATH(int, mkdirat, (int at, const char *path, mode_t mode), at, path, mode)
ONE_PATH(int, mkfifo, (const char *path, mode_t mode), path, mode)
ONE_PATH(int, rmdir, (const char *path), path)
ONE_PATH(int, remove, (const char *path), path)
ONE_PATH(int, unlink, (const char *path), path)
ONE_PATH(int, unlinkat, (int at, const char *path, int flags), at, path, flags)
ONE_PATH(int, truncate, (const char *path, off_t size), path, size)
ONE_PATH(int, truncate64, (const char *path, off64_t size), path, size)
ONE_PATH(DIR *, opendir, (const char *path), path)

INTERPOSE(int, system, (const char *command))
{
    struct actor *me = current();
    if (me)
        read_optional_string(me, command, CALLER);
    return PARKED(me, "system", -1, REAL(system)(command));
}

TWO_PATHS(link, (const char *path, const char *to), path, to)
TWO_PATHS(rename, (const char *path, const char *to), path, to)
TWO_PATHS(renameat, (int at, const char *path, int to_at, const char *to), at, path, to_at, to)
TWO_PATHS(symlink, (const char *path, const char *to), path, to)
