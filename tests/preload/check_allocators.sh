#!/bin/sh
# The program's malloc may be libc's, or jemalloc's, mimalloc's or tcmalloc's, preloaded or linked in, or its own.
# Each time the program must work, and exactly its one race be reported.
#     check_allocators.sh LIBRARY
set -eu
here=$(cd "$(dirname "$0")" && pwd)
library=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
wrong=0
tried=0

build() {
    program=$work/$1
    shift
    ${CXX:-g++} -std=c++17 -fsanitize=thread -O1 -g "$here/allocators.cc" -o "$program" "$@" -ldl
}

runs() {
    tried=$((tried + 1))
    status=0
    LD_PRELOAD=$library${2:+:$2} timeout 600 "$program" $throws >"$work/out" 2>"$work/report" || status=$?
    found=$(grep -c '^WARNING: gorace:' "$work/report" || true)
    if [ "$status" != 66 ] || [ "$found" != 1 ] || [ "$(cat "$work/out")" != right ]; then
        wrong=$((wrong + 1))
        echo "$1: status $status, $found findings, output '$(cat "$work/out")'"
        sed 's/^/    /' "$work/report" | head -60
    fi
}

find_library() {
    ldconfig -p | sed -n "s/^[[:space:]]*$1.* => //p" | head -1
}

throws=
build plain
runs "libc's malloc"
for name in libjemalloc.so.2 libmimalloc.so.2 libtcmalloc_minimal.so.4; do
    path=$(find_library $name)
    if [ -z "$path" ]; then
        echo "$name is not installed: not tried"
        continue
    fi
    case $name in libmimalloc*) throws=no ;; *) throws= ;; esac
    build plain
    runs "$name preloaded" "$path"
    build linked -Wl,--no-as-needed "$path"
    runs "$name linked in"
done
throws=
build own-malloc -DOWN_MALLOC
runs "malloc defined in the program"
build own-new -DOWN_NEW
runs "operator new defined in the program"
echo "$tried ways, $wrong wrong"
[ "$wrong" = 0 ]
