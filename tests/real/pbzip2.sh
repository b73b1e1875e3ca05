#!/bin/bash
# pbzip2 (C++), with libbz2 compiled in so that it has hooks too.  tests/real/pbzip2.sh [VARIANT...]
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

build() {
    local lib
    lib=$(source_tree bzip2)
    copy_tree pbzip2
    mkdir bz2
    for unit in blocksort huffman crctable randtable compress decompress bzlib; do
        $CC $CFLAGS -c "$lib/$unit.c" -o bz2/$unit.o
    done
    # The sources predate C++11's string suffixes.
    $CXX -std=gnu++98 $CFLAGS -D_LARGEFILE64_SOURCE -D_FILE_OFFSET_BITS=64 -D_POSIX_PTHREAD_SEMANTICS \
        -DUSE_STACKSIZE_CUSTOMIZATION -pthread -I"$lib" ./*.cpp bz2/*.o $LDFLAGS -o pbzip2
}

exercise() {
    local pbzip2=$2/pbzip2 out=$3
    run_as "$1" "$pbzip2" -c -k -p2 -b2 "$input" >"$out/two.bz2" &&
        run_as "$1" "$pbzip2" -c -k -p4 -1 -r <"$input" >"$out/four.bz2" &&
        run_as "$1" "$pbzip2" -d -c -p2 "$out/two.bz2" | cmp - "$input"
}

choose_variants "$@"
input=$("$here/corpus" "${REAL_BYTES:-10000000}")
compare_with_native
finish
