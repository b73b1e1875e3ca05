/* Keys of happens-before edges through descriptors, made from what the kernel knows of them. */
#ifndef GORACE_FD_NAME_H
#define GORACE_FD_NAME_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* Numbers that are no address (detector.h): bits 63 and 62, a kind, and what tells one from another. */
enum fd_key {
    FD_UNIQUE,
    FD_FILE,
    FD_FIFO,
    FD_TERMINAL,
    FD_STREAM,
    FD_DATAGRAM,
    FD_CONNECT,
    FD_LISTEN,
    FD_WATCH,
    FD_CROWD,
    FD_SYSTEM_V,
    FD_NUMBER,
    FD_ENTRY,
    FD_INOTIFY
};
#define FD_KEY(kind, which) \
    ((uint64_t)3 << 62 | (uint64_t)(kind) << 58 | ((uint64_t)(which) & (((uint64_t)1 << 58) - 1)))

struct fd_names {
    enum {
        FD_NOTHING_YET, /* not open, or a socket that has no peer yet */
        FD_QUIET,       /* nobody in this process is at the other end */
        FD_ANONYMOUS,   /* an object that only descriptors name */
        FD_NAMED
    } kind;
    uint64_t in, out;         /* FD_NAMED; 0: none */
    uint16_t here, there;     /* the ports of an internet connection; 0: it is none */
};

struct fd_names fd_names(int fd);
/* Of a regular file. */
uint64_t fd_file_key(uint64_t device, uint64_t inode);

/* A socket address in 29 bits: the port, or a hash of the path; 0 when unnamed. */
uint32_t fd_name(const struct sockaddr *a, socklen_t size);
uint32_t fd_local_name(int fd);
bool fd_is_datagram(int fd);
uint64_t fd_mix(uint64_t a, uint64_t b);

#endif
