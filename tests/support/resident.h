/* How much of the process's memory is there. */
#ifndef GORACE_TESTS_RESIDENT_H
#define GORACE_TESTS_RESIDENT_H

#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

/* Bytes, zero pages not counted; -1: it can't be read. */
static inline long resident_bytes(void)
{
    long pages = 0, all;
    FILE *f = fopen("/proc/self/statm", "r");
    const bool read = f && fscanf(f, "%ld %ld", &all, &pages) == 2;
    if (f)
        fclose(f);
    return read ? pages * sysconf(_SC_PAGESIZE) : -1;
}

#endif
