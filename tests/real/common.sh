# shellcheck shell=bash
# Shared by the tests on real programs; sourced, not run (bash).
#
# A test builds a program from the distribution's source once for every variant, runs the native build for the expected
# output, then the other variants, and compares byte by byte. Everything is kept below build/real and built once.
#
#   native      gcc, no hooks: gives the expected output
#   gcc         gcc -fsanitize=thread, linked as any user would (needs libtsan.so.2), with the detector preloaded
#   clang       clang -fsanitize=thread, linked with libgorace_hooks.so, with the detector preloaded
#   floor       the objects of gcc linked with libgorace_hooks.so, nothing preloaded: what the hook calls alone cost
#   gcc-tsan    the same executable as `gcc`, with gcc's own ThreadSanitizer
#   clang-tsan  clang with its own ThreadSanitizer
#
# Environment: GORACE_LIB, GORACE_HOOKS, REAL_DIR, CLANG, JOBS, RUN_LIMIT.
# Exit status of a test: 0 right; 1 crash, wrong output or a finding that tests/real/known-races does not explain;
# 77 nothing to test (no detector built).

set -euo pipefail
export LC_ALL=C

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
GORACE_LIB=${GORACE_LIB:-$root/build/dev/lib/libgorace.so}
GORACE_HOOKS=${GORACE_HOOKS:-$(dirname "$GORACE_LIB")/libgorace_hooks.so}
REAL_DIR=${REAL_DIR:-$root/build/real}
JOBS=${JOBS:-2}
RUN_LIMIT=${RUN_LIMIT:-900}
program=$(basename "$0" .sh)
failures=0

die() { echo "$program: $*" >&2; exit 1; }

# A failed check; the test goes on, and ends with status 1.
fail() {
    echo "FAIL $program: $*"
    failures=$((failures + 1))
}

find_clang() {
    local c
    for c in ${CLANG:-} clang-19 clang-18 clang-17 clang-16 clang-15 clang-14 clang; do
        if command -v "$c" >/dev/null; then
            echo "$c"
            return
        fi
    done
    return 1
}

# Needs the executables of the named Debian packages.  need PROGRAM PACKAGE ...
need() {
    while [ $# -gt 0 ]; do
        command -v "$1" >/dev/null || die "needs $1: apt-get install $2"
        shift 2
    done
}

# Sets CC, CXX, CFLAGS and LDFLAGS for one variant. configure scripts are always run with the native compiler flags, and
# these given to make: a ThreadSanitizer that does not start on this kernel would otherwise fail their trial programs.
set_compiler() {
    local clang hooks_flags
    CFLAGS="-O2 -g"
    LDFLAGS=""
    CC=gcc CXX=g++
    hooks_flags="$GORACE_HOOKS -Wl,-rpath,$(dirname "$GORACE_HOOKS")"
    case $1 in
    native) ;;
    gcc | gcc-tsan)
        CFLAGS="$CFLAGS -fsanitize=thread"
        LDFLAGS="-fsanitize=thread"
        ;;
    floor)
        CFLAGS="$CFLAGS -fsanitize=thread"
        # Makefiles link with CFLAGS too; the later flag wins and keeps gcc's runtime out.
        LDFLAGS="-fno-sanitize=all $hooks_flags"
        ;;
    clang | clang-tsan)
        clang=$(find_clang) || die "needs clang: apt-get install clang"
        CC=$clang
        CXX=${clang/clang/clang++}
        CFLAGS="$CFLAGS -fsanitize=thread"
        LDFLAGS="-fsanitize=thread"
        [ "$1" = clang-tsan ] || LDFLAGS="-fsanitize=thread -fno-sanitize-link-runtime $hooks_flags"
        ;;
    *) die "unknown variant $1" ;;
    esac
    case $1 in
    floor | clang) [ -f "$GORACE_HOOKS" ] || die "variant $1 needs $GORACE_HOOKS" ;;
    esac
    export CC CXX CFLAGS LDFLAGS
}

# The unpacked source tree of a Debian source package.
source_tree() {
    GORACE_CACHE=$REAL_DIR/apt "$root/tools/fetch-source" "$1" "$REAL_DIR/src/$1" 1>&2 || return
    echo "$REAL_DIR/src/$1"
}

# Builds one variant with the test's own `build VARIANT FOLDER`, which runs in a fresh folder and stops at the first
# command that fails; prints the folder. Compiler output goes to a log beside it.
built() {
    local variant=$1 dir status
    [ "$variant" != gcc-tsan ] || variant=gcc
    [ "$variant" != plain ] || variant=native
    dir=$REAL_DIR/$program/$variant
    set_compiler "$variant"
    # Another compiler or another hooks library: another executable.
    if [ "$(cat "$dir/.built" 2>/dev/null)" != "$CC $CFLAGS $LDFLAGS" ]; then
        rm -rf "$dir"
        mkdir -p "$dir"
        echo "building $program ($variant)" >&2
        # No `||` after the subshell: it would switch off its set -e.
        set +e
        (set -e; cd "$dir"; build "$variant" "$dir") >"$dir.log" 2>&1
        status=$?
        set -e
        if [ $status != 0 ]; then
            tail -n 30 "$dir.log" >&2
            die "$program ($variant) does not build: $dir.log"
        fi
        echo "$CC $CFLAGS $LDFLAGS" >"$dir/.built"
    fi
    echo "$dir"
}

