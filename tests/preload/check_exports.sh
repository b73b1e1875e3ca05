#!/bin/sh
# libgorace.so exports what its tables say and nothing else: a row of interpose.def without a body, a body without a row
# and a name that slipped out are all errors. A row of gomp.def has to be a function of libgomp.    check_exports.sh LIBRARY
set -eu
export LC_ALL=C

here=$(cd "$(dirname "$0")" && pwd)
preload=$here/../../preload
library=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cat >"$work/names.h" <<'TEXT'
#define FUNCTION(ret, name, params) name
#define VERSIONED(ret, name, params, version) name
#define OPTIONAL(ret, name, params) name
#define GOMP(ret, name, params) name
#define GLIB(ret, name, params) name
#define GLIB_NEW(ret, name, params) name
#define KERNEL_AIO(ret, name, params) name
#define LIBSTDCXX(ret, name, params) name
#define URING(ret, name, params) name
TEXT
names() {
    cc -E -P -x c -imacros "$work/names.h" "$preload/$1" | grep . | sort
}
exports() {
    nm -D --defined-only "$1" | awk '{ sub("@.*", "", $NF); print $NF }' | sort -u
}
names interpose.def >"$work/rows"
names gomp.def >"$work/gomp"
for table in glib kernel_aio libstdcxx uring; do
    names "$table.def" >"$work/$table"
done
grep -q '^malloc$' "$work/rows" || { echo "cannot read interpose.def"; exit 1; }
grep -q '^GOMP_parallel$' "$work/gomp" || { echo "cannot read gomp.def"; exit 1; }
exports "$library" >"$work/exports"
exports "$(gcc -print-file-name=libgomp.so.1)" >"$work/libgomp"

failed=0
complain() {
    [ -z "$2" ] || {
        echo "$1:" "$(echo "$2" | paste -sd' ')"
        failed=1
    }
}
complain "rows of interpose.def that occur twice" "$(uniq -d "$work/rows")"
complain "rows of interpose.def that are not exported (no body?)" "$(comm -23 "$work/rows" "$work/exports")"
complain "rows of gomp.def that are not exported (no body?)" "$(comm -23 "$work/gomp" "$work/exports")"
for table in glib kernel_aio libstdcxx uring; do
    complain "rows of $table.def that are not exported (no body?)" "$(comm -23 "$work/$table" "$work/exports")"
done
complain "rows of gomp.def that libgomp does not have" "$(comm -23 "$work/gomp" "$work/libgomp")"
complain "exported, but no row of a table and not of gorace.map" "$(sort "$work/rows" "$work/gomp" "$work/glib" "$work/kernel_aio" "$work/libstdcxx" \
    "$work/uring" |
    comm -13 - "$work/exports" |
    grep -vxE 'ompt_start_tool|__tsan_.*|(WTF)?Annotate.*|RunningOnValgrind|ThreadSanitizerQuery|ValgrindSlowdown|__cxa_finalize|atexit|gorace_.*')"

# A body without a row is hidden by the map, so it is looked for in the sources.
sed -nE 's/^(HOT )?INTERPOSE\([^,]*, *([A-Za-z0-9_]+),.*/\2/p' "$preload"/*.c | sort -u >"$work/bodies"
complain "bodies without a row in interpose.def" "$(comm -13 "$work/rows" "$work/bodies")"
exit $failed
