#include "goroutine.h"
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

INVISIBLE int steps_done(struct schedule *s)
{
    return __atomic_load_n(&s->done, __ATOMIC_ACQUIRE);
}

void await_step(struct schedule *s, int k)
{
    while (steps_done(s) < k)
        goro_yield();
}

void rendezvous(int n)
{
    static int arrived;

    __atomic_add_fetch(&arrived, 1, __ATOMIC_ACQ_REL);
    while (__atomic_load_n(&arrived, __ATOMIC_ACQUIRE) < n)
        goro_yield();
}

void await_waiting(const char *reason)
{
    char text[8192], wanted[64];
    int fd = memfd_create("dump", 0);
    bool found = false;

    snprintf(wanted, sizeof wanted, "[%s", reason);
    while (!found) {
        ssize_t size;

        goro_yield();
        if (fd < 0 || ftruncate(fd, 0))
            pattern_fail("memfd_create");
        goro_dump(fd);
        size = pread(fd, text, sizeof text - 1, 0);
        text[size < 0 ? 0 : size] = '\0';
        found = strstr(text, wanted) != NULL;
    }
    close(fd);
}
