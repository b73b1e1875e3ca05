/* printf and scanf. */
#include "engage.h"

static char s[8] = "text", format[] = "%d %.2s %s", room[32];

/* What a call with `format`, 7, s, s reads and makes. */
static void formatted(int n)
{
    CHECK(n == 9);
    READS(format, sizeof format);
    READS(s, 2);
    READS(s, 5);
}

static void in_room(int n)
{
    formatted(n);
    CHECK(strcmp(room, "7 te text") == 0);
    WRITES(room, 10);
}

static int with_list(int (*call)(va_list), ...)
{
    va_list args;
    va_start(args, call);
    int n = call(args);
    va_end(args);
    return n;
}

#define ARGUMENTS 7, s, s
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

/* A pipe takes what goes to a stream, to find it again. */
static int ends[2];
static FILE *out;

static void piped(void)
{
    CHECK(pipe(ends) == 0);
    out = fdopen(ends[1], "w");
    CHECK(dup2(ends[1], STDOUT_FILENO) == STDOUT_FILENO);
    from_here();
}

static void in_pipe(int n)
{
    formatted(n);
    fflush(out);
    fflush(stdout);
    CHECK(read(ends[0], room, sizeof room) == 9 && memcmp(room, "7 te text", 9) == 0);
    EDGE();
}

#define PRINTS(name, ...) \
    CASE(name) \
    { \
        piped(); \
        in_pipe(CALL(name)(__VA_ARGS__, ARGUMENTS)); \
    }
#define VPRINTS(name, ...) \
    V(name, __VA_ARGS__) \
    CASE(name) \
    { \
        piped(); \
        in_pipe(with_list(list_##name, ARGUMENTS)); \
    }

PRINTS(printf, format)
PRINTS(fprintf, out, format)
PRINTS(dprintf, ends[1], format)
PRINTS(__printf_chk, 1, format)
PRINTS(__fprintf_chk, out, 1, format)
PRINTS(__dprintf_chk, ends[1], 1, format)
VPRINTS(vprintf, format)
VPRINTS(vfprintf, out, format)
VPRINTS(vdprintf, ends[1], format)
VPRINTS(__vprintf_chk, 1, format)
VPRINTS(__vfprintf_chk, out, 1, format)
VPRINTS(__vdprintf_chk, ends[1], 1, format)

/* The format's other conversions, in their order and sizes; a bounded copy is written up to its end. */
CASE(snprintf)
{
    long n = 0;
    in_room(CALL(snprintf)(room, sizeof room, format, ARGUMENTS));
    from_here();
    CHECK(CALL(snprintf)(room, 4, "%s", s) == 4 && strcmp(room, "tex") == 0);
    WRITES(room, 4);
    CHECK(CALL(snprintf)(room, sizeof room, "%*d%Lf%c%hhd%%%p%g%zu%ln%-5s%m", 3, 1, 2.0L, 'c', 1, NULL, 1.0, (size_t)1,
                         &n, s) > 0);
    WRITES(&n, sizeof n);
    READS(s, 5);
    CHECK(CALL(snprintf)(NULL, 0, "%ls", L"wide") == 4);
    from_here();
    CHECK(CALL(snprintf)(room, sizeof room, "%2$s", 1, s) == 4); /* positional: nothing is guessed */
    CHECK(!told_for_sure(TRACE_READ, (uintptr_t)s, 5));
}

CASE(sprintf)
{
    in_room(CALL(sprintf)(room, format, ARGUMENTS));
}

CASE(__sprintf_chk)
{
    in_room(CALL(__sprintf_chk)(room, 1, sizeof room, format, ARGUMENTS));
}

CASE(__snprintf_chk)
{
    in_room(CALL(__snprintf_chk)(room, sizeof room, 1, sizeof room, format, ARGUMENTS));
}

VCASE(vsprintf, in_room, room, format)
VCASE(vsnprintf, in_room, room, sizeof room, format)
VCASE(__vsprintf_chk, in_room, room, 1, sizeof room, format)
VCASE(__vsnprintf_chk, in_room, room, sizeof room, 1, sizeof room, format)

static char *made;

static void newly_made(int n)
{
    formatted(n);
    CHECK(strcmp(made, "7 te text") == 0);
    WRITES(&made, sizeof made);
    ALLOCATES(made, SIZE_MAX);
    WRITES(made, 10);
}

CASE(asprintf)
{
    newly_made(CALL(asprintf)(&made, format, ARGUMENTS));
}

CASE(__asprintf_chk)
{
    newly_made(CALL(__asprintf_chk)(&made, 1, format, ARGUMENTS));
}

VCASE(vasprintf, newly_made, &made, format)
VCASE(__vasprintf_chk, newly_made, &made, 1, format)
