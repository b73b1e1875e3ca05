/* Order without sleeping, for goroutines: until one has got as far as it can, which only the runtime knows. */
#ifndef GORACE_TESTS_WAITING_H
#define GORACE_TESTS_WAITING_H

#include <goro/goro.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Returns once `n` goroutines wait for the reason that goro_dump calls so ("chan send"). Aborts when it cannot ask. */
static inline void await_waiting(const char *reason, int n)
{
    static char text[1 << 16];
    int fd = memfd_create("dump", 0);

    for (int found = 0; found < n;) {
        ssize_t size;

        goro_yield();
        if (fd < 0 || ftruncate(fd, 0) || lseek(fd, 0, SEEK_SET))
            abort();
        goro_dump(fd);
        if ((size = pread(fd, text, sizeof text - 1, 0)) < 0)
            abort();
        text[size] = '\0';
        found = 0;
        for (const char *at = text; (at = strstr(at, reason)) != NULL; at++)
            found += at > text && at[-1] == '[';
    }
    close(fd);
}

#endif
