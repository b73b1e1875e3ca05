/* See watch.h. */
#include "watch.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "place.h"

void watch_option(char **options, const char *name, const char *value)
{
    bool apart = strpbrk(value, " \t\n:");
    if (apart && strchr(value, '\'') && strchr(value, '"'))
        die("%s=%s: a value with spaces or colons cannot have both kinds of quotes", name, value);
    const char *quote = apart ? strchr(value, '\'') ? "\"" : "'" : "";
    char *more = must_format("%s%s%s=%s%s%s", *options, **options ? " " : "", name, quote, value, quote);
    free(*options);
    *options = more;
}

void watch_file_option(char **options, struct argp_state *state, const char *name, const char *file)
{
    char path[PATH_MAX];
    if (!realpath(file, path))
        argp_error(state, "--%s=%s: %s%s", name, file, strerror(errno),
                   errno == ENOENT && !strcmp(name, "baseline") ? "; `gorace baseline -o FILE FINDINGS...' makes one"
                                                                : "");
    watch_option(options, name, path);
}

void watch_refuse(const char *program)
{
    char *path = place_program(program);
    if (!path && strchr(program, '/') && access(program, F_OK) == 0)
        die("%s is no program: it cannot be executed", program);
    if (!path)
        die("no program %s", program);
    struct executable e = executable_look(path);
    if (e.elf && !e.dynamic)
        die("%s is statically linked: the detector cannot be preloaded into it", program);
    if (e.elf && !e.glibc)
        die("%s is not for the GNU C library: the detector cannot be preloaded into it", program);
    free(path);
}

/* Before those that are there already. */
static void preload(const char *name)
{
    char *libraries = place_libraries();
    char *library = must_format("%s/%s", libraries, name);
    const char *others = getenv("LD_PRELOAD");
    if (strpbrk(library, " :"))
        die("LD_PRELOAD cannot name a file with a space or colon in its path: %s", library);
    char *all = must_format("%s%s%s", library, others && *others ? ":" : "", others && *others ? others : "");
    setenv("LD_PRELOAD", all, 1);
    free(all);
    free(library);
    free(libraries);
}

void watch_preload(void)
{
    preload("libgorace.so");
    watch_preload_points();
}

void watch_preload_points(void)
{
    const char *points = getenv("GORO_POINTS");
    if (points && !strcmp(points, "accesses"))
        preload("libgorace_points.so");
}
