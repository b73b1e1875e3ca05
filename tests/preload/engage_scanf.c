/* scanf. */
#include "engage.h"

static int ends[2];

static int with_list(int (*call)(va_list), ...)
{
    va_list args;
    va_start(args, call);
    int n = call(args);
    va_end(args);
    return n;
}

#define V(name, ...) \
    static int list_##name(va_list args) \
    { \
        return CALL(name)(__VA_ARGS__, args); \
    }
#define VCASE(name, claim, ...) \
    V(name, __VA_ARGS__) \
    CASE(name) \
    { \
        claim(with_list(list_##name, ARGUMENTS)); \
    }

static char input[] = "12 34 word 5.5 rest", pattern[] = "%d %*d %7s %lf%n %ld";
static int i, count;
static long untouched;
static double d;
static char word[8];
#define ARGUMENTS &i, word, &d, &count, &untouched

static void scanned(int n)
{
    CHECK(n == 3 && i == 12 && strcmp(word, "word") == 0 && d == 5.5 && count == 14);
    READS(pattern, sizeof pattern);
    WRITES(&i, sizeof i);
    WRITES(word, 5);
    WRITES(&d, sizeof d);
    WRITES(&count, sizeof count);
    CHECK(!told_for_sure(TRACE_WRITE, (uintptr_t)&untouched, sizeof untouched));
}

static void from_string(int n)
{
    scanned(n);
    READS(input, sizeof input);
}

static FILE *source(void)
{
    CHECK(pipe(ends) == 0 && dup2(ends[0], STDIN_FILENO) == STDIN_FILENO);
    FILE *f = fdopen(ends[0], "r");
    from_here();
    CHECK(write(ends[1], input, sizeof input) == sizeof input);
    return f;
}

static FILE *in;
static void from_pipe(int n)
{
    scanned(n);
    EDGE();
}

#define SCANS(name, ...) \
    CASE(name) \
    { \
        in = source(); \
        from_pipe(CALL(name)(__VA_ARGS__, ARGUMENTS)); \
    }
#define VSCANS(name, ...) \
    V(name, __VA_ARGS__) \
    CASE(name) \
    { \
        in = source(); \
        from_pipe(with_list(list_##name, ARGUMENTS)); \
    }
#define SSCANS(name) \
    CASE(name) \
    { \
        from_string(CALL(name)(input, pattern, ARGUMENTS)); \
    }

SCANS(scanf, pattern)
SCANS(fscanf, in, pattern)
SSCANS(sscanf)
VSCANS(vscanf, pattern)
VSCANS(vfscanf, in, pattern)
VCASE(vsscanf, from_string, input, pattern)
SCANS(__isoc99_scanf, pattern)
SCANS(__isoc99_fscanf, in, pattern)
SSCANS(__isoc99_sscanf)
VSCANS(__isoc99_vscanf, pattern)
VSCANS(__isoc99_vfscanf, in, pattern)
VCASE(__isoc99_vsscanf, from_string, input, pattern)
SCANS(__isoc23_scanf, pattern)
SCANS(__isoc23_fscanf, in, pattern)
SSCANS(__isoc23_sscanf)
VSCANS(__isoc23_vscanf, pattern)
VSCANS(__isoc23_vfscanf, in, pattern)
VCASE(__isoc23_vsscanf, from_string, input, pattern)
