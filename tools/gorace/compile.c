/* gorace cc, gorace c++: the compiler with the hooks, linked so that the detector can take their place.
 *
 * Whatever the compiler links last must be ours: what is linked as needed has to come after what needs it. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "child.h"
#include "command.h"
#include "place.h"

struct words {
    char **at;
    size_t n;
};

static void add(struct words *w, const char *word)
{
    w->at = must_grow(w->at, (w->n + 2) * sizeof *w->at);
    w->at[w->n++] = word ? must_copy(word) : NULL;
    w->at[w->n] = NULL;
}

static bool starts(const char *s, const char *with)
{
    return !strncmp(s, with, strlen(with));
}

static bool any_of(const char *s, const char *const *list)
{
    for (; *list; list++)
        if (!strcmp(s, *list))
            return true;
    return false;
}

/* Whether these arguments make the compiler link. */
static bool links(int n, char **arguments)
{
    static const char *const only[] = {"-c",        "-S",     "-E", "-M", "-MM", "-r", "-fsyntax-only",
                                       "--version", "--help", NULL};
    bool inputs = false;
    for (int i = 0; i < n; i++) {
        const char *a = arguments[i];
        if (any_of(a, only) || starts(a, "-dump") || starts(a, "-print-") || starts(a, "--print-"))
            return false;
        inputs |= a[0] != '-' || !a[1];
    }
    return inputs;
}

static void refuse_static(int n, char **arguments)
{
    for (int i = 0; i < n; i++) {
        const char *a = arguments[i];
        if (!strcmp(a, "-static") || !strcmp(a, "-static-pie"))
            die("%s: a static program cannot be preloaded into", a);
        if (!strcmp(a, "-static-libtsan") || !strcmp(a, "-static-libsan"))
            die("%s: a static ThreadSanitizer would stand before the detector", a);
    }
}

static char *choose(const char *variable, const char *first, const char *second)
{
    const char *wanted = getenv(variable);
    if (wanted && *wanted) {
        char *path = place_program(wanted);
        if (!path)
            die("no compiler %s", wanted);
        return path;
    }
    char *path = place_program(first);
    if (!path)
        path = place_program(second);
    if (!path)
        die("no compiler found (tried: %s %s)", first, second);
    return path;
}

static bool is_clang(char *compiler)
{
    int status;
    char *version = child_output((char *[]){compiler, (char[]){"--version"}, NULL}, NULL, &status);
    bool clang = strcasestr(version, "clang") != NULL;
    free(version);
    return clang;
}

static bool system_folder(const char *folder)
{
    return !strcmp(folder, "/lib") || starts(folder, "/lib/") || !strcmp(folder, "/usr/lib") ||
           starts(folder, "/usr/lib/");
}

static int compile(char *compiler, int n, char **arguments)
{
    struct words command = {NULL, 0};
    const bool clang = is_clang(compiler);
    refuse_static(n, arguments);
    add(&command, compiler);
    add(&command, "-fsanitize=thread");
    add(&command, "-g");
    if (!clang) {
        static char flags[] = GORACE_GCC_FLAGS;
        for (char *flag = strtok(flags, " "); flag; flag = strtok(NULL, " "))
            add(&command, flag);
    }
    for (int i = 0; i < n; i++)
        add(&command, arguments[i]);
    if (links(n, arguments)) {
        char *libraries = place_libraries();
        if (clang) {
            add(&command, "-fno-sanitize-link-runtime");
            add(&command, must_format("-L%s", libraries));
            add(&command, "-lgorace_hooks");
        } else {
            /* gcc links -ltsan whatever one says; in this folder that is the hooks library. */
            add(&command, must_format("-L%s/gorace/link", libraries));
        }
        if (!system_folder(libraries))
            add(&command, must_format("-Wl,-rpath,%s", libraries));
    }
    execv(compiler, command.at);
    die("cannot run %s: %m", compiler);
}

int command_cc(int argc, char **argv)
{
    return compile(choose("GORACE_CC", "clang", "gcc"), argc - 1, argv + 1);
}

int command_cxx(int argc, char **argv)
{
    return compile(choose("GORACE_CXX", "clang++", "g++"), argc - 1, argv + 1);
}
