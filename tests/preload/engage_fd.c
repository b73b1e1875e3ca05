/* Descriptors: opening, copying, reading, writing; what goes in at one end is ordered before what comes out. */
#include <sys/inotify.h>

#include "engage.h"

static char data[8] = "data", room[8];

static int file(void)
{
    return memfd_create("engage", 0);
}

/* ---- the end of the data is passed on by close ------------------------------------------------------------------- */

static int ends[2];

static void reads_the_end(void)
{
    CHECK(read(ends[0], room, 1) == 0);
    EDGE();
}

CASE(close)
{
    CHECK(pipe(ends) == 0);
    from_here();
    CHECK(CALL(close)(ends[1]) == 0);
    reads_the_end();
    errno = 0;
    CHECK(CALL(close)(ends[1]) == -1 && errno == EBADF);
}

CASE(close_range)
{
    CHECK(pipe(ends) == 0 && dup2(ends[1], 500) == 500 && close(ends[1]) == 0);
    from_here();
    CHECK(CALL(close_range)(400, 600, 0) == 0);
    reads_the_end();
}

CASE(closefrom)
{
    CHECK(pipe(ends) == 0 && dup2(ends[1], 500) == 500 && close(ends[1]) == 0);
    from_here();
    CALL(closefrom)(400);
    reads_the_end();
}

/* ---- pairs ----------------------------------------------------------------------------------------------------------- */

static void passes(int from, int to)
{
    from_here();
    CHECK(write(from, data, 8) == 8 && read(to, room, 8) == 8 && memcmp(data, room, 8) == 0);
    EDGE();
}

static void passes_nothing(int from, int to)
{
    from_here();
    CHECK(write(from, data, 1) == 1);
    fcntl(to, F_SETFL, O_NONBLOCK);
    CHECK(read(to, room, 1) <= 0);
    NO_EDGE();
}

CASE(pipe)
{
    CHECK(CALL(pipe)(ends) == 0);
    WRITES(ends, sizeof ends);
    passes(ends[1], ends[0]);
    passes_nothing(ends[1], memfd_create("other", 0));
}

CASE(pipe2)
{
    CHECK(CALL(pipe2)(ends, O_CLOEXEC) == 0);
    WRITES(ends, sizeof ends);
    passes(ends[1], ends[0]);
}

