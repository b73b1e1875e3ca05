#!/bin/sh
# verbosity=2 names the function that was left alone, and why; the module's line counts it; the program does what it does without.
#   check_left.sh LIBRARY PROGRAM
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT

GORACE_OPTIONS="instrument=1 verbosity=2 log=$log" LD_PRELOAD=$1 "$2" || exit 1
offset=$(nm "$2" | sed -n 's/^0*\([0-9a-f]*\) T jumps$/\1/p')
for line in "left alone: the program+0x$offset: it jumps into the middle of an instruction" \
    "instrumented the program: .*, 1 of them left alone;"; do
    if ! grep -q "$line" "$log"; then
        echo "no \"$line\" in"
        cat "$log"
        exit 1
    fi
done
