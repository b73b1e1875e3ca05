#!/bin/sh
# An executable that clang linked with its ThreadSanitizer is recognised, although that runtime calls our wrappers before
# it has its own ready.   check_static_tsan.sh LIBRARY
set -eu
library=$1
clang=$(command -v clang-19 || command -v clang) || { echo "no clang" && exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo 'int main(void) { return 3; }' >"$work/main.c"
"$clang" -fsanitize=thread "$work/main.c" -o "$work/main"

# ends STATUS OPTIONS
ends() {
    status=0
    GORACE_OPTIONS=$2 LD_PRELOAD=$library timeout 600 "$work/main" >"$work/out" 2>&1 || status=$?
    [ "$status" = "$1" ] && grep -q 'carries its own ThreadSanitizer runtime' "$work/out" && return
    echo "$2: status $status instead of $1"
    cat "$work/out"
    exit 1
}

ends 66 static_tsan=stop
ends 3 static_tsan=run
