/* gorace: compiles with the hooks of the detector, runs programs under it, and makes reports of what it found.
 *
 * An ordinary program: it is never inside of the watched process, so it uses malloc, stdio, argp and jansson freely. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "flags.h"

static int command_options(int argc, char **argv)
{
    static const struct argp argp = {NULL, NULL, NULL, "Lists the options of the detector.", NULL, NULL, NULL};
    struct outbuf o;
    command_parse(&argp, argc, argv, 0, NULL);
    outbuf_open(&o, STDOUT_FILENO);
    flags_help(&o);
    outbuf_close(&o);
    return 0;
}

static const struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
} commands[] = {
    {"run", command_run, "run a program under the detector"},
    {"explore", command_explore, "run a program on libgoro with one schedule after the other, until one fails"},
    {"cc", command_cc, "compile and link C with the hooks"},
    {"c++", command_cxx, "the same for C++"},
    {"report", command_report, "merge findings of many runs; text, JSON, SARIF, HTML, JUnit, GitHub annotations"},
    {"baseline", command_baseline, "write down the findings of today, so that only new ones count"},
    {"explain", command_explain, "what a finding, or a kind of finding, means and how to fix it"},
    {"trace", command_trace, "read what record= has written: a summary, a timeline, files for other tools"},
    {"options", command_options, "the options of the detector: GORACE_OPTIONS, and gorace run -o"},
    {"doctor", command_doctor, "what on this machine, or in a program, would stop the detector"},
};

static void say(const char *format, va_list arguments)
{
    fputs("gorace: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
}

void warn_user(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say(format, arguments);
    va_end(arguments);
}

void die(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say(format, arguments);
    va_end(arguments);
    exit(STATUS_USAGE);
}

void *must_grow(void *old, size_t bytes)
{
    void *p = realloc(old, bytes);
    if (!p)
        die("no memory");
    return p;
}

char *must_copy(const char *text)
{
    char *p = strdup(text);
    if (!p)
        die("no memory");
    return p;
}

char *must_format(const char *format, ...)
{
    char *text;
    va_list arguments;
    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0)
        die("no memory");
    va_end(arguments);
    return text;
}

void command_parse(const struct argp *argp, int argc, char **argv, unsigned flags, void *input)
{
    argp_err_exit_status = STATUS_USAGE;
    error_t problem = argp_parse(argp, argc, argv, flags, NULL, input);
    if (problem)
        die("%s", strerror(problem));
}

static void usage(FILE *to)
{
    fputs("usage: gorace COMMAND [ARGUMENT...]\n\n", to);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        fprintf(to, "  gorace %-9s %s\n", commands[i].name, commands[i].help);
    fputs("\n`gorace COMMAND --help` says more of each; cc and c++ take the compiler's arguments.\n\n"
          "    gorace cc -O1 app.c -o app && gorace run -- ./app\n"
          "    make CC=\"gorace cc\" CXX=\"gorace c++\"\n\n"
          "Environment:\n"
          "    GORACE_CC, GORACE_CXX   the compiler (default: clang if there is one, else gcc)\n"
          "    GORACE_LIBDIR           where libgorace.so and its companions are\n"
          "    GORACE_OPTIONS          options of the detector\n",
          to);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        usage(stderr);
        return STATUS_USAGE;
    }
    const char *name = argv[1];
    if (!strcmp(name, "-h") || !strcmp(name, "--help") || !strcmp(name, "help")) {
        usage(stdout);
        return 0;
    }
    if (!strcmp(name, "--version")) {
        puts("gorace " GORACE_VERSION);
        return 0;
    }
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (!strcmp(name, commands[i].name)) {
            argv[1] = must_format("gorace %s", name);
            return commands[i].run(argc - 1, argv + 1);
        }
    fprintf(stderr, "gorace: unknown command '%s'\n", name);
    usage(stderr);
    return STATUS_USAGE;
}
