/* Directories, and paths that libc makes up. */
#include "alloc.h"
#include "touch.h"

/* A path that was put into `to`, or into a new block if that was NULL. */
static char *made(struct actor *me, char *path, uintptr_t pc)
{
    if (me) {
        alloc_pc = 0;
        if (path)
            write_string(me, path, pc);
    }
    return path;
}

static void making(struct actor *me, const char *from, const char *to, uintptr_t pc)
{
    if (me) {
        read_optional_string(me, from, pc);
        if (!to)
            alloc_pc = pc;
    }
}

INTERPOSE(char *, getcwd, (char *to, size_t room))
{
    struct actor *me = current();
    making(me, NULL, to, CALLER);
    return made(me, REAL(getcwd)(to, room), CALLER);
}

INTERPOSE(char *, __getcwd_chk, (char *to, size_t n, size_t room))
{
    struct actor *me = current();
    making(me, NULL, to, CALLER);
    return made(me, REAL(__getcwd_chk)(to, n, room), CALLER);
}

INTERPOSE(char *, get_current_dir_name, (void))
{
    struct actor *me = current();
    making(me, NULL, NULL, CALLER);
    return made(me, REAL(get_current_dir_name)(), CALLER);
}

/* On failure `to` may hold the part that was found, which no program looks at. */
INTERPOSE(char *, realpath, (const char *restrict path, char *restrict to))
{
    struct actor *me = current();
    making(me, path, to, CALLER);
    return made(me, REAL(realpath)(path, to), CALLER);
}

INTERPOSE(char *, __realpath_chk, (const char *path, char *to, size_t room))
{
    struct actor *me = current();
    making(me, path, to, CALLER);
    return made(me, REAL(__realpath_chk)(path, to, room), CALLER);
}

INTERPOSE(char *, canonicalize_file_name, (const char *path))
{
    struct actor *me = current();
    making(me, path, NULL, CALLER);
    return made(me, REAL(canonicalize_file_name)(path), CALLER);
}

/* Without a terminator. */
static ssize_t link_read(struct actor *me, char *to, ssize_t n, uintptr_t pc)
{
    if (me && n > 0)
        mem_write(me, to, (size_t)n, pc);
    return n;
}

INTERPOSE(ssize_t, readlink, (const char *restrict path, char *restrict to, size_t n))
{
    struct actor *me = current();
    making(me, path, to, CALLER);
    return link_read(me, to, REAL(readlink)(path, to, n), CALLER);
}

INTERPOSE(ssize_t, __readlink_chk, (const char *path, char *to, size_t n, size_t room))
{
    struct actor *me = current();
    making(me, path, to, CALLER);
    return link_read(me, to, REAL(__readlink_chk)(path, to, n, room), CALLER);
}

INTERPOSE(ssize_t, readlinkat, (int at, const char *restrict path, char *restrict to, size_t n))
{
    struct actor *me = current();
    making(me, path, to, CALLER);
    return link_read(me, to, REAL(readlinkat)(at, path, to, n), CALLER);
}

INTERPOSE(ssize_t, __readlinkat_chk, (int at, const char *path, char *to, size_t n, size_t room))
{
    struct actor *me = current();
    making(me, path, to, CALLER);
    return link_read(me, to, REAL(__readlinkat_chk)(at, path, to, n, room), CALLER);
}

/* The entry lies in the DIR and is overwritten by the next call: two threads on one DIR race. */
INTERPOSE(struct dirent *, readdir, (DIR * d))
{
    struct actor *me = current();
    struct dirent *e = REAL(readdir)(d);
    if (me && e)
        mem_write(me, e, e->d_reclen, CALLER);
    return e;
}

INTERPOSE(struct dirent64 *, readdir64, (DIR * d))
{
    struct actor *me = current();
    struct dirent64 *e = REAL(readdir64)(d);
    if (me && e)
        mem_write(me, e, e->d_reclen, CALLER);
    return e;
}

#define READ_INTO(name, type) \
    INTERPOSE(int, name, (DIR *restrict d, struct type *restrict to, struct type **restrict result)) \
    { \
        struct actor *me = current(); \
        int error = REAL(name)(d, to, result); \
        if (me && error == 0) { \
            mem_write(me, result, sizeof *result, CALLER); \
            if (*result) \
                mem_write(me, to, to->d_reclen, CALLER); \
        } \
        return error; \
    }

_Pragma("GCC diagnostic push")
_Pragma("GCC diagnostic ignored \"-Wdeprecated-declarations\"")
READ_INTO(readdir_r, dirent)
READ_INTO(readdir64_r, dirent64)
_Pragma("GCC diagnostic pop")

INTERPOSE(ssize_t, getdents64, (int fd, void *to, size_t n))
{
    struct actor *me = current();
    ssize_t got = REAL(getdents64)(fd, to, n);
    if (me && got > 0)
        mem_write(me, to, (size_t)got, CALLER);
    return got;
}

/* The names come from the DIR, one block each, through the program's filter and order. */
#define SCAN(name, type) \
    INTERPOSE(int, name, \
              (const char *restrict path, struct type ***restrict list, int (*filter)(const struct type *), \
               int (*compare)(const struct type **, const struct type **))) \
    { \
        struct actor *me = current(); \
        if (me) \
            read_string(me, path, CALLER); \
        int n = REAL(name)(path, list, filter, compare); \
        if (me && n >= 0) { \
            mem_write(me, list, sizeof *list, CALLER); \
            write_if(me, *list, (size_t)n * sizeof **list, CALLER); \
        } \
        for (int i = 0; me && i < n; i++) \
            mem_write(me, (*list)[i], (*list)[i]->d_reclen, CALLER); \
        return n; \
    }

SCAN(scandir, dirent)
SCAN(scandir64, dirent64)
