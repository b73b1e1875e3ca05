#!/bin/bash
# zstd, multithreaded compression and decompression.  tests/real/zstd.sh [VARIANT...]
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

build() {
    copy_tree libzstd
    # No optional formats: they would be other libraries, without hooks.
    make -C programs -j"$JOBS" zstd CC="$CC" CFLAGS="$CFLAGS" LDFLAGS="$LDFLAGS" MOREFLAGS= HAVE_ZLIB=0 HAVE_LZMA=0 \
        HAVE_LZ4=0
}

exercise() {
    local zstd=$2/programs/zstd out=$3
    run_as "$1" "$zstd" -q -f -T2 -6 "$input" -o "$out/level6.zst" &&
        run_as "$1" "$zstd" -q -f -T3 -1 --long "$input" -o "$out/long.zst" &&
        run_as "$1" "$zstd" -q -d -c "$out/level6.zst" | cmp - "$input"
}

choose_variants "$@"
input=$("$here/corpus" "${REAL_BYTES:-20000000}")
compare_with_native
finish
