#!/bin/sh
# A race is only possible, and the reason is given, in a process that has made code at run time.
#   check_made_code.sh LIBRARY PROGRAM
library=$1 program=$2
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT

# expect STATUS PATTERN [ARGUMENT]
expect() {
    : >"$log"
    GORACE_OPTIONS="instrument=1 detect=race log=$log" LD_PRELOAD=$library "$program" ${3+"$3"}
    status=$?
    if [ $status != "$1" ] || ! grep -q "$2" "$log"; then
        echo "${3-no code made}: status $status, not $1, or no \"$2\" in"
        cat "$log"
        exit 1
    fi
}

expect 66 "WARNING: gorace: data-race"
expect 0 "NOTE: gorace: possible data-race" made
expect 0 "NOTE: gorace: possible data-race" file
expect 0 "race.* only possible (repeats included): code that the process has made" made