# Copies the sources of a package into the current folder, because its makefile builds in the tree.
copy_tree() {
    local tree
    tree=$(source_tree "$1") || return
    cp -a "$tree"/. .
}

# Sets `prefix`, the words before a command that is to be run as a variant; `plain` is an executable that nobody
# recompiled, with the detector preloaded. Findings go to files that `judge` reads; the status stays the program's own.
set_prefix() {
    local logs=$REAL_DIR/$program/findings-$1
    case $1 in
    gcc | clang | plain)
        prefix=(env LD_PRELOAD="$GORACE_LIB" GORACE_OPTIONS="log=$logs.%p exitcode=0 verbosity=1 ${GORACE_OPTIONS:-}")
        ;;
    gcc-tsan | clang-tsan)
        prefix=(env TSAN_OPTIONS="log_path=$logs exitcode=0 atexit_sleep_ms=0 ${TSAN_OPTIONS:-}")
        ;;
    *) prefix=(env) ;;
    esac
}

# Runs a command as a variant. A program that hangs fails after RUN_LIMIT seconds (status 124).
run_as() {
    local prefix
    set_prefix "$1"
    shift
    timeout -k 10 "$RUN_LIMIT" "${prefix[@]}" "$@"
}

forget_findings() { rm -f "$REAL_DIR/$program/findings-$1".*; }

# Prints each kind of finding (findings.awk) once with its number. Under the detector, one that known-races does not
# explain fails, and so does a run that left no coverage line: it was not watched at all.
judge() {
    local variant=$1 line count kind unknown=0
    local files=("$REAL_DIR/$program/findings-$variant".*)
    case $variant in
    gcc | clang | plain) grep -qs 'coverage:' "${files[@]}" || fail "$variant: no coverage line in ${files[0]}" ;;
    esac
    if ! grep -qsE '^SUMMARY: ' "${files[@]}"; then
        echo "ok   $program ($variant): no findings"
        return 0
    fi
    while read -r count line; do
        kind=new
        if explained "$line"; then kind=known; fi
        echo "     $program ($variant): ${count}x [$kind] $line"
        case $variant-$kind in
        *-tsan-*) ;;
        *-new) unknown=$((unknown + 1)) ;;
        esac
    done < <(awk -f "$here/findings.awk" "${files[@]}" | sort | uniq -c | sort -rn)
    [ $unknown = 0 ] || fail "$variant: $unknown kinds of finding that known-races does not explain; see ${files[0]}"
}

# known-races has lines `PROGRAM REGEX`: the extended regular expression is searched in the line of findings.awk.
explained() {
    local name regex
    while read -r name regex; do
        case $name in '' | '#'*) continue ;; esac
        [ "$name" = "$program" ] && grep -qE -- "$regex" <<<"$1" && return 0
    done <"$here/known-races"
    return 1
}

# The variants to run, from the command line; by default both ways into the detector. `build VARIANT...` builds only
# and prints the folders (used by bench/).
choose_variants() {
    if [ "${1:-}" = build ]; then
        shift
        local v
        for v in "$@"; do built "$v"; done
        exit 0
    fi
    variants=("$@")
    [ ${#variants[@]} -gt 0 ] || variants=(gcc clang)
    case " ${variants[*]} " in
    *" gcc "* | *" clang "* | *" plain "*)
        [ -f "$GORACE_LIB" ] || { echo "SKIP $program: no detector at $GORACE_LIB" && exit 77; }
        ;;
    esac
}

# Runs `exercise VARIANT FOLDER_OF_BUILD OUTPUT_FOLDER`. The program's messages stay in OUTPUT_FOLDER.messages.
run_exercise() {
    local variant=$1 dir=$2 out=$REAL_DIR/$program/out-$1 status=0
    rm -rf "$out"
    mkdir -p "$out"
    forget_findings "$variant"
    exercise "$variant" "$dir" "$out" >"$out.messages" 2>&1 || status=$?
    [ $status = 0 ] && return 0
    tail -n 20 "$out.messages"
    fail "$variant: exit status $status; messages in $out.messages"
    return 1
}

# The same for native and every variant, with the output folders compared byte by byte.
compare_with_native() {
    local variant dir
    for variant in native "${variants[@]}"; do
        dir=$(built "$variant")
        run_exercise "$variant" "$dir" || continue
        [ "$variant" != native ] || continue
        if diff -rq "$REAL_DIR/$program/out-native" "$REAL_DIR/$program/out-$variant"; then
            echo "ok   $program ($variant): output as native"
        else
            fail "$variant: output differs from native"
        fi
        judge "$variant"
    done
}

finish() { [ $failures = 0 ] || exit 1; }
