#!/bin/bash
# include/gorace/annotate.h: compiles as C and C++, does nothing alone, and reaches a library that is preloaded, in
# executables of both kinds, where a weak reference would get lost.    check_annotate.sh LIBRARY
set -eu
export LC_ALL=C

library=$1
include=$(cd "$(dirname "$0")/../../include" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

cat >"$work/tool.c" <<'TEXT'
#define GORACE_ANNOTATE_DEFINITIONS
#include <gorace/annotate.h>
#include <stdio.h>
#define TELL(name, params) void name params { puts(#name); }
#define ASK(name, params) unsigned long name params { puts(#name); return 7; }
GORACE_ANNOTATIONS(TELL)
GORACE_QUESTIONS(ASK)
TEXT
cat >"$work/app.c" <<'TEXT'
#define GORACE_VALGRIND_NAMES
#include <gorace/annotate.h>
static int x;
int main(void)
{
    GORACE_HAPPENS_BEFORE(&x);
    GORACE_HAPPENS_AFTER(&x);
    GORACE_LOCK_ACQUIRED(&x, 1);
    GORACE_LOCK_RELEASED(&x, 1);
    GORACE_LOCK_DESTROYED(&x);
    GORACE_IGNORE_BEGIN();
    GORACE_IGNORE_END();
    ANNOTATE_BENIGN_RACE(&x, "a test");
    GORACE_NEW_MEMORY(&x, sizeof(x));
    GORACE_NAME_THREAD("tester");
    GORACE_NAME_GOROUTINE("tester");
    GORACE_NAME_LOCK(&x, "lock");
    GORACE_ON_FINDING(0, 0);
    GORACE_EXPECT_RACE(&x, sizeof(x), "a test");
    {
        GORACE_IGNORE_SCOPE();
        x++;
        GORACE_IGNORE_SCOPE();
    }
    if (gorace_check_stuck() != GORACE_FINDINGS())
        return 1;
    if (GORACE_FINDINGS() != GORACE_EXPECTED_RACES(&x))
        return 1;
    return 0;
}
TEXT
gcc -w -shared -fPIC -I"$include" "$work/tool.c" -o "$work/tool.so"
cat >"$work/expected" <<'TEXT'
gorace_annotate_happens_before
gorace_annotate_happens_after
gorace_annotate_lock_acquired
gorace_annotate_lock_released
gorace_annotate_lock_destroyed
gorace_annotate_ignore_reads
gorace_annotate_ignore_writes
gorace_annotate_ignore_writes
gorace_annotate_ignore_reads
gorace_annotate_benign_race
gorace_annotate_new_memory
gorace_annotate_thread_name
gorace_annotate_thread_name
gorace_annotate_lock_name
gorace_annotate_on_finding
gorace_annotate_expect_race
gorace_annotate_ignore_reads
gorace_annotate_ignore_writes
gorace_annotate_ignore_reads
gorace_annotate_ignore_writes
gorace_annotate_ignore_writes
gorace_annotate_ignore_reads
gorace_annotate_ignore_writes
gorace_annotate_ignore_reads
gorace_annotate_check_stuck
gorace_annotate_findings
gorace_annotate_findings
gorace_annotate_expected_races
TEXT

for compiler in gcc clang; do
    command -v $compiler >/dev/null || continue
    for language in "c -std=c99" c++; do
        for kind in "-fPIE -pie" "-fno-pie -no-pie" "-O2 -fno-pie -no-pie" "-O2 -fPIE -pie"; do
            # shellcheck disable=SC2086 # lists of words
            $compiler -x $language $kind -Wall -Wextra -Werror -I"$include" "$work/app.c" -o "$work/app" -lstdc++
            [ -z "$("$work/app" 2>&1)" ] || { echo "$compiler $language $kind: says something alone"; failed=1; }
            LD_PRELOAD=$work/tool.so "$work/app" | cmp -s - "$work/expected" || {
                echo "$compiler $language $kind: annotations do not arrive"
                failed=1
            }
        done
    done
done

# The detector has all of them.
sort -u "$work/expected" >"$work/names"
nm -D --defined-only "$library" | awk '{ print $NF }' | grep '^gorace_annotate_' | sort >"$work/defined" || true
cmp -s "$work/names" "$work/defined" || {
    echo "$library and annotate.h differ:"
    diff "$work/names" "$work/defined" || true
    failed=1
}
exit $failed
