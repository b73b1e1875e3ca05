/* Extended attributes of files. */
#include "touch.h"

static void naming(struct actor *me, const char *path, const char *name, uintptr_t pc)
{
    if (me) {
        read_optional_string(me, path, pc);
        read_optional_string(me, name, pc);
    }
}

/* With no room the size is asked for. */
static ssize_t got(struct actor *me, void *to, size_t room, ssize_t n, uintptr_t pc)
{
    if (me && n > 0 && room)
        mem_write(me, to, (size_t)n, pc);
    return n;
}

#define GET(function, type, file, path) \
    INTERPOSE(ssize_t, function, (type file, const char *name, void *to, size_t n)) \
    { \
        struct actor *me = current(); \
        naming(me, path, name, CALLER); \
        return got(me, to, n, REAL(function)(file, name, to, n), CALLER); \
    }

#define SET(function, type, file, path) \
    INTERPOSE(int, function, (type file, const char *name, const void *from, size_t n, int flags)) \
    { \
        struct actor *me = current(); \
        naming(me, path, name, CALLER); \
        if (me) \
            read_if(me, from, n, CALLER); \
        return REAL(function)(file, name, from, n, flags); \
    }

#define LIST(function, type, file, path) \
    INTERPOSE(ssize_t, function, (type file, char *to, size_t n)) \
    { \
        struct actor *me = current(); \
        naming(me, path, NULL, CALLER); \
        return got(me, to, n, REAL(function)(file, to, n), CALLER); \
    }

GET(getxattr, const char *, path, path)
GET(lgetxattr, const char *, path, path)
GET(fgetxattr, int, fd, NULL)
SET(setxattr, const char *, path, path)
SET(lsetxattr, const char *, path, path)
SET(fsetxattr, int, fd, NULL)
LIST(listxattr, const char *, path, path)
LIST(llistxattr, const char *, path, path)
LIST(flistxattr, int, fd, NULL)
