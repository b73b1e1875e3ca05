/* Paths, stat and directories. Every case works in a directory of its own. */
#include "engage.h"

static char there[64], file[96], other[96];
static int at;

static void place(void)
{
    strcpy(there, "/tmp/engage.XXXXXX");
    CHECK(mkdtemp(there) == there && chdir(there) == 0);
    at = open(there, O_RDONLY | O_DIRECTORY);
    strcpy(file, "file");
    strcpy(other, "other");
    int fd = open(file, O_WRONLY | O_CREAT, 0600);
    CHECK(fd >= 0 && write(fd, "data", 4) == 4 && close(fd) == 0);
    from_here();
}

static void clear(void)
{
    unlink(file);
    unlink(other);
    rmdir(other);
    CHECK(chdir("/") == 0 && rmdir(there) == 0);
}

#define TAKES(name, used, result, ...) \
    CASE(name) \
    { \
        place(); \
        CHECK(CALL(name)(__VA_ARGS__) == result); \
        READS(used, strlen(used) + 1); \
        clear(); \
    }

TAKES(access, file, 0, file, R_OK)
TAKES(faccessat, file, 0, at, file, R_OK, 0)
TAKES(chmod, file, 0, file, 0400)
TAKES(chown, file, 0, file, -1, -1)
TAKES(lchown, file, 0, file, -1, -1)
TAKES(mkdir, other, 0, other, 0700)
TAKES(mkdirat, other, 0, at, other, 0700)
TAKES(mkfifo, other, 0, other, 0600)
TAKES(mkfifoat, other, 0, at, other, 0600)
TAKES(mknod, other, 0, other, S_IFREG | 0600, 0)
TAKES(mknodat, other, 0, at, other, S_IFREG | 0600, 0)
TAKES(remove, file, 0, file)
TAKES(unlink, file, 0, file)
TAKES(unlinkat, file, 0, at, file, 0)
TAKES(truncate, file, 0, file, 2)
TAKES(truncate64, file, 0, file, 2)
TAKES(link, file, 0, file, other)
TAKES(linkat, file, 0, at, file, at, other, 0)
TAKES(rename, file, 0, file, other)
TAKES(renameat, file, 0, at, file, at, other)
TAKES(renameat2, file, 0, at, file, at, other, RENAME_NOREPLACE)
TAKES(symlink, file, 0, file, other)
TAKES(symlinkat, file, 0, file, at, other)

CASE(chdir)
{
    place();
    CHECK(mkdir(other, 0700) == 0 && CALL(chdir)(other) == 0 && access("../file", F_OK) == 0);
    READS(other, 6);
    CHECK(chdir("..") == 0);
    clear();
}

CASE(rmdir)
{
    place();
    CHECK(mkdir(other, 0700) == 0 && CALL(rmdir)(other) == 0 && access(other, F_OK) == -1);
    READS(other, 6);
    clear();
}

CASE(system)
{
    static char command[] = "exit 3";
    CHECK(WEXITSTATUS(CALL(system)(command)) == 3 && CALL(system)(NULL) != 0);
    READS(command, sizeof command);
}

CASE(opendir)
{
    place();
    DIR *d = CALL(opendir)(there);
    CHECK(d && closedir(d) == 0);
    READS(there, strlen(there) + 1);
    clear();
}

CASE(readdir)
{
    place();
    DIR *d = opendir(there);
    struct dirent *e = CALL(readdir)(d);
    CHECK(e != NULL);
    WRITES(e, e->d_reclen);
    clear();
}

CASE(readdir64)
{
    place();
    DIR *d = opendir(there);
    struct dirent64 *e = CALL(readdir64)(d);
    CHECK(e != NULL);
    WRITES(e, e->d_reclen);
    clear();
}

#define SCANS(name, type) \
    CASE(name) \
    { \
        struct type **list; \
        place(); \
        CHECK(CALL(name)(there, &list, NULL, NULL) == 3); \
        READS(there, strlen(there) + 1); \
        WRITES(&list, sizeof list); \
        WRITES(list, 3 * sizeof list[0]); \
        WRITES(list[2], list[2]->d_reclen); \
        clear(); \
    }

SCANS(scandir, dirent)
SCANS(scandir64, dirent64)

/* ---- paths that libc makes up --------------------------------------------------------------------------------------------- */

static char room[PATH_MAX];

static void made(const char *path, const char *wanted)
{
    CHECK(path && strcmp(path, wanted) == 0);
    WRITES(path, strlen(wanted) + 1);
    clear();
}

static const char *whole(void)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/file", there);
    return path;
}