CASE(socketpair)
{
    CHECK(CALL(socketpair)(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    WRITES(ends, sizeof ends);
    passes(ends[1], ends[0]);
    passes(ends[0], ends[1]);
    passes_nothing(ends[0], ends[0]);
}

CASE(eventfd)
{
    int fd = CALL(eventfd)(0, 0);
    passes(fd, fd);
}

CASE(eventfd_write)
{
    int fd = eventfd(0, 0);
    from_here();
    CHECK(CALL(eventfd_write)(fd, 3) == 0);
    TOLD(TRACE_RELEASE_MERGE, 0, SIZE_MAX);
}

CASE(eventfd_read)
{
    int fd = eventfd(0, 0);
    eventfd_t value;
    CHECK(eventfd_write(fd, 3) == 0 && CALL(eventfd_read)(fd, &value) == 0 && value == 3);
    WRITES(&value, sizeof value);
    EDGE();
}

CASE(flock)
{
    int one = memfd_create("locked", 0);
    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", one);
    int two = open(path, O_RDWR);
    from_here();
    CHECK(CALL(flock)(one, LOCK_EX) == 0 && CALL(flock)(two, LOCK_EX | LOCK_NB) == -1 && errno == EWOULDBLOCK);
    CHECK(CALL(flock)(one, LOCK_UN) == 0 && CALL(flock)(two, LOCK_EX | LOCK_NB) == 0);
    EDGE();
}

#define LOCKS(name) \
    CASE(name) \
    { \
        int fd = memfd_create("locked", 0); \
        CHECK(CALL(name)(fd, F_LOCK, 1) == 0 && CALL(name)(fd, F_ULOCK, 1) == 0); \
        CHECK(CALL(name)(-1, F_LOCK, 1) == -1 && errno == EBADF); \
    }

LOCKS(lockf)
LOCKS(lockf64)

CASE(timerfd_create)
{
    int fd = CALL(timerfd_create)(CLOCK_MONOTONIC, TFD_NONBLOCK);
    CHECK(fd >= 0 && read(fd, room, 8) == -1 && errno == EAGAIN);
}

CASE(timerfd_settime)
{
    int fd = timerfd_create(CLOCK_MONOTONIC, 0);
    struct itimerspec once = {.it_value.tv_nsec = 1}, old;
    from_here();
    CHECK(CALL(timerfd_settime)(fd, 0, &once, &old) == 0);
    READS(&once, sizeof once);
    WRITES(&old, sizeof old);
    CHECK(read(fd, room, 8) == 8);
    EDGE();
}

CASE(timerfd_gettime)
{
    struct itimerspec now;
    CHECK(CALL(timerfd_gettime)(timerfd_create(CLOCK_MONOTONIC, 0), &now) == 0);
    WRITES(&now, sizeof now);
}

#define CUTS(name) \
    CASE(name) \
    { \
        int fd = memfd_create("size", 0); \
        struct stat found; \
        from_here(); \
        CHECK(CALL(name)(fd, 3) == 0 && fstat(fd, &found) == 0 && found.st_size == 3); \
        TOLD(TRACE_RELEASE_MERGE, 0, SIZE_MAX); \
    }
CUTS(ftruncate)
CUTS(ftruncate64)

CASE(inotify_init)
{
    CHECK(CALL(inotify_init)() >= 0);
}

CASE(inotify_init1)
{
    CHECK(CALL(inotify_init1)(IN_CLOEXEC) >= 0);
}

/* ---- copies pass on what the original does --------------------------------------------------------------------------- */

CASE(dup)
{
    CHECK(pipe(ends) == 0);
    passes(CALL(dup)(ends[1]), CALL(dup)(ends[0]));
}

CASE(dup2)
{
    CHECK(pipe(ends) == 0 && CALL(dup2)(ends[1], 500) == 500);
    passes(500, ends[0]);
    CHECK(CALL(dup2)(ends[1], ends[1]) == ends[1]);
    passes(ends[1], ends[0]);
}

CASE(dup3)
{
    CHECK(pipe(ends) == 0 && CALL(dup3)(ends[1], 500, O_CLOEXEC) == 500);
    passes(500, ends[0]);
}

CASE(fcntl)
{
    CHECK(pipe(ends) == 0 && CALL(fcntl)(ends[1], F_DUPFD, 500) == 500);
    passes(500, ends[0]);
    CHECK(CALL(fcntl)(ends[1], F_GETFD) == 0);
}

CASE(fcntl64)
{
    CHECK(pipe(ends) == 0 && CALL(fcntl64)(ends[1], F_DUPFD_CLOEXEC, 500) == 500);
    passes(500, ends[0]);
}

/* ---- read and write ---------------------------------------------------------------------------------------------------- */

#define GETS_DATA(name, ...) \
    CASE(name) \
    { \
        int fd = file(); \
        CHECK(pwrite(fd, data, 5, 0) == 5); \
        CHECK(CALL(name)(fd, room, 8, ##__VA_ARGS__) == 5 && strcmp(room, "data") == 0); \
        WRITES(room, 5); \
        EDGE(); \
    }

GETS_DATA(read)
GETS_DATA(__read_chk, sizeof room)
GETS_DATA(pread, 0)
GETS_DATA(pread64, 0)
GETS_DATA(__pread_chk, 0, sizeof room)
GETS_DATA(__pread64_chk, 0, sizeof room)

#define GIVES_DATA(name, ...) \
    CASE(name) \
    { \
        int fd = file(); \
        from_here(); \
        CHECK(CALL(name)(fd, data, 5, ##__VA_ARGS__) == 5); \
        READS(data, 5); \
        CHECK(pread(fd, room, 8, 0) == 5); \
        EDGE(); \
    }

GIVES_DATA(write)
GIVES_DATA(pwrite, 0)
GIVES_DATA(pwrite64, 0)

CASE(getrandom)
{
    CHECK(CALL(getrandom)(room, 8, 0) == 8);
    WRITES(room, 8);
}

CASE(getentropy)
{
    CHECK(CALL(getentropy)(room, 8) == 0);
    WRITES(room, 8);
}
