/* ioctl. Its requests are drivers' own, and the sizes in their numbers are not always true (FS_IOC_GETFLAGS says a long and writes an int):
 * told are those of terminals, descriptors and network interfaces. */
#include <linux/fs.h>
#include <net/if.h>
#include <stdarg.h>

#include "fd_edges.h"
#include "touch.h"

#define KERNEL_TERMIOS 36 /* struct termios of the kernel is not libc's */

/* What is asked of an interface is read and written: its name, or the room, and the answer. */
static size_t asks_interface(unsigned long request)
{
    switch (request) {
    case SIOCGIFADDR:
    case SIOCGIFBRDADDR:
    case SIOCGIFDSTADDR:
    case SIOCGIFFLAGS:
    case SIOCGIFHWADDR:
    case SIOCGIFINDEX:
    case SIOCGIFMETRIC:
    case SIOCGIFMTU:
    case SIOCGIFNETMASK:
    case SIOCGIFNAME:
        return sizeof(struct ifreq);
    case SIOCGIFCONF:
        return sizeof(struct ifconf);
    }
    return 0;
}

static size_t reads(unsigned long request)
{
    switch (request) {
    case FIONBIO:
    case FIOASYNC:
    case TIOCSPGRP:
    case TIOCSPTLCK:
        return sizeof(int);
    case TIOCSWINSZ:
        return sizeof(struct winsize);
    case TCSETS:
    case TCSETSW:
    case TCSETSF:
        return KERNEL_TERMIOS;
    case SIOCSIFADDR:
    case SIOCSIFFLAGS:
    case SIOCSIFMTU:
        return sizeof(struct ifreq);
    }
    return asks_interface(request);
}

static size_t writes(unsigned long request)
{
    switch (request) {
    case FIONREAD:
    case TIOCOUTQ:
    case TIOCGPGRP:
    case TIOCGSID:
    case TIOCGPTN:
    case SIOCATMARK:
    case BLKSSZGET:
        return sizeof(int);
    case BLKGETSIZE64:
        return sizeof(uint64_t);
    case TIOCGWINSZ:
        return sizeof(struct winsize);
    case TCGETS:
        return KERNEL_TERMIOS;
    }
    return asks_interface(request);
}

INTERPOSE(int, ioctl, (int fd, unsigned long request, ...))
{
    va_list list;
    va_start(list, request);
    void *argument = va_arg(list, void *);
    va_end(list);
    struct actor *me = current();
    if (me && addressable(argument))
        read_if(me, argument, reads(request), CALLER);
    int result = REAL(ioctl)(fd, request, argument);
    if (me && result == 0 && addressable(argument)) {
        write_if(me, argument, writes(request), CALLER);
        if (request == FIONREAD)
            fd_acquire(me, fd);
        const struct ifconf *interfaces = argument;
        if (request == SIOCGIFCONF && interfaces->ifc_len > 0)
            write_if(me, interfaces->ifc_buf, (size_t)interfaces->ifc_len, CALLER);
    }
    return result;
}
