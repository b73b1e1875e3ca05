/* Calls that open files. */
#include "engage.h"

static char data[] = "data";

static void opens(int fd)
{
    CHECK(fd >= 0);
    from_here();
    CHECK(write(fd, data, 4) == 4);
    TOLD(TRACE_RELEASE_MERGE, 0, SIZE_MAX);
}

static char *path(void)
{
    static char name[] = "/tmp/engage.XXXXXX";
    int fd = mkstemp(name);
    CHECK(fd >= 0);
    close(fd);
    from_here();
    return name;
}

#define OPENS(name, ...) \
    CASE(name) \
    { \
        char *name_ = path(); \
        int fd = CALL(name)(__VA_ARGS__); \
        READS(name_, strlen(name_) + 1); \
        unlink(name_); \
        opens(fd); \
    }

OPENS(open, name_, O_RDWR | O_CREAT, 0600)
OPENS(open64, name_, O_RDWR | O_CREAT, 0600)
OPENS(openat, AT_FDCWD, name_, O_RDWR | O_CREAT, 0600)
OPENS(openat64, AT_FDCWD, name_, O_RDWR)
OPENS(__openat_2, AT_FDCWD, name_, O_RDWR)
OPENS(__open_2, name_, O_RDWR)
OPENS(__open64_2, name_, O_RDWR)
OPENS(creat, name_, 0600)
OPENS(creat64, name_, 0600)

CASE(shm_open)
{
    static char name[40];
    sprintf(name, "/engage.%d", getpid());
    from_here();
    int fd = CALL(shm_open)(name, O_RDWR | O_CREAT, 0600);
    READS(name, strlen(name) + 1);
    shm_unlink(name);
    opens(fd);
}

CASE(shm_unlink)
{
    static char name[40];
    sprintf(name, "/engage.%d", getpid());
    CHECK(shm_open(name, O_RDWR | O_CREAT, 0600) >= 0);
    from_here();
    CHECK(CALL(shm_unlink)(name) == 0 && CALL(shm_unlink)(name) == -1 && errno == ENOENT);
    READS(name, strlen(name) + 1);
}

CASE(memfd_create)
{
    int fd = CALL(memfd_create)(data, 0);
    READS(data, 5);
    opens(fd);
}

#define MAKES(name, ...) \
    CASE(name) \
    { \
        static char path_[] = "/tmp/engage.XXXXXX"; \
        int fd = CALL(name)(path_, ##__VA_ARGS__); \
        WRITES(path_, sizeof path_); \
        CHECK(unlink(path_) == 0); \
        opens(fd); \
    }

MAKES(mkstemp)
MAKES(mkstemp64)
MAKES(mkostemp, O_CLOEXEC)

CASE(mkdtemp)
{
    static char name[] = "/tmp/engage.XXXXXX";
    CHECK(CALL(mkdtemp)(name) == name && rmdir(name) == 0);
    WRITES(name, sizeof name);
}
