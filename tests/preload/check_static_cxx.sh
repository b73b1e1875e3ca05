#!/bin/sh
# A program with libstdc++ in it, of g++ -fsanitize=thread: operator new and delete work, and its race is found, with the block's allocation.
#     check_static_cxx.sh LIBRARY
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
g++ -std=c++17 -fsanitize=thread -static-libstdc++ -O1 -g -I"$here/../support" "$here/static_cxx.cc" -o "$work/static" -pthread
status=0
GORACE_OPTIONS=exitcode=0 LD_PRELOAD=$1 timeout 600 "$work/static" >"$work/out" 2>&1 || status=$?
[ "$status" = 0 ] || { echo "status $status"; cat "$work/out"; exit 1; }
[ "$(grep -c '^SUMMARY: gorace: data-race static_cxx.cc:21' "$work/out")" = 1 ] || { cat "$work/out"; exit 1; }
grep -q 'heap block of 4 bytes.*static_cxx.cc:15' "$work/out" || { cat "$work/out"; exit 1; }
