#!/bin/sh
# Builds matrix.c and matrix_cxx.cc (and test_errno.c, where it is) with every compiler that is installed, at every level of
# optimisation, with link-time optimisation, position-independent and not, for the old and new language, and runs each under
# GORO_MAXPROCS 1, 2 and 8.
#
#   check_matrix.sh SOURCE-DIR LIBGORO.A [LIBGORO.SO]
set -u
# shellcheck source-path=SCRIPTDIR source=builds.sh
. "$(dirname "$0")/builds.sh"
shared=${3:-}
built=0

# try COMPILER SOURCE FLAG...: builds and runs it.
try() {
    compiler=$1
    file=$2
    shift 2
    built=$((built + 1))
    if ! "$compiler" -D_GNU_SOURCE -g -Wall -Wextra -Werror -I"$source/include" -iquote "$source/runtime" "$@" \
        "$here/$file" "$library" $libraries -pthread -o "$folder/program" >"$folder/log" 2>&1; then
        fail "$compiler $* $file: does not compile"
        return
    fi
    for procs in 1 2 8; do
        GORO_MAXPROCS=$procs timeout 600 "$folder/program" >"$folder/log" 2>&1 ||
            fail "$compiler $* $file: GORO_MAXPROCS=$procs: status $?"
    done
}

# A position-independent user of the shared library, where thread-local addresses come out of calls.
try_shared() {
    [ -n "$shared" ] || return 0
    compiler=$1
    file=$2
    shift 2
    built=$((built + 1))
    if "$compiler" -D_GNU_SOURCE -Wall -Wextra -I"$source/include" "$@" "$here/$file" "$shared" \
        "-Wl,-rpath,$(dirname "$shared")" -pthread -o "$folder/program" >"$folder/log" 2>&1; then
        GORO_MAXPROCS=2 timeout 600 "$folder/program" >"$folder/log" 2>&1 || fail "$compiler $* $file: status $?"
    else
        fail "$compiler $* $file with the shared library: does not compile"
    fi
}

libraries=
for c in gcc clang clang-14 clang-19; do
    command -v "$c" >/dev/null || continue
    [ "$c" = clang-14 ] && [ "$(readlink -f "$(command -v clang)")" = "$(readlink -f "$(command -v clang-14)")" ] && continue
    for level in -O0 -O1 -O2 -O3; do
        try "$c" matrix.c -std=gnu11 $level -DMATRIX_ERRNO
    done
    try "$c" matrix.c -std=gnu11 -O2
    try "$c" matrix.c -std=gnu11 -O2 -fPIC -DMATRIX_ERRNO
    try "$c" matrix.c -std=gnu11 -O3 -fno-pie -no-pie -fomit-frame-pointer -DMATRIX_ERRNO
    try "$c" matrix.c -std=gnu2x -Os -DMATRIX_ERRNO
    try "$c" matrix.c -std=gnu17 -O1 -fstack-protector-strong -D_FORTIFY_SOURCE=2 -DMATRIX_ERRNO
    # Link-time optimisation needs the compiler's own plugin in the linker.
    echo 'int main(void) { return 0; }' >"$folder/lto.c"
    if "$c" -flto "$folder/lto.c" -o "$folder/lto" 2>/dev/null; then
        try "$c" matrix.c -std=gnu11 -O2 -flto -DMATRIX_ERRNO
        try "$c" matrix.c -std=gnu11 -O3 -flto -fPIC -DMATRIX_ERRNO
    fi
    try_shared "$c" matrix.c -std=gnu11 -O2 -fPIC -DMATRIX_ERRNO
    if [ -f "$here/test_errno.c" ]; then
        libraries=-lcmocka
        for level in -O0 -O1 -O2 -O3; do
            try "$c" test_errno.c -std=gnu11 $level
        done
        try "$c" test_errno.c -std=gnu11 -O2 -fPIC
        libraries=
    fi
done
for c in g++ clang++ clang++-19; do
    command -v "$c" >/dev/null || continue
    for flags in "-std=gnu++17 -O0" "-std=gnu++17 -O2" "-std=c++20 -O3"; do
        # shellcheck disable=SC2086 # several flags
        try "$c" matrix_cxx.cc $flags
    done
done
[ $built -gt 0 ] || { echo "no compiler" >&2; exit 2; }
echo "$built programs, $failures failures"
[ "$failures" -eq 0 ]
