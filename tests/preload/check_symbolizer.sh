#!/bin/sh
# Without what it takes to name things a race is still found, and one line says what is missing.
#     check_symbolizer.sh LIBRARY
set -eu
library=$1
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$library" "$work/libgorace.so"
${CC:-gcc} -fsanitize=thread -g -I"$here/../support" "$here/../../samples/race_counter.c" -o "$work/race" -pthread

# says WORDS: the race is found, and exactly one line has the words.
says() {
    status=0
    LD_PRELOAD=$work/libgorace.so "$work/race" 2>"$work/report" || status=$?
    if [ $status != 66 ] || [ "$(grep -c "^gorace: .*$1" "$work/report")" != 1 ] ||
        ! grep -q '^WARNING: gorace: data-race' "$work/report"; then
        echo "status $status, wanted a line with '$1':"
        cat "$work/report"
        exit 1
    fi
}

# place: the fingerprint and the frames of what was found last.
place() {
    grep -oE '\[[0-9a-f]{16}\]|#[0-9]+ .*' "$work/report"
}

says 'libgorace-symbolize.so: cannot open shared object file.*reports are without names'
place >"$work/places"
grep -q '#0 (race+0x[0-9a-f]*)' "$work/places" || { echo "not by module and offset:"; cat "$work/report"; exit 1; }
says 'libgorace-symbolize.so: cannot open shared object file.*reports are without names'
place | diff "$work/places" - || { echo "not the same fingerprint and places in another run"; exit 1; }
echo 'int needed;' | ${CC:-gcc} -shared -fPIC -Wl,-soname=libneeded.so -xc - -o "$work/libneeded.so"
echo 'extern int needed; int *use = &needed;' |
    ${CC:-gcc} -shared -fPIC -o "$work/libgorace-symbolize.so" -xc - -xnone "$work/libneeded.so"
rm "$work/libneeded.so"
says 'libneeded.so: cannot open shared object file.*reports are without names.*package of libdw'
echo 'const void *gorace_symbolizer(int abi) { return abi < 0 ? "" : 0; }' |
    ${CC:-gcc} -xc - -shared -fPIC -o "$work/libgorace-symbolize.so"
says 'another version'
cp "$(dirname "$library")/libgorace-symbolize.so" "$work"
LD_PRELOAD=$work/libgorace.so "$work/race" 2>"$work/report" || true
grep -q 'race_counter.c:' "$work/report" || {
    echo "no names with all that is needed:"
    cat "$work/report"
    exit 1
}
