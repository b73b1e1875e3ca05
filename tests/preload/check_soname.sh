#!/bin/sh
# The two names of libgorace.so (cmake/second_soname.c), asked of the real loader, linker and ldconfig.
#   check_soname.sh LIBRARY
set -eu
export LC_ALL=C

library=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
complain() {
    echo "$*"
    failed=1
}

# ldconfig has to know it as libgorace.so only, the file itself and a symbolic link to it.
mkdir -p "$work/lib/gorace" "$work/file"
cp "$library" "$work/lib/gorace/libgorace.so"
ln -s gorace/libgorace.so "$work/lib/libgorace.so"
cp "$library" "$work/file/libgorace.so"
PATH=$PATH:/usr/sbin:/sbin
for folder in lib file; do
    echo "$work/$folder" >"$work/conf"
    ldconfig -X -f "$work/conf" -C "$work/cache" || complain "ldconfig failed"
    known=$(ldconfig -C "$work/cache" -p | grep -F "$work" || true)
    case $known in
    *libtsan*) complain "ldconfig makes it everybody's libtsan: $known" ;;
    *libgorace.so*) ;;
    *) complain "ldconfig does not know libgorace.so" ;;
    esac
    [ ! -e "$work/$folder/libtsan.so.2" ] || complain "ldconfig made a link libtsan.so.2"
done

# The loader has to take it for libtsan.so.2, by path and by bare name.
echo 'int main(void) { return 0; }' >"$work/app.c"
gcc -fsanitize=thread "$work/app.c" -o "$work/app"
LD_TRACE_LOADED_OBJECTS=1 "$work/app" | grep -q 'libtsan\.so\.2' || {
    echo "this gcc does not link libtsan.so.2: nothing to check"
    exit 77
}
for preload in "$library" libgorace.so; do
    loaded=$(LD_LIBRARY_PATH=$work/lib LD_PRELOAD=$preload LD_TRACE_LOADED_OBJECTS=1 "$work/app")
    case $loaded in
    *libtsan.so.2*) complain "with LD_PRELOAD=$preload gcc's libtsan is loaded too: $loaded" ;;
    *libgorace.so*) ;;
    *) complain "LD_PRELOAD=$preload is not loaded: $loaded" ;;
    esac
    LD_LIBRARY_PATH=$work/lib LD_PRELOAD=$preload "$work/app" || complain "with LD_PRELOAD=$preload: status $?"
done

# A program that was linked as needed has no need of libm, because libtsan has sincos.
cat >"$work/sincos.c" <<'TEXT'
#define _GNU_SOURCE
#include <math.h>
int main(int argc, char **argv)
{
    double s, c;
    (void)argv;
    sincos(argc, &s, &c);
    return s * s + c * c < 0.9;
}
TEXT
gcc -fsanitize=thread -fno-builtin -Wl,--as-needed "$work/sincos.c" -o "$work/sincos" -lm
LD_PRELOAD=$library "$work/sincos" || complain "a program that takes sincos from libtsan: status $?"
exit $failed
