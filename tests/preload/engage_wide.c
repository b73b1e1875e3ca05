/* Streams and formats of wide characters. */
#include "engage.h"

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

/* ---- scanning ------------------------------------------------------------------------------------------------------ */

static wchar_t input[] = L"12 34 word wide 5.5 rest", pattern[] = L"%d %*d %7s %7ls %lf%n %ld";
static int i, count;
static long untouched;
static double d;
static char word[8];
static wchar_t wide[8];
#define ARGUMENTS &i, word, wide, &d, &count, &untouched

static void scanned(int n)
{
    CHECK(n == 4 && i == 12 && strcmp(word, "word") == 0 && wcscmp(wide, L"wide") == 0 && d == 5.5 && count == 19);
    READS(pattern, sizeof pattern);
    WRITES(&i, sizeof i);
    WRITES(word, 5);
    WRITES(wide, 5 * sizeof *wide);
    WRITES(&d, sizeof d);
    WRITES(&count, sizeof count);
    CHECK(!told_for_sure(TRACE_WRITE, (uintptr_t)&untouched, sizeof untouched));
}

static void from_string(int n)
{
    scanned(n);
    READS(input, sizeof input);
}

static FILE *in;

static void source(void)
{
    int ends[2];
    CHECK(pipe(ends) == 0);
    in = stdin = fdopen(ends[0], "r");
    from_here();
    for (const wchar_t *c = input; *c; c++)
        CHECK(write(ends[1], &(char){(char)*c}, 1) == 1);
    close(ends[1]);
}

static void from_pipe(int n)
{
    scanned(n);
    EDGE();
}

#define SCANS_WIDE(prefix) \
    CASE(prefix##wscanf) \
    { \
        source(); \
        from_pipe(CALL(prefix##wscanf)(pattern, ARGUMENTS)); \
    } \
    CASE(prefix##fwscanf) \
    { \
        source(); \
        from_pipe(CALL(prefix##fwscanf)(in, pattern, ARGUMENTS)); \
    } \
    CASE(prefix##swscanf) \
    { \
        from_string(CALL(prefix##swscanf)(input, pattern, ARGUMENTS)); \
    } \
    V(prefix##vwscanf, pattern) \
    CASE(prefix##vwscanf) \
    { \
        source(); \
        from_pipe(with_list(list_##prefix##vwscanf, ARGUMENTS)); \
    } \
    V(prefix##vfwscanf, in, pattern) \
    CASE(prefix##vfwscanf) \
    { \
        source(); \
        from_pipe(with_list(list_##prefix##vfwscanf, ARGUMENTS)); \
    } \
    V(prefix##vswscanf, input, pattern) \
    CASE(prefix##vswscanf) \
    { \
        from_string(with_list(list_##prefix##vswscanf, ARGUMENTS)); \
    }

SCANS_WIDE()
SCANS_WIDE(__isoc99_)
SCANS_WIDE(__isoc23_)

/* ---- characters and lines ------------------------------------------------------------------------------------------ */

#define GETS_WIDE(name, ...) \
    CASE(name) \
    { \
        source(); \
        CHECK(CALL(name)(__VA_ARGS__) == L'1'); \
        EDGE(); \
    }
GETS_WIDE(fgetwc, in)
GETS_WIDE(getwc, in)
GETS_WIDE(getwchar)

static int ends[2];
static FILE *out;

/* In the place of libc's, which the test's own output has made one of bytes. */
static void sink(void)
{
    CHECK(pipe2(ends, O_NONBLOCK) == 0);
    out = stdout = fdopen(ends[1], "w");
    from_here();
}

static void arrived(const char *text)
{
    char got[64];
    fflush(out);
    ssize_t n = read(ends[0], got, sizeof got);
    CHECK(n == (ssize_t)strlen(text) && memcmp(got, text, (size_t)n) == 0);
    EDGE();
}

#define PUTS(name, ...) \
    CASE(name) \
    { \
        sink(); \
        CHECK(CALL(name)(__VA_ARGS__) == L'x'); \
        arrived("x"); \
    }
PUTS(fputwc, L'x', out)
PUTS(putwc, L'x', out)
PUTS(putwchar, L'x')

static wchar_t line[32];

#define LINES(name, ...) \
    CASE(name) \
    { \
        source(); \
        CHECK(CALL(name)(__VA_ARGS__) == line && wcscmp(line, input) == 0); \
        WRITES(line, sizeof input); \
        EDGE(); \
    }
LINES(fgetws, line, 32, in)
LINES(fgetws_unlocked, line, 32, in)
LINES(__fgetws_chk, line, 32, 32, in)

static wchar_t text[] = L"text";

#define PUTS_LINE(name) \
    CASE(name) \
    { \
        sink(); \
        CHECK(CALL(name)(text, out) >= 0); \
        READS(text, sizeof text); \
        arrived("text"); \
    }
PUTS_LINE(fputws)
PUTS_LINE(fputws_unlocked)

/* ---- printing ------------------------------------------------------------------------------------------------------ */

static wchar_t format[] = L"%d %s %ls.";
static char narrow[] = "word";
#define PRINTED 7, narrow, text

static void printed(int n)
{
    CHECK(n == 12);
    READS(format, sizeof format);
    READS(narrow, sizeof narrow);
    READS(text, sizeof text);
    arrived("7 word text.");
}

#define PRINTS(name, ...) \
    CASE(name) \
    { \
        sink(); \
        printed(CALL(name)(__VA_ARGS__, PRINTED)); \
    }
#define VPRINTS(name, ...) \
    V(name, __VA_ARGS__) \
    CASE(name) \
    { \
        sink(); \
        printed(with_list(list_##name, PRINTED)); \
    }
PRINTS(wprintf, format)
PRINTS(fwprintf, out, format)
VPRINTS(vwprintf, format)
VPRINTS(vfwprintf, out, format)
PRINTS(__wprintf_chk, 1, format)
PRINTS(__fwprintf_chk, out, 1, format)
VPRINTS(__vwprintf_chk, 1, format)
VPRINTS(__vfwprintf_chk, out, 1, format)
