#!/bin/sh
# Each race of a program that prints how many it has (unclear.c, again.c) is found, once.
#   check_unclear.sh LIBRARY PROGRAM [ARGUMENT...]
library=$1
shift
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT

expected=$(GORACE_OPTIONS="instrument=1 detect=race exitcode=0 verbosity=1 log=$log" LD_PRELOAD=$library "$@") || exit 1
found=$(sed -n 's/.* \([0-9]*\) races found, duplicates included.*/\1/p' "$log")
if [ "$expected" != "$found" ]; then
    echo "$expected races, but ${found:-none} found:"
    cat "$log"
    exit 1
fi