CASE(getcwd)
{
    place();
    char *path = CALL(getcwd)(NULL, 0);
    ALLOCATES(path, SIZE_MAX);
    CHECK(CALL(getcwd)(room, sizeof room) == room);
    made(room, there);
}

CASE(__getcwd_chk)
{
    place();
    made(CALL(__getcwd_chk)(room, sizeof room, sizeof room), there);
}

CASE(get_current_dir_name)
{
    place();
    unsetenv("PWD");
    made(CALL(get_current_dir_name)(), there);
}

CASE(realpath)
{
    place();
    CHECK(CALL(realpath)(other, room) == NULL && errno == ENOENT);
    READS(other, 6);
    made(CALL(realpath)(file, NULL), whole());
}

CASE(__realpath_chk)
{
    place();
    made(CALL(__realpath_chk)(file, room, sizeof room), whole());
}

CASE(canonicalize_file_name)
{
    place();
    made(CALL(canonicalize_file_name)(file), whole());
}

#define READS_LINK(name, ...) \
    CASE(name) \
    { \
        place(); \
        CHECK(symlink(file, other) == 0); \
        CHECK(CALL(name)(__VA_ARGS__) == 4 && memcmp(room, "file", 5) == 0); \
        READS(other, 6); \
        WRITES(room, 4); \
        clear(); \
    }

READS_LINK(readlink, other, room, sizeof room)
READS_LINK(__readlink_chk, other, room, sizeof room, sizeof room)
READS_LINK(readlinkat, at, other, room, sizeof room)
READS_LINK(__readlinkat_chk, at, other, room, sizeof room, sizeof room)

/* ---- stat ------------------------------------------------------------------------------------------------------------------ */

#define STATS(name, type, size_field, ...) \
    CASE(name) \
    { \
        static type s; \
        place(); \
        int fd = open(file, O_RDONLY); \
        CHECK(CALL(name)(__VA_ARGS__) == 0 && s.size_field); \
        WRITES(&s, sizeof s); \
        if (fd >= 0) \
            close(fd); \
        clear(); \
    }

STATS(stat, struct stat, st_size == 4, file, &s)
STATS(stat64, struct stat64, st_size == 4, file, &s)
STATS(lstat, struct stat, st_size == 4, file, &s)
STATS(lstat64, struct stat64, st_size == 4, file, &s)
STATS(fstatat, struct stat, st_size == 4, at, file, &s, 0)
STATS(fstatat64, struct stat64, st_size == 4, at, file, &s, 0)
STATS(statx, struct statx, stx_size == 4, at, file, 0, STATX_SIZE, &s)
STATS(statfs, struct statfs, f_bsize > 0, file, &s)
STATS(statfs64, struct statfs64, f_bsize > 0, file, &s)
STATS(statvfs, struct statvfs, f_bsize > 0, file, &s)
STATS(statvfs64, struct statvfs64, f_bsize > 0, file, &s)
STATS(fstat, struct stat, st_size == 4, fd, &s)
STATS(fstat64, struct stat64, st_size == 4, fd, &s)
STATS(fstatfs, struct statfs, f_bsize > 0, fd, &s)
STATS(fstatfs64, struct statfs64, f_bsize > 0, fd, &s)
STATS(fstatvfs, struct statvfs, f_bsize > 0, fd, &s)
STATS(fstatvfs64, struct statvfs64, f_bsize > 0, fd, &s)
STATS(__xstat, struct stat, st_size == 4, 1, file, &s)
STATS(__xstat64, struct stat64, st_size == 4, 1, file, &s)
STATS(__lxstat, struct stat, st_size == 4, 1, file, &s)
STATS(__lxstat64, struct stat64, st_size == 4, 1, file, &s)
STATS(__fxstat, struct stat, st_size == 4, 1, fd, &s)
STATS(__fxstat64, struct stat64, st_size == 4, 1, fd, &s)

#define READS_INTO(name, type) \
    CASE(name) \
    { \
        struct type to, *result; \
        place(); \
        DIR *d = opendir(there); \
        CHECK(CALL(name)(d, &to, &result) == 0 && result == &to); \
        WRITES(&result, sizeof result); \
        WRITES(&to, to.d_reclen); \
        clear(); \
    }
READS_INTO(readdir_r, dirent)
READS_INTO(readdir64_r, dirent64)

CASE(getdents64)
{
    static char to[1024];
    place();
    int fd = open(there, O_RDONLY | O_DIRECTORY);
    ssize_t n = CALL(getdents64)(fd, to, sizeof to);
    CHECK(n > 0);
    WRITES(to, (size_t)n);
    clear();
}
