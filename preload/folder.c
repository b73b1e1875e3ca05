/* See folder.h. */
#include "folder.h"

#include <fcntl.h>
#include <stdint.h>

#include "raw.h"

struct entry { /* as getdents64(2) writes it */
    uint64_t inode;
    int64_t offset;
    unsigned short length;
    unsigned char type;
    char name[];
};

static bool is_number(const char *name)
{
    while (*name >= '0' && *name <= '9')
        name++;
    return !*name;
}

int folder_number(const char *name)
{
    int n = 0;
    for (; is_number(name) && *name; name++)
        n = n * 10 + (*name - '0');
    return n;
}

void folder_name(char *to, int number)
{
    for (int scale = 1000000000; scale; scale /= 10)
        if (number >= scale || scale == 1)
            *to++ = (char)('0' + number / scale % 10);
    *to = 0;
}

bool folder_each(const char *path, void (*visit)(int folder, const char *name, void *arg), void *arg)
{
    char buffer[2048] __attribute__((aligned(8)));
    long folder = raw_syscall(SYS_openat, AT_FDCWD, (long)path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0, 0, 0);
    long n;
    if (folder < 0)
        return false;
    while ((n = raw_syscall(SYS_getdents64, folder, (long)buffer, sizeof buffer, 0, 0, 0)) > 0)
        for (long at = 0; at < n;) {
            const struct entry *e = (const void *)(buffer + at);
            at += e->length;
            if (is_number(e->name))
                visit((int)folder, e->name, arg);
        }
    raw_syscall(SYS_close, folder, 0, 0, 0, 0, 0);
    return n == 0;
}
