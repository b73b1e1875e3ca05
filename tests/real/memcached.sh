#!/bin/bash
# memcached under a load that checks every answer.  tests/real/memcached.sh [VARIANT...]
# CONNECTIONS (64) and SECONDS_OF_LOAD (30) say how much.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
. "$here/server.sh"

build() {
    copy_tree memcached
    CFLAGS=-O2 LDFLAGS="" CC=$CC ./configure --disable-dependency-tracking --disable-docs --disable-extstore
    make -j"$JOBS" memcached CFLAGS="$CFLAGS -pthread -Wno-error" LDFLAGS="$LDFLAGS"
}

exercise() {
    local memcached=$2/memcached out=$3 wrong=0
    # 64 MB is more than the load stores: nothing is evicted, a missing key is an error.
    start_server "$1" "$memcached" -u "$(id -un)" -l 127.0.0.1 -p PORT -U 0 -t 4 -m 64 -c 1024 || return
    "$load" "$server_port" "$CONNECTIONS" "$SECONDS_OF_LOAD" || wrong=1
    # SIGTERM is memcached's ordinary end: it stops its threads and returns from main.
    stop_server TERM || return
    echo "all answers right" >"$out/verdict"
    return $wrong
}

CONNECTIONS=${CONNECTIONS:-64}
SECONDS_OF_LOAD=${SECONDS_OF_LOAD:-30}
choose_variants "$@"
mkdir -p "$REAL_DIR/memcached"
load=$REAL_DIR/memcached/load
gcc -std=gnu11 -O2 -g -Wall -Wextra -pthread -o "$load" "$here/memcached_load.c"
compare_with_native
finish
