/* Listening for and making connections by a path: unix sockets. A path that begins with '@' is in the abstract name space. */
#include <errno.h>
#include <string.h>
#include <sys/un.h>

#include "fd.h"
#include "io.h"
#include "rt.h"

static int address_of(const char *path, struct sockaddr_un *address, socklen_t *size)
{
    size_t length = strlen(path);
    if (length == 0)
        return -EINVAL;
    if (length >= sizeof address->sun_path)
        return -ENAMETOOLONG;
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(address->sun_path, path, length);
    *size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + 1);
    if (path[0] == '@') {
        address->sun_path[0] = '\0';
        --*size;
    }
    return 0;
}

/* A new socket, and the address for it. */
static int socket_for(const char *path, struct sockaddr_un *address, socklen_t *size)
{
    int error = address_of(path, address, size);
    int fd = error ? error : rt_libc_socket(AF_UNIX, SOCK_STREAM, 0);
    return fd < 0 ? fd : rt_fd_adopt(fd, RT_FD_SOCKET);
}

static int unless(int error, int fd)
{
    if (error == 0)
        return fd;
    rt_fd_close(fd);
    return error;
}

int goro_unix_listen(const char *path, int backlog)
{
    rt_goroutine("goro_unix_listen");
    struct sockaddr_un address;
    socklen_t size;
    int fd = socket_for(path, &address, &size);
    return fd < 0 ? fd : unless(rt_libc_bind_listen(fd, (struct sockaddr *)&address, size, backlog), fd);
}

int goro_unix_dial(const char *path, int64_t deadline)
{
    rt_goroutine("goro_unix_dial");
    struct sockaddr_un address;
    socklen_t size;
    int fd = socket_for(path, &address, &size);
    return fd < 0 ? fd : unless(goro_connect(fd, (struct sockaddr *)&address, size, deadline), fd);
}
