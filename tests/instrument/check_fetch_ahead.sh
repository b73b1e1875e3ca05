#!/bin/sh
# tests/instrument/fetch_ahead.c runs as it does alone, with as many instructions patched as it says, and with prefetch=0 with none.
#   check_fetch_ahead.sh LIBRARY PROGRAM
library=$1 program=$2
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT

count() { # OPTIONS
    : >"$log"
    expected=$(GORACE_OPTIONS="verbosity=1 log=$log $1" LD_PRELOAD=$library "$program") || exit 1
    found=$(sed -n 's/^gorace: \([0-9]*\) prefetching instructions of 1 modules fetch.*/\1/p' "$log")
}

count ""
if [ "$expected" != "$found" ]; then
    echo "$expected prefetching instructions, but ${found:-none} patched:"
    cat "$log"
    exit 1
fi
count prefetch=0
[ -z "$found" ] || { echo "prefetch=0, but $found are patched"; exit 1; }
