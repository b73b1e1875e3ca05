#!/bin/sh
# Holds the exported names of libgorace_hooks.so and libgorace.so against what calls them:
#   - what the compilers' own runtimes export for instrumented code and for programs that call them by hand
#   - what the compilers really emit for a probe that has every kind of access, with their options for more kinds
#   - the table preload/tsan_hooks.def
#
#   check_hooks.sh LIBRARY...
set -eu
export LC_ALL=C

here=$(cd "$(dirname "$0")" && pwd)
table=$here/../../preload/tsan_hooks.def
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# What runtimes export and we do not, by name and reason.
exceptions() {
    # Hooks for a Java virtual machine, called by no compiled code.
    echo '__tsan_java_.*'
    # What a user may define for the runtime to find, given a weak default by it.
    echo '__tsan_(default_options|default_suppressions|on_report|on_initialize|on_finalize|symbolize_external.*)'
    # The runtime's own tests, its debugger interface and its internals in namespace __tsan.
    echo '__tsan_(testonly|test_only)_.*'
    echo '__tsan_(locate_address|get_alloc_stack)'
    echo '_ZN6__tsan.*'
}

exported() {
    nm -D --defined-only "$1" | awk '{ print $NF }' | sed 's/@.*//' | sort -u
}

# Names in a runtime that count as hooks.
hooks_of() {
    exported "$1" | grep -E '^(__tsan_|(WTF)?Annotate|RunningOnValgrind|ValgrindSlowdown|ThreadSanitizerQuery)' |
        grep -vxE "$(exceptions | paste -sd'|')" || true
}

find_clangs() {
    for compiler in clang clang-14 clang-15 clang-16 clang-17 clang-18 clang-19 clang-20; do
        ! command -v "$compiler" >/dev/null || echo "$compiler"
    done
}

# Each source of names is a file NAME.want.
runtimes=0
library=$(gcc -print-file-name=libtsan.so)
if [ -e "$library" ]; then
    hooks_of "$library" >"$work/gcc-runtime.want"
    runtimes=$((runtimes + 1))
fi
for compiler in $(find_clangs); do
    library=$("$compiler" --print-resource-dir)/lib/linux/libclang_rt.tsan-$(uname -m).so
    [ -e "$library" ] || continue
    hooks_of "$library" >"$work/$compiler-runtime.want"
    runtimes=$((runtimes + 1))
done

emitted() {
    nm -u "$1" | awk '{ print $2 }' | grep '^__tsan_' | sort -u
}
for level in 0 1 2; do
    gcc -O$level -mcx16 -fsanitize=thread -c "$here/probe_hooks.c" -o "$work/probe.o"
    emitted "$work/probe.o" >"$work/gcc-O$level.want"
    gcc -O$level -mcx16 -fsanitize=thread --param tsan-distinguish-volatile=1 -c "$here/probe_hooks.c" -o "$work/probe.o"
    emitted "$work/probe.o" >"$work/gcc-O$level-volatile.want"
    for compiler in $(find_clangs); do
        "$compiler" -O$level -mcx16 -fsanitize=thread -c "$here/probe_hooks.c" -o "$work/probe.o"
        emitted "$work/probe.o" >"$work/$compiler-O$level.want"
        "$compiler" -O$level -mcx16 -fsanitize=thread -mllvm -tsan-distinguish-volatile \
            -mllvm -tsan-compound-read-before-write -c "$here/probe_hooks.c" -o "$work/probe.o"
        emitted "$work/probe.o" >"$work/$compiler-O$level-volatile-compound.want"
    done
done

# The rows of the table, as names.
cat >"$work/names.h" <<'TEXT'
#define TSAN_ACCESS(name, bytes, kind) @ __tsan_##name
#define TSAN_UNALIGNED(name, bytes, kind) @ __tsan_##name
#define TSAN_ACCESS_PC(name, bytes, kind) @ __tsan_##name
#define TSAN_RANGE(name, kind) @ __tsan_##name
#define TSAN_RANGE_PC(name, kind) @ __tsan_##name
#define TSAN_ATOMIC(bits, type) @ __tsan_atomic##bits##_load @ __tsan_atomic##bits##_store \
    @ __tsan_atomic##bits##_compare_exchange_strong @ __tsan_atomic##bits##_compare_exchange_weak \
    @ __tsan_atomic##bits##_compare_exchange_val
#define TSAN_RMW(bits, type, op) @ __tsan_atomic##bits##_##op
#define TSAN_VOID(name, params) @ name
#define TSAN_VALUE(type, name, params, value) @ name
#define TSAN_REAL(type, name, params) @ name
TEXT
gcc -E -P -x c -imacros "$work/names.h" "$table" | tr -s '@ ' '\n' | grep . | sort -u >"$work/table.want"

[ $runtimes -gt 0 ] || { echo "no compiler's runtime found to compare with"; exit 1; }
# The comparison itself must be able to fail: each list has names, and the probe makes the rare ones.
for want in "$work"/*.want; do
    grep -q '^__tsan_func_entry$' "$want" || { echo "no hooks in $(basename "$want")"; exit 1; }
done
cat "$work"/*-volatile*.want | grep -q '^__tsan_unaligned_volatile_write16$' || { echo "the probe is too tame"; exit 1; }

failed=0
for library; do
    exported "$library" >"$work/have"
    for want in "$work"/*.want; do
        lost=$(comm -13 "$work/have" "$want")
        [ -z "$lost" ] || {
            echo "$(basename "$library") lacks, of $(basename "$want" .want): $(echo "$lost" | paste -sd' ')"
            failed=1
        }
    done
done
exit $failed
