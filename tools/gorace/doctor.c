/* gorace doctor: what on this machine, or in a program, would stop the detector or make it see less. Every line is
 * something that was tried, not guessed: the last test runs the launcher itself under the detector. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "child.h"
#include "command.h"
#include "place.h"

enum result { OK, NOTE, BAD };
static int failures;

static void say(enum result r, const char *what, const char *why)
{
    static const char *const words[] = {"ok  ", "note", "BAD "};
    printf("%s  %s%s%s\n", words[r], what, *why ? ": " : "", why);
    failures += r == BAD;
}

static char *first_line(const char *file)
{
    char *line = NULL;
    size_t room = 0;
    FILE *f = fopen(file, "r");
    if (f && getline(&line, &room, f) > 0)
        line[strcspn(line, "\n")] = 0;
    if (f)
        fclose(f);
    return line;
}

/* ---- the machine --------------------------------------------------------------------------------------------------- */

static void check_system(void)
{
    struct utsname u;
    char *bits = first_line("/proc/sys/vm/mmap_rnd_bits"), *overcommit = first_line("/proc/sys/vm/overcommit_memory");
    if (uname(&u) == 0) {
        char *name = must_format("%s %s %s", u.sysname, u.release, u.machine);
        say(strcmp(u.machine, "x86_64") ? BAD : OK, name,
            strcmp(u.machine, "x86_64") ? "only x86-64 is supported" : "");
        free(name);
    }
    if (access("/proc/self/maps", R_OK) != 0)
        say(BAD, "/proc", "it is not mounted: programs cannot be watched");
    if (bits) {
        char *name = must_format("address space randomisation, %s bits", bits);
        say(OK, name, "any number will do");
        free(name);
    }
    if (overcommit && !strcmp(overcommit, "2"))
        say(NOTE, "vm.overcommit_memory=2",
            "reserved address space counts as memory; if programs do not start, set it to 0 or 1");
    free(bits);
    free(overcommit);
}

static void check_limits(void)
{
    /* What the detector reserves, and room for a small program (docs/limits.md). */
    static const rlim_t wanted = (rlim_t)16 << 30;
    struct rlimit address_space;
    if (getrlimit(RLIMIT_AS, &address_space) != 0)
        return;
    if (address_space.rlim_cur == RLIM_INFINITY)
        say(OK, "address space", "no limit");
    else if (address_space.rlim_cur >= wanted)
        say(OK, "address space", "limited, but wide enough for small programs");
    else
        say(BAD, "address space", "`ulimit -v` is below 16 GB: the detector switches itself off");
}

static void check_environment(void)
{
    const char *preload = getenv("LD_PRELOAD"), *options = getenv("GORACE_OPTIONS");
    if (preload && *preload)
        say(NOTE, "LD_PRELOAD is set", preload);
    if (options && *options)
        say(NOTE, "GORACE_OPTIONS is set", options);
}

static void check_compilers(void)
{
    static const char *const names[] = {"gcc", "clang"};
    bool any = false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char *path = place_program(names[i]);
        any |= path != NULL;
        if (path)
            say(OK, "compiler", path);
        free(path);
    }
    if (!any)
        say(NOTE, "compiler", "neither gcc nor clang is here; `gorace cc` needs one, `gorace run` does not");
}

static void check_symbolizer(const char *libraries)
{
    char *module = must_format("%s/libgorace-symbolize.so", libraries);
    int status;
    /* The loader names what it does not find. */
    char *said = child_output((char *[]){(char[]){"/lib64/ld-linux-x86-64.so.2"}, (char[]){"--list"}, module, NULL},
                              NULL, &status);
    bool there = access(module, R_OK) == 0;
    if (!there)
        say(NOTE, "names of functions and lines", "libgorace-symbolize.so is not there: only module and offset");
    else if (strstr(said, "not found"))
        say(NOTE, "names of functions and lines",
            "libgorace-symbolize.so lacks a library (libdw1): only module and offset");
    else
        say(OK, "names of functions and lines", module);
    free(said);
    free(module);
}

/* The launcher under the detector, with the option that makes it speak. */
static void check_preload(const char *libraries)
{
    char *library = must_format("%s/libgorace.so", libraries);
    char *preload = must_format("LD_PRELOAD=%s", library);
    int status;
    char *said = child_output((char *[]){(char[]){"/proc/self/exe"}, (char[]){"--version"}, NULL},
                              (char *[]){preload, (char[]){"GORACE_OPTIONS=help=1 verbosity=1"}, NULL}, &status);
    bool spoke = strstr(said, "GORACE_OPTIONS=\"name=value") != NULL, ended = strstr(said, "coverage:") != NULL;
    if (status != 0) {
        char *why = must_format("a program under it ended with status %d and said: %s", status, said);
        say(BAD, "the detector", why);
        free(why);
    } else if (!spoke) {
        say(BAD, "the detector", "a preload has no effect here: LD_PRELOAD is ignored");
    } else if (!ended) {
        say(BAD, "the detector", said);
    } else {
        say(OK, "the detector", library);
    }
    free(said);
    free(preload);
    free(library);
}

/* ---- a program ----------------------------------------------------------------------------------------------------- */

static void check_program(const char *program)
{
    char *path = place_program(program);
    if (!path) {
        say(BAD, program, "no such program");
        return;
    }
    struct executable e = executable_look(path);
    bool capable = getxattr(path, "security.capability", NULL, 0) > 0;
    if (!e.elf)
        say(NOTE, path, "a script, or nothing that runs by itself: its interpreter is watched, and what it starts");
    else if (!e.dynamic)
        say(BAD, path, "statically linked: a preload does not reach it");
    else if (!e.glibc)
        say(BAD, path, "not for the GNU C library");
    else if ((e.privileged || capable) && geteuid() != 0)
        say(BAD, path, "setuid, setgid or with capabilities: the loader ignores preloads");
    else if (e.own_tsan)
        say(BAD, path, "carries its own ThreadSanitizer: link it by `gorace cc`, or by gcc without -static-libtsan");
    else if (!e.instrumented)
        say(NOTE, path, "not compiled with the hooks: accesses are seen only where they go through the C library");
    else
        say(OK, path, "compiled with the hooks");
    free(path);
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    if (key != ARGP_KEY_ARG)
        return ARGP_ERR_UNKNOWN;
    if (state->arg_num)
        argp_error(state, "one program at a time");
    *(const char **)state->input = argument;
    return 0;
}

int command_doctor(int argc, char **argv)
{
    static const struct argp argp = {
        NULL,
        parse,
        "[PROGRAM]",
        "Tries what the detector needs of this machine, and looks whether PROGRAM can be watched. "
        "Ends with 1 when something would stop it.",
        NULL,
        NULL,
        NULL};
    const char *program = NULL;
    command_parse(&argp, argc, argv, 0, &program);
    check_system();
    check_limits();
    check_environment();
    check_compilers();
    char *libraries = place_libraries();
    check_symbolizer(libraries);
    check_preload(libraries);
    if (program)
        check_program(program);
    free(libraries);
    return failures ? 1 : 0;
}
