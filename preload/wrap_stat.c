/* The stat family: what is filled in, that the file was there (entry.h), and that it is as long as it is: an edge from all who have written into
 * it. Programs built for glibc before 2.33 call the __xstat forms. */
#include <fcntl.h>
#include <sys/sysmacros.h>

#include "entry.h"
#include "fd_name.h"
#include "touch.h"

static void looked_at(struct actor *me, uint64_t device, uint64_t inode)
{
    sync_acquire(me, fd_file_key(device, inode));
}
/* Of a file system nothing is told. */
#define looked(me, s) \
    _Generic(s, struct stat *: looked_at_file, struct stat64 *: looked_at_file64, struct statx *: looked_at_filex, default: looked_at_system)(me, s)
static inline void looked_at_file(struct actor *me, const struct stat *s)
{
    looked_at(me, s->st_dev, s->st_ino);
}
static inline void looked_at_file64(struct actor *me, const struct stat64 *s)
{
    looked_at(me, s->st_dev, s->st_ino);
}
static inline void looked_at_filex(struct actor *me, const struct statx *s)
{
    looked_at(me, makedev(s->stx_dev_major, s->stx_dev_minor), s->stx_ino);
}
static inline void looked_at_system(struct actor *me, const void *s)
{
    (void)me;
    (void)s;
}

#define BY_PATH_AT(at, name, type, params, ...) \
    INTERPOSE(int, name, params) \
    { \
        struct actor *me = current(); \
        if (me) \
            read_optional_string(me, path, CALLER); \
        int result = REAL(name)(__VA_ARGS__); \
        entry_needed(me, at, path, result == 0); \
        if (me && result == 0) { \
            mem_write(me, s, sizeof(type), CALLER); \
            looked(me, s); \
        } \
        return result; \
    }
#define BY_PATH(...) BY_PATH_AT(AT_FDCWD, __VA_ARGS__)

#define BY_FD(name, type, params, ...) \
    INTERPOSE(int, name, params) \
    { \
        struct actor *me = current(); \
        int result = REAL(name)(__VA_ARGS__); \
        if (me && result == 0) { \
            mem_write(me, s, sizeof(type), CALLER); \
            looked(me, s); \
        } \
        return result; \
    }

BY_PATH(stat, struct stat, (const char *restrict path, struct stat *restrict s), path, s)
BY_PATH(stat64, struct stat64, (const char *restrict path, struct stat64 *restrict s), path, s)
BY_PATH(lstat, struct stat, (const char *restrict path, struct stat *restrict s), path, s)
BY_PATH(lstat64, struct stat64, (const char *restrict path, struct stat64 *restrict s), path, s)
BY_PATH_AT(at, fstatat, struct stat, (int at, const char *restrict path, struct stat *restrict s, int flags), at, path, s,
        flags)
BY_PATH_AT(at, fstatat64, struct stat64, (int at, const char *restrict path, struct stat64 *restrict s, int flags), at, path,
        s, flags)
BY_PATH_AT(at, statx, struct statx, (int at, const char *restrict path, int flags, unsigned mask, struct statx *restrict s),
        at, path, flags, mask, s)
BY_PATH(statfs, struct statfs, (const char *path, struct statfs *s), path, s)
BY_PATH(statfs64, struct statfs64, (const char *path, struct statfs64 *s), path, s)
BY_PATH(statvfs, struct statvfs, (const char *restrict path, struct statvfs *restrict s), path, s)
BY_PATH(statvfs64, struct statvfs64, (const char *restrict path, struct statvfs64 *restrict s), path, s)
BY_FD(fstat, struct stat, (int fd, struct stat *s), fd, s)
BY_FD(fstat64, struct stat64, (int fd, struct stat64 *s), fd, s)
BY_FD(fstatfs, struct statfs, (int fd, struct statfs *s), fd, s)
BY_FD(fstatfs64, struct statfs64, (int fd, struct statfs64 *s), fd, s)
BY_FD(fstatvfs, struct statvfs, (int fd, struct statvfs *s), fd, s)
BY_FD(fstatvfs64, struct statvfs64, (int fd, struct statvfs64 *s), fd, s)

BY_PATH(__xstat, struct stat, (int version, const char *path, struct stat *s), version, path, s)
BY_PATH(__xstat64, struct stat64, (int version, const char *path, struct stat64 *s), version, path, s)
BY_PATH(__lxstat, struct stat, (int version, const char *path, struct stat *s), version, path, s)
BY_PATH(__lxstat64, struct stat64, (int version, const char *path, struct stat64 *s), version, path, s)
BY_FD(__fxstat, struct stat, (int version, int fd, struct stat *s), version, fd, s)
BY_FD(__fxstat64, struct stat64, (int version, int fd, struct stat64 *s), version, fd, s)
