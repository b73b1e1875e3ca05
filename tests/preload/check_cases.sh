#!/bin/sh
# Runs every case of cases_*.c under the detector, and holds it against the verdict in its name (cases.h).
#     check_cases.sh LIBRARY [CASE...]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
library=$1
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
wrong=0
for source in "$here"/cases_*.c; do
    program=$work/$(basename "$source" .c)
    between=
    if [ "$program" = "$work/cases_late" ]; then # a library between the detector and libc
        between=$work/late.so
        ${CC:-gcc} -shared -fPIC -O1 -g -D_GNU_SOURCE "$here/late.c" -o "$between"
    fi
    # shellcheck disable=SC2086
    ${CC:-gcc} -fsanitize=thread -O1 -g -D_GNU_SOURCE -I"$here/../support" "$source" -o "$program" $between -ldl
    for name in $("$program" 2>/dev/null); do
        [ $# = 0 ] || case " $* " in *" $name "*) ;; *) continue ;; esac
        status=0
        LD_PRELOAD=$library timeout 600 "$program" "$name" >"$work/out" 2>&1 || status=$?
        found=$(grep '^SUMMARY: gorace:' "$work/out" | sort -u | wc -l)
        # "STACK name: f g" in the source: some stack of the report is f, called by g, and nothing else.
        stacks=$(sed -n 's/^ *#[0-9]* \([^ ]*\) .*/\1/p; s/^  [A-Z].*/-/p; s/^SUMMARY.*/-/p' "$work/out" | tr '\n' ' ')
        sed -n "s/^.*STACK $name: \([a-z_ ]*[a-z_]\).*/- \1 -/p" "$source" >"$work/stacks"
        while read -r stack; do
            case "$stacks" in *"$stack "*) ;; *) found="the stack $stack is missing: $stacks; $found" ;; esac
        done <"$work/stacks"
        case $name in
        race_*) [ "$status" = 66 ] && [ "$found" = 1 ] && continue ;;
        *) [ "$status" = 0 ] && [ "$found" = 0 ] && continue ;;
        esac
        wrong=$((wrong + 1))
        echo "$name: status $status, findings: $found"
        sed "s/^/    /" "$work/out" | head -40
    done
done
[ "$wrong" = 0 ] || { echo "$wrong cases are not as their names say"; exit 1; }
