#!/bin/sh
# libgorace.so exports what its tables say and nothing else: a row of interpose.def without a body, a body without a row
# and a name that slipped out are all errors.    check_exports.sh LIBRARY
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
TEXT
cc -E -P -x c -imacros "$work/names.h" "$preload/interpose.def" | grep . | sort >"$work/rows"
grep -q '^malloc$' "$work/rows" || { echo "cannot read interpose.def"; exit 1; }
nm -D --defined-only "$library" | awk '{ print $NF }' | sort -u >"$work/exports"

failed=0
complain() {
    [ -z "$2" ] || {
        echo "$1:" "$(echo "$2" | paste -sd' ')"
        failed=1
    }
}
complain "rows of interpose.def that occur twice" "$(uniq -d "$work/rows")"
complain "rows of interpose.def that are not exported (no body?)" "$(comm -23 "$work/rows" "$work/exports")"
complain "exported, but no row of interpose.def and not of gorace.map" "$(comm -13 "$work/rows" "$work/exports" |
    grep -vxE '__tsan_.*|(WTF)?Annotate.*|RunningOnValgrind|ThreadSanitizerQuery|ValgrindSlowdown|__cxa_finalize|atexit|gorace_.*')"

# A body without a row is hidden by the map, so it is looked for in the sources.
sed -nE 's/^INTERPOSE\([^,]*, *([A-Za-z0-9_]+),.*/\1/p' "$preload"/*.c | sort -u >"$work/bodies"
complain "bodies without a row in interpose.def" "$(comm -13 "$work/rows" "$work/bodies")"
exit $failed
