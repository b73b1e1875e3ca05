#!/bin/bash
# Programs that take locks by the thousand, as they are, under the search for deadlocks alone: output as without it, and no report.
# Then the patterns of tests/deadlocks and their twins, ten times each.
#   tests/real/deadlocks.sh [--long] [PART...]
#
# Parts: memcached, sqlite3 (its own thread tests), git, redis (I/O threads), nginx (a pool of threads), patterns.
# --long: ten times the data, and minutes of load. BIN: where the patterns are built (build/dev/bin/deadlocks).
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
export GORACE_LIB=${GORACE_LIB:-$root/build/dev/lib/libgorace.so}
BIN=${BIN:-$root/build/dev/bin/deadlocks}
export GORACE_OPTIONS="detect=lock-order,deadlock,stuck,misuse"
if [ "${1:-}" = --long ]; then
    shift
    export SECONDS_OF_LOAD=120 WRK_SECONDS=60 GIT_BYTES=15000000 REDIS_REQUESTS=200000
fi
parts=("$@")
[ $# -gt 0 ] || parts=(memcached sqlite3 git redis nginx patterns)
bad=0
for part in "${parts[@]}"; do
    case $part in
    memcached | sqlite3) "$here/$part.sh" plain ;;
    git | redis | nginx) "$here/unmodified.sh" "$part" ;;
    patterns) env -u GORACE_OPTIONS "$root/tests/deadlocks/run.py" --runs 10 --library "$GORACE_LIB" --bin "$BIN" ;;
    *) echo "$0: no such part: $part" >&2 && exit 2 ;;
    esac
    status=$?
    case $status in
    0) echo "PASS $part" ;;
    77) echo "SKIP $part" ;;
    *) echo "FAIL $part (status $status)" && bad=1 ;;
    esac
done
exit $bad
