#!/bin/sh
# Races of code without hooks: told when nothing unseen could order them, held back and counted when something could, and told
# all the same on request.
#     check_unseen.sh LIBRARY
set -eu
library=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Two threads fill one buffer; the compiler must not do it itself.
cat >"$work/main.c" <<'END_OF_C'
#include <pthread.h>
#include <string.h>
static char buffer[64];
static long count;
static void *fill(void *byte)
{
#ifdef ATOMIC
    __atomic_fetch_add(&count, 1, __ATOMIC_SEQ_CST);
#else
    (void)count;
#endif
    for (int i = 0; i < ROUNDS; i++)
        memset(buffer, *(char *)byte, sizeof buffer);
    return NULL;
}
/* Offsets 0xf0 and 0x1f0: their bytes could be taken for a prefix lock and an addition. */
__attribute__((noinline)) long far(volatile long *p)
{
    return p[30] + p[62];
}
static long spare[64];
int main(void)
{
    far(spare);
    pthread_t t[2];
    for (int i = 0; i < 2; i++)
        pthread_create(&t[i], NULL, fill, "ab" + i);
    for (int i = 0; i < 2; i++)
        pthread_join(t[i], NULL);
    return 0;
}
END_OF_C
${CC:-gcc} -O1 -g -fno-builtin -DROUNDS=1 "$work/main.c" -o "$work/plain" -pthread
${CC:-gcc} -O1 -g -fno-builtin -DROUNDS=1 -DATOMIC "$work/main.c" -o "$work/atomic" -pthread
${CC:-gcc} -O1 -g -fno-builtin -DROUNDS=1000 -DATOMIC "$work/main.c" -o "$work/often" -pthread

# expect PROGRAM OPTIONS STATUS WORDS
expect() {
    status=0
    GORACE_OPTIONS=$2 LD_PRELOAD=$library "$work/$1" 2>"$work/said" || status=$?
    if [ $status -ne "$3" ] || ! grep -q -e "$4" "$work/said"; then
        echo "$1 with '$2': status $status, not $3, or no word of '$4':"
        cat "$work/said"
        exit 1
    fi
}
expect plain "verbosity=1" 66 "data-race"
expect atomic "verbosity=1" 0 "1 possible race of code without hooks not reported.*as in the program"
expect atomic "verbosity=1" 0 "unseen_races=1"
expect atomic "unseen_races=1" 66 "data-race"

# Once one was held back, nobody looks for the others: all that the second thread does but its first round, and what the first one
# has left to do.
expect often "verbosity=1" 0 " \\(999\\|1[0-9][0-9][0-9]\\) accesses of code without hooks not checked"
expect often "unseen_races=1 verbosity=1" 66 "data-race"
if grep -q "not checked" "$work/said"; then
    echo "unseen_races=1 leaves accesses out:"
    cat "$work/said"
    exit 1
fi
