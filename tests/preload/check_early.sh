#!/bin/sh
# Calls that come before the detector is set up, or even relocated, work as they do without it.
#     check_early.sh LIBRARY
set -eu
here=$(cd "$(dirname "$0")" && pwd)
library=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/main.c" <<'END'
#include <stdio.h>
#include <stdlib.h>
int chosen(void);
int main(void)
{
    puts(getenv("EARLY"));
    return chosen() != 1;
}
END
${CC:-gcc} -shared -fPIC -fno-builtin -O1 "$here/early_library.c" -o "$work/libearly.so"
for flags in "" "-Wl,-z,now" "-fsanitize=thread -Wl,-z,now"; do
    # shellcheck disable=SC2086
    ${CC:-gcc} $flags "$work/main.c" -o "$work/main" -L"$work" -learly -Wl,-rpath,"$work"
    alone=$("$work/main")
    got=$(LD_PRELOAD=$library "$work/main")
    [ "$got" = "$alone" ] || { echo "with '$flags': '$got' instead of '$alone'"; exit 1; }
done
[ "$alone" = "cchoice 1" ] || { echo "nothing was early: '$alone'"; exit 1; }
