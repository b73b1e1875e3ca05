#!/bin/bash
# xz with its own liblzma, both static, multithreaded both ways.  tests/real/xz.sh [VARIANT...]
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# CFLAGS and LDFLAGS go to make only: see set_compiler.
build() {
    local source
    source=$(source_tree xz-utils)
    CFLAGS=-O2 LDFLAGS="" CC=$CC "$source/configure" --disable-shared --enable-static --disable-nls --disable-doc \
        --disable-scripts --disable-lzmadec --disable-lzmainfo --disable-xzdec --disable-dependency-tracking
    make -j"$JOBS" CFLAGS="$CFLAGS" LDFLAGS="$LDFLAGS"
}

exercise() {
    local xz=$2/src/xz/xz out=$3
    run_as "$1" "$xz" -T2 -2 -c --block-size=1MiB "$input" >"$out/two.xz" &&
        run_as "$1" "$xz" -T2 -d -c "$out/two.xz" | cmp - "$input"
}

choose_variants "$@"
input=$("$here/corpus" "${REAL_BYTES:-10000000}")
compare_with_native
finish
