#!/bin/sh
# A library without the hooks whose own atomic operations order a program that has them (mail.c): a false race unless it is named, none
# when it is, and the races that the program has all the same are found. Without Zydis a library that is known is lost, and a line says so.
# check_atomics_of.sh LIBRARY PROGRAM [RACY_PROGRAM_OF_TBB]
set -eu
library=$1
program=$2
tbb=${3:-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# run OPTIONS STATUS PROGRAM [ARGUMENT]
run() {
    options=$1
    expected=$2
    shift 2
    status=0
    GORACE_OPTIONS=$options LD_PRELOAD=$library "$@" >"$work/out" 2>&1 || status=$?
    if [ "$status" != "$expected" ]; then
        cat "$work/out"
        echo "FAIL: $* with $options: status $status, not $expected"
        exit 1
    fi
}

run "verbosity=0" 66 "$program"
run "atomics_of=libmail" 0 "$program"
run "atomics_of=libmail" 66 "$program" late
run "atomics_of=libmail" 66 "$program" unlocked
run "atomics_of=-lib" 66 "$program"
if [ "$tbb" ]; then
    : >"$work/libZydis.so.4.0"
    LD_LIBRARY_PATH=$work run "verbosity=0" 66 "$tbb"
    grep -q "orders threads by atomic operations of its own, which are not seen without Zydis" "$work/out"
fi
echo "ok"
