#!/bin/sh
# Holds perm.txt against a compiler: what must compile does, what must not is refused with the right words.
#
#   check_perm.sh INCLUDE-DIR COMPILER...
#
# Wrong pointer types are warnings in C before gcc 14; here they are errors, as in any build with -Werror.
set -u
include=$1
shift
folder=$(mktemp -d) || exit 2
trap 'rm -rf "$folder"' EXIT
here=$(dirname "$0")

cat >"$folder/head.c" <<'END'
#include <goro/goro.h>
struct pair { long a, b; };
void takes_none(void);
void takes_recv(goro_recv_chan_of(int) c);
void takes_two(int n, const char *text);
void takes_double(double d);
void takes_float(float d);
void takes_six(int a, int b, int c, int d, int e, int f);
void takes_big(struct pair b);
END
parameters='goro_chan_of(int) c, goro_send_chan_of(int) cs, goro_recv_chan_of(int) cr, goro_chan_of(long) cl, int n, bool ok,
            goro_chan_of(int *) cp'
failures=0
count=0
fail() {
    echo "$compiler: $1: $2" >&2
    [ -s "$folder/log" ] && head -5 "$folder/log" >&2
    failures=$((failures + 1))
}

for compiler; do
    command -v "$compiler" >/dev/null || continue
    number=0
    while IFS= read -r line; do
        case $line in
        '#'* | '') continue ;;
        esac
        number=$((number + 1))
        code=${line#*: }
        [ "${line%%: *}" = bad ] && code=${code#*: }
        {
            cat "$folder/head.c"
            # The same name for all: one compiler run each.
            echo "void f($parameters);"
            echo "void f($parameters)"
            echo "{ (void)c; (void)cs; (void)cr; (void)cl; (void)cp; (void)n; (void)ok; { $code } }"
        } >"$folder/case.c"
        : >"$folder/log"
        compiled=yes
        "$compiler" -std=gnu11 -D_GNU_SOURCE -Wall -Wno-unused-but-set-variable -Wno-unused-but-set-parameter -Wno-unused-value \
            -Werror -fsyntax-only -I"$include" "$folder/case.c" >"$folder/log" 2>&1 || compiled=no
        count=$((count + 1))
        if [ "${line%%: *}" = ok ]; then
            [ $compiled = yes ] || fail "$code" "must compile"
        else
            words=${line#*: }
            words=${words%%: *}
            if [ $compiled = yes ]; then
                fail "$code" "must be refused"
            else
                grep -Eq "$words" "$folder/log" || fail "$code" "refused, but not with \"$words\""
            fi
        fi
    done <"$here/perm.txt"
    [ $number -gt 60 ] || fail perm.txt "only $number cases were read"
done
[ $count -gt 0 ] || { echo "no compiler" >&2; exit 2; }
echo "$count cases, $failures failures"
[ $failures -eq 0 ]
