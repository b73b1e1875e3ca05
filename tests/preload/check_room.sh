#!/bin/sh
# The detector's large tables lie apart from the libraries, which need room near them when they are relocated (instrument/area.c).
#     check_room.sh LIBRARY
set -eu
library=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/main.c" <<'END'
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
static int shared;
static void *work(void *arg)
{
    __atomic_fetch_add(&shared, 1, __ATOMIC_SEQ_CST);
    return arg;
}
/* Large mappings within 2 GB of libc, but those that cannot be touched. */
int main(void)
{
    pthread_t t;
    if (pthread_create(&t, NULL, work, NULL) || pthread_join(t, NULL))
        return 2;
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[512], rights[8];
    uintptr_t lo, hi, libc = (uintptr_t)&fopen;
    int large = 0, all = 0;
    while (fgets(line, sizeof line, maps))
        if (sscanf(line, "%lx-%lx %7s", &lo, &hi, rights) == 3 && hi - lo >= 256ul << 20 && rights[0] == 'r') {
            const int near = hi > libc - (1ul << 31) && lo < libc + (1ul << 31);
            all++;
            large += near;
            if (near)
                fputs(line, stdout);
        }
    printf("%d large, %d near\n", all, large);
    return !all || large;
}
END
${CC:-gcc} -fsanitize=thread -O1 "$work/main.c" -o "$work/main" -pthread
LD_PRELOAD=$library "$work/main"
