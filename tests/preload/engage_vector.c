/* Vectors, and transfers between descriptors. */
#include "engage.h"

static char one[4] = "one", two[4] = "two", a[4], b[6];
static struct iovec from[2] = {{one, 4}, {two, 4}}, to[2] = {{a, 4}, {b, 6}};

static int file(void)
{
    int fd = memfd_create("engage", 0);
    CHECK(pwrite(fd, "onX\0twX", 8, 0) == 8);
    from_here();
    return fd;
}

#define FILLS(name, ...) \
    CASE(name) \
    { \
        int fd = file(); \
        CHECK(CALL(name)(fd, to, 2, ##__VA_ARGS__) == 8 && strcmp(b, "twX") == 0); \
        READS(to, sizeof to); \
        WRITES(a, 4); \
        WRITES(b, 4); \
        TOLD(TRACE_ACQUIRE, 0, SIZE_MAX); \
    }

FILLS(readv)
FILLS(preadv, 0)
FILLS(preadv64, 0)
FILLS(preadv2, 0, 0)
FILLS(preadv64v2, 0, 0)

#define EMPTIES(name, ...) \
    CASE(name) \
    { \
        int fd = file(); \
        CHECK(CALL(name)(fd, from, 2, ##__VA_ARGS__) == 8 && pread(fd, b, 4, 4) == 4 && strcmp(b, "two") == 0); \
        READS(from, sizeof from); \
        READS(one, 4); \
        READS(two, 4); \
        EDGE(); \
    }

EMPTIES(writev)
EMPTIES(pwritev, 0)
EMPTIES(pwritev64, 0)
EMPTIES(pwritev2, 0, 0)
EMPTIES(pwritev64v2, 0, 0)

CASE(process_vm_readv)
{
    ssize_t n = CALL(process_vm_readv)(getpid(), to, 2, from, 2, 0);
    if (n == -1 && errno == EPERM)
        return; /* forbidden in some containers; the call was forwarded */
    CHECK(n == 8 && strcmp(b, "two") == 0);
    READS(from[0].iov_base, from[0].iov_len);
    WRITES(a, 4);
    WRITES(b, 4);
}

CASE(process_vm_writev)
{
    ssize_t n = CALL(process_vm_writev)(getpid(), from, 2, to, 2, 0);
    if (n == -1 && errno == EPERM)
        return;
    CHECK(n == 8 && strcmp(b, "two") == 0);
    READS(from[0].iov_base, from[0].iov_len);
    WRITES(a, 4);
    WRITES(b, 4);
}

/* ---- transfers ---------------------------------------------------------------------------------------------------------- */

static int ends[2];

static void arrives(void)
{
    CHECK(read(ends[0], b, 4) == 4 && strcmp(b, "onX") == 0);
    EDGE();
}

CASE(sendfile)
{
    off_t at = 0;
    CHECK(pipe(ends) == 0 && CALL(sendfile)(ends[1], file(), &at, 4) == 4 && at == 4);
    WRITES(&at, sizeof at);
    arrives();
}

CASE(sendfile64)
{
    off64_t at = 0;
    CHECK(pipe(ends) == 0 && CALL(sendfile64)(ends[1], file(), &at, 4) == 4 && at == 4);
    WRITES(&at, sizeof at);
    arrives();
}

CASE(splice)
{
    off64_t at = 0;
    CHECK(pipe(ends) == 0 && CALL(splice)(file(), &at, ends[1], NULL, 4, 0) == 4 && at == 4);
    WRITES(&at, sizeof at);
    arrives();
}

CASE(tee)
{
    int other[2];
    CHECK(pipe(other) == 0 && pipe(ends) == 0 && write(other[1], "onX", 4) == 4);
    from_here();
    CHECK(CALL(tee)(other[0], ends[1], 4, 0) == 4);
    arrives();
}

CASE(vmsplice)
{
    CHECK(pipe(ends) == 0);
    from_here();
    CHECK(CALL(vmsplice)(ends[1], from, 1, 0) == 4 && read(ends[0], b, 4) == 4 && strcmp(b, "one") == 0);
    READS(one, 4);
    EDGE();
}

CASE(copy_file_range)
{
    off64_t at = 0;
    int copy = memfd_create("copy", 0), fd = file();
    CHECK(CALL(copy_file_range)(fd, &at, copy, NULL, 4, 0) == 4 && at == 4);
    WRITES(&at, sizeof at);
    CHECK(pread(copy, b, 4, 0) == 4 && strcmp(b, "onX") == 0);
    EDGE();
}
