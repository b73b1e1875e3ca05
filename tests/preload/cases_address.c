/* What is no address: a system call answers EFAULT to it, and some programs ask so whether a call exists (Rust's standard library
 * gives statx null pointers). A wrapper must not look there before the kernel has. */
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/uio.h>

#include "cases.h"

/* Read where the compiler cannot know that an argument which headers call nonnull is null. */
static void *volatile addresses[] = {NULL, (void *)1, (void *)-1};

#define REFUSED(call) \
    do { \
        errno = 0; \
        CHECK((call) == -1 && errno == EFAULT); \
    } while (0)


static void norace_path_nowhere(void)
{
    for (int i = 0; i < 3; i++) {
        void *p = addresses[i];
        REFUSED(statx(0, p, 0, STATX_ALL, p));
        REFUSED(stat(p, p));
        REFUSED(fstatat(AT_FDCWD, p, p, 0));
        REFUSED(statfs(p, p));
        REFUSED(open(p, O_RDONLY));
        REFUSED(openat(AT_FDCWD, p, O_RDONLY));
        REFUSED(creat(p, 0600));
        REFUSED(access(p, R_OK));
        REFUSED(mkdir(p, 0700));
        REFUSED(unlink(p));
        REFUSED(link(p, p));
        REFUSED(symlink(p, p));
        REFUSED(chdir(p));
        REFUSED(truncate(p, 0));
    }
}

static void norace_vector_nowhere(void)
{
    int ends[2];
    struct msghdr message = {.msg_iovlen = 1};
    OK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
    for (int i = 0; i < 3; i++) {
        void *p = addresses[i];
        REFUSED(writev(ends[0], p, 1));
        REFUSED(readv(ends[0], p, 1));
        REFUSED(sendmsg(ends[0], p, 0));
        message.msg_iov = p;
        REFUSED(sendmsg(ends[0], &message, 0));
    }
}

static void norace_socket_address_nowhere(void)
{
    int stream = socket(AF_INET, SOCK_STREAM, 0), ends[2];
    OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends));
    for (int i = 0; i < 3; i++) {
        void *p = addresses[i];
        REFUSED(connect(stream, p, 16));
        REFUSED(getsockname(stream, p, p));
        if (p)
            REFUSED(sendto(ends[0], "", 1, 0, p, 16));
    }
}

static void norace_event_nowhere(void)
{
    int epoll = epoll_create1(0), ends[2];
    OK(pipe(ends));
    for (int i = 0; i < 3; i++)
        REFUSED(epoll_ctl(epoll, EPOLL_CTL_ADD, ends[0], addresses[i]));
}

static void norace_sleep_nowhere(void)
{
    for (int i = 0; i < 3; i++) {
        void *p = addresses[i];
        REFUSED(nanosleep(p, p));
        CHECK(clock_nanosleep(CLOCK_REALTIME, 0, p, p) == EFAULT);
    }
}

#define CASES(X) \
    X(norace_path_nowhere) X(norace_vector_nowhere) X(norace_socket_address_nowhere) X(norace_event_nowhere) \
    X(norace_sleep_nowhere)
CASES_MAIN
