#!/bin/sh
# Builds tests with AddressSanitizer, by every compiler that has it, against the libgoro that everybody gets: what is right is
# said nothing of, what is wrong is reported, and where it is.
#
#   check_asan.sh SOURCE-DIR LIBGORO.A
set -u
# shellcheck source-path=SCRIPTDIR source=builds.sh
. "$(dirname "$0")/builds.sh"
checked=0

# build COMPILER SOURCE: false, and a failure, when it cannot be.
build() {
    "$1" -D_GNU_SOURCE -g -O1 -fsanitize=address -fno-omit-frame-pointer -fstack-clash-protection \
        -I"$source/include" -iquote "$source/runtime" "$here/$2" "$library" -lcmocka -lm -pthread \
        -o "$folder/program" >"$folder/log" 2>&1 && return
    fail "$1 $2: does not compile"
    return 1
}

# quiet WHAT ARG...: exit status 0, and not a word of the sanitizer's.
quiet() {
    what=$1
    shift
    for procs in 1 2 8; do
        checked=$((checked + 1))
        GORO_MAXPROCS=$procs timeout 600 "$folder/program" "$@" >"$folder/log" 2>&1 || fail "$what: GORO_MAXPROCS=$procs: status $?"
        ! grep -q -e AddressSanitizer -e LeakSanitizer -e ASan "$folder/log" || fail "$what: GORO_MAXPROCS=$procs: a report"
    done
}

# reported WHAT ARG PATTERN...: it fails, and says all that; names of functions ("in ...") only if the sanitizer has its symbolizer, which is
# a package of its own.
reported() {
    what=$1
    arg=$2
    shift 2
    checked=$((checked + 1))
    if GORO_MAXPROCS=2 timeout 600 "$folder/program" "$arg" >"$folder/log" 2>&1; then
        fail "$what $arg: status 0"
    fi
    for pattern in "$@"; do
        case $pattern in
        "in "*) ! grep -q 'external symbolizer!' "$folder/log" || continue ;;
        esac
        grep -q -e "$pattern" "$folder/log" || fail "$what $arg: no word of $pattern"
    done
}

for c in gcc clang-14 clang-19; do
    command -v "$c" >/dev/null || continue
    echo 'int main(void) { return 0; }' >"$folder/try.c"
    "$c" -fsanitize=address "$folder/try.c" -o "$folder/try" 2>/dev/null || continue
    if build "$c" asan_subject.c; then
        quiet "$c asan_subject.c" right
        reported "$c asan_subject.c" overflow stack-buffer-overflow 'in write_at' "'bytes'"
        reported "$c asan_subject.c" leak LeakSanitizer 'in leak'
    fi
    for file in go_chan go_panic go_select go_sync test_gls test_group test_io test_preempt test_queue test_task test_tcp \
        test_timer; do
        build "$c" "$file.c" && quiet "$c $file.c"
    done
done
[ $checked -gt 0 ] || { echo "no compiler with AddressSanitizer" >&2; exit 77; }
echo "$checked runs, $failures failures"
[ "$failures" -eq 0 ]
