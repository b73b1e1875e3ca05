#!/bin/sh
# dlopen through the wrapper finds what it finds without: by the RUNPATH, $ORIGIN and namespace of the module that calls
# it, not of libgorace.so; a C++ runtime that comes by dlopen serves; and a library that is unloaded leaves no history.
#     check_dlopen.sh LIBRARY
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/app" "$work/app/plugins" "$work/lib" "$work/lib/more"

cat >"$work/leaf.c" <<'TEXT'
const char *leaf(void) { return NAME; }
TEXT
gcc -shared -fPIC -DNAME='"app"' "$work/leaf.c" -o "$work/app/plugins/leaf.so"
gcc -shared -fPIC -DNAME='"lib"' "$work/leaf.c" -o "$work/lib/more/leaf.so"

# A library with a RUNPATH of its own, which opens a library by bare name.
cat >"$work/opener.c" <<'TEXT'
#define _GNU_SOURCE
#include <dlfcn.h>
void *open_leaf(const char *name) { void *h = dlopen(name, RTLD_NOW); return h; }
void *open_space(const char *name) { void *h = dlmopen(LM_ID_BASE, name, RTLD_NOW); return h; }
TEXT
gcc -shared -fPIC "$work/opener.c" -Wl,-rpath,'$ORIGIN/more' -o "$work/lib/opener.so"
gcc -shared -fPIC "$work/opener.c" -o "$work/lib/plain_opener.so"

cat >"$work/app.c" <<'TEXT'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
static int wrong;
static void shows(const char *what, void *handle, const char *expected)
{
    const char *(*leaf)(void) = handle ? (const char *(*)(void))dlsym(handle, "leaf") : NULL;
    const char *got = leaf ? leaf() : "nothing";
    if (strcmp(got, expected) != 0) {
        printf("%s: %s instead of %s (%s)\n", what, got, expected, handle ? "" : dlerror());
        wrong = 1;
    }
    if (handle)
        dlclose(handle);
}
int main(int argc, char **argv)
{
    (void)argc;
    char path[4096];
    shows("RUNPATH of the executable", dlopen("leaf.so", RTLD_NOW), "app");
    shows("$ORIGIN of the executable", dlopen("$ORIGIN/plugins/leaf.so", RTLD_NOW), "app");
    shows("RUNPATH, by namespace", dlmopen(LM_ID_BASE, "leaf.so", RTLD_NOW), "app");
    shows("a namespace of its own", dlmopen(LM_ID_NEWLM, "$ORIGIN/plugins/leaf.so", RTLD_NOW), "app");
    for (int plain = 0; plain < 2; plain++) {
        snprintf(path, sizeof path, "%s/%s", argv[1], plain ? "plain_opener.so" : "opener.so");
        void *opener = dlopen(path, RTLD_NOW);
        void *(*open_leaf)(const char *) = (void *(*)(const char *))dlsym(opener, "open_leaf");
        void *(*open_space)(const char *) = (void *(*)(const char *))dlsym(opener, "open_space");
        const char *found = plain ? "nothing" : "lib";
        shows(path, open_leaf("leaf.so"), found);
        shows(path, open_leaf("$ORIGIN/more/leaf.so"), "lib");
        shows(path, open_space("leaf.so"), found);
        dlclose(opener);
    }
    if (dlopen("no-such-library.so", RTLD_NOW) || !strstr(dlerror(), "no-such-library.so"))
        puts("a missing library"), wrong = 1;
    if (!dlopen(NULL, RTLD_NOW))
        puts("the executable itself"), wrong = 1;
    return wrong;
}
TEXT
gcc -g "$work/app.c" -Wl,-rpath,'$ORIGIN/plugins' -o "$work/app/app" -ldl
gcc -g -fsanitize=thread "$work/app.c" -Wl,-rpath,'$ORIGIN/plugins' -o "$work/app/app-hooks" -ldl
"$work/app/app" "$work/lib" # what is expected is what happens without the detector
LD_PRELOAD=$1 "$work/app/app" "$work/lib"
LD_PRELOAD=$1 "$work/app/app-hooks" "$work/lib"

