/* See watch.h. */
#include "watch.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "place.h"

void watch_option(char **options, const char *name, const char *value)
{
    const char *quote = strpbrk(value, " \t\n:") ? strchr(value, '\'') ? "\"" : "'" : "";
    char *more = must_format("%s%s%s=%s%s%s", *options, **options ? " " : "", name, quote, value, quote);
    free(*options);
    *options = more;
}

void watch_file_option(char **options, struct argp_state *state, const char *name, const char *file)
{
    char path[PATH_MAX];
    if (!realpath(file, path))
        argp_error(state, "--%s=%s: %s", name, file, strerror(errno));
    watch_option(options, name, path);
}

void watch_refuse(const char *program)
{
    char *path = place_program(program);
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
