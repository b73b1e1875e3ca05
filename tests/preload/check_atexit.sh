#!/bin/sh
# Handlers of atexit in programs that take it from libtsan: their order, and that those of a library run when it is
# unloaded, not after.    check_atexit.sh LIBRARY
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cat >"$work/plugin.c" <<'TEXT'
#include <stdio.h>
#include <stdlib.h>
static void first(void) { puts("plugin first"); fflush(stdout); }
static void second(void) { puts("plugin second"); fflush(stdout); }
__attribute__((constructor)) static void begin(void)
{
    atexit(first);
    atexit(second);
}
TEXT
cat >"$work/app.c" <<'TEXT'
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
static void first(void) { puts("app first"); fflush(stdout); }
static void second(void) { puts("app second"); fflush(stdout); }
int main(int argc, char **argv)
{
    atexit(first);
    void *plugin = dlopen(argv[argc - 1], RTLD_NOW);
    atexit(second);
    if (argc > 2) {
        dlclose(plugin);
        puts("unloaded");
        fflush(stdout);
    }
    return !plugin;
}
TEXT
gcc -fsanitize=thread -shared -fPIC "$work/plugin.c" -o "$work/plugin.so"
gcc -fsanitize=thread "$work/app.c" -o "$work/app"
gcc -fsanitize=thread -no-pie "$work/app.c" -o "$work/app-fixed"
nm -D "$work/plugin.so" | grep -q 'U atexit' || {
    echo "this gcc's programs do not take atexit from libtsan: nothing to check"
    exit 77
}
failed=0
expect() {
    what=$1
    wanted=$2
    shift 2
    got=$(LD_PRELOAD=$library "$@" | paste -sd,)
    [ "$got" = "$wanted" ] || {
        echo "$what: wanted '$wanted', got '$got'"
        failed=1
    }
}
library=$1
for app in app app-fixed; do
    expect "$app, dlclose" "plugin second,plugin first,unloaded,app second,app first" \
        "$work/$app" close "$work/plugin.so"
    expect "$app, loaded to the end" "app second,plugin second,plugin first,app first" "$work/$app" "$work/plugin.so"
done
exit $failed