# A C++ library in a C program: its runtime comes late, and not into the global scope.
cat >"$work/late.cc" <<'TEXT'
#include <stdexcept>
struct Counted {
    Counted(int n) : n(n) { if (n < 0) throw std::runtime_error("no"); }
    int n;
};
static Counted &once(int n)
{
    static Counted it(n);
    return it;
}
extern "C" int late(void)
{
    try {
        once(-1);
    } catch (std::exception &) {
    }
    return once(7).n + once(8).n;
}
TEXT
cat >"$work/late_app.c" <<'TEXT'
#include <dlfcn.h>
int main(int argc, char **argv)
{
    void *library = dlopen(argv[argc - 1], RTLD_NOW | RTLD_LOCAL);
    return !library || ((int (*)(void))dlsym(library, "late"))() != 14;
}
TEXT
g++ -g -shared -fPIC "$work/late.cc" -o "$work/late.so"
gcc -g "$work/late_app.c" -o "$work/late_app" -ldl
LD_PRELOAD=$1 "$work/late_app" "$work/late.so"

# Plugins with C++ runtimes of their own, linked in, beside one with the shared one: each has its own exceptions.
cat >"$work/runtime.cc" <<'TEXT'
#include <exception>
#include <stdexcept>
extern "C" int caught(void)
{
    int n = 0;
    for (int i = 0; i < 3; i++) {
        try {
            throw std::runtime_error("x");
        } catch (std::exception &e) {
            std::exception_ptr again = std::current_exception();
            n += e.what()[0] == 'x' && again;
        }
    }
    return !std::current_exception() ? n : -1;
}
TEXT
cat >"$work/runtimes.c" <<'TEXT'
#include <dlfcn.h>
#include <stdio.h>
int main(int argc, char **argv)
{
    for (int again = 0; again < 2; again++) {
        for (int i = 1; i < argc; i++) {
            void *plugin = dlopen(argv[i], RTLD_NOW | RTLD_LOCAL);
            int n = plugin ? ((int (*)(void))dlsym(plugin, "caught"))() : -2;
            if (n != 3) {
                printf("%s: %d instead of 3 exceptions\n", argv[i], n);
                return 1;
            }
            if (again)
                dlclose(plugin);
        }
    }
    return 0;
}
TEXT
for i in 1 2; do
    g++ -g -shared -fPIC -static-libstdc++ -static-libgcc "$work/runtime.cc" -o "$work/own$i.so"
done
g++ -g -shared -fPIC "$work/runtime.cc" -o "$work/shared.so"
gcc -g "$work/runtimes.c" -o "$work/runtimes" -ldl
LD_PRELOAD=$1 "$work/runtimes" "$work/own1.so" "$work/shared.so" "$work/own2.so"
LD_PRELOAD=$1 "$work/runtimes" "$work/shared.so" "$work/own1.so"

# A variable of an unloaded library, and whatever is mapped there next, are two things.
cat >"$work/variable.c" <<'TEXT'
static int variable;
void touch(void) { variable++; }
TEXT
cat >"$work/reload.c" <<'TEXT'
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include "barrier.h"
static struct schedule s;
static char *path;
static void *where[2];
static void use(int i)
{
    void *library = dlopen(path, RTLD_NOW);
    where[i] = dlsym(library, "touch");
    ((void (*)(void))where[i])();
    dlclose(library);
}
static void *first(void *arg)
{
    use(0);
    step(&s, 1);
    return arg;
}
int main(int argc, char **argv)
{
    pthread_t t;
    path = argv[argc - 1];
    pthread_create(&t, NULL, first, NULL);
    await(&s, 1);
    use(1);
    pthread_join(t, NULL);
    if (where[0] != where[1])
        puts("not loaded at the same place again: nothing was tested");
    return where[0] != where[1];
}
TEXT
here=$(cd "$(dirname "$0")" && pwd)
gcc -g -shared -fPIC -fsanitize=thread "$work/variable.c" -o "$work/variable.so"
gcc -g -fsanitize=thread -I"$here/../support" "$work/reload.c" -o "$work/reload" -ldl
LD_PRELOAD=$1 "$work/reload" "$work/variable.so"
