#!/bin/sh
# No code of the library calls memcpy, memmove or memset for itself, as compilers do for the assignment of a structure: these are wrapped, and
# what they touch would be accesses of the program's.
#   check_own_copies.sh OBJECT;OBJECT...
# gomp.c copies what the program's tasks are given, as libgomp would; names are read where nothing is recorded.
objects=$(echo "$*" | tr ';' '\n' | grep -v -e '/gomp\.c\.o$' -e '/symbolize[a-z_]*\.c\.o$')
# shellcheck disable=SC2086
calls=$(nm -A -u $objects) || exit 1
if echo "$calls" | grep -wE 'memcpy|memmove|memset'; then
    exit 1
fi
