/* stdio streams of wide characters, as wrap_stream.c, wrap_character.c and wrap_printf.c. */
#include <stdarg.h>

#include "format.h"
#include "stream.h"
#include "touch.h"

#define GET(name, params, stream, ...) \
    INTERPOSE_NAMED(wint_t, name, params) \
    { \
        struct actor *me = touching(); \
        stream_using(me, stream, CALLER); \
        wint_t c = PARKED(me, #name, -1, REAL(name)(__VA_ARGS__)); \
        stream_got(me, stream); \
        return c; \
    }

#define PUT(name, params, stream, ...) \
    INTERPOSE_NAMED(wint_t, name, params) \
    { \
        stream_giving(current(), stream, CALLER); \
        return REAL(name)(__VA_ARGS__); \
    }

GET(fgetwc, (FILE * f), f, f)
GET(getwc, (FILE * f), f, f)
GET(getwchar, (void), stdin)
PUT(fputwc, (wchar_t c, FILE *f), f, c, f)
PUT(putwc, (wchar_t c, FILE *f), f, c, f)
PUT(putwchar, (wchar_t c), stdout, c)

/* ---- lines ------------------------------------------------------------------------------------------------------ */

static void got_line(struct actor *me, FILE *f, const wchar_t *line, uintptr_t pc)
{
    stream_got(me, f);
    if (me && line)
        mem_write(me, line, (REAL(wcslen)(line) + 1) * sizeof *line, pc);
}

#define GET_LINE(name, params, ...) \
    INTERPOSE_NAMED(wchar_t *, name, params) \
    { \
        struct actor *me = current(); \
        stream_using(me, f, CALLER); \
        wchar_t *line = PARKED(me, "fgetws", -1, REAL(name)(__VA_ARGS__)); \
        got_line(me, f, line, CALLER); \
        return line; \
    }

#define PUT_LINE(name) \
    INTERPOSE_NAMED(int, name, (const wchar_t *restrict s, FILE *restrict f)) \
    { \
        struct actor *me = current(); \
        if (me) \
            read_wide(me, s, CALLER); \
        stream_giving(me, f, CALLER); \
        return PARKED(me, "fputws", -1, REAL(name)(s, f)); \
    }

GET_LINE(fgetws, (wchar_t *restrict to, int n, FILE *restrict f), to, n, f)
GET_LINE(fgetws_unlocked, (wchar_t *restrict to, int n, FILE *restrict f), to, n, f)
GET_LINE(__fgetws_chk, (wchar_t *restrict to, size_t room, int n, FILE *restrict f), to, room, n, f)
PUT_LINE(fputws)
PUT_LINE(fputws_unlocked)

/* ---- formats ---------------------------------------------------------------------------------------------------- */

static void printing(struct actor *me, FILE *f, const wchar_t *format, va_list args, uintptr_t pc)
{
    if (!me)
        return;
    va_list copy;
    va_copy(copy, args);
    format_printed_wide(me, format, copy, pc);
    va_end(copy);
    stream_giving(me, f, pc);
}

static int print(FILE *f, const wchar_t *format, va_list args, uintptr_t pc)
{
    printing(current(), f, format, args, pc);
    return REAL(vfwprintf)(f, format, args);
}

static int print_checked(FILE *f, int flag, const wchar_t *format, va_list args, uintptr_t pc)
{
    printing(current(), f, format, args, pc);
    return REAL(__vfwprintf_chk)(f, flag, format, args);
}

INTERPOSE_NAMED(int, vfwprintf, (FILE *restrict f, const wchar_t *restrict format, va_list args))
{
    return print(f, format, args, CALLER);
}

INTERPOSE_NAMED(int, vwprintf, (const wchar_t *restrict format, va_list args))
{
    return print(stdout, format, args, CALLER);
}

INTERPOSE_NAMED(int, fwprintf, (FILE *restrict f, const wchar_t *restrict format, ...))
{
    return COLLECTED(format, print(f, format, args, CALLER));
}

INTERPOSE_NAMED(int, wprintf, (const wchar_t *restrict format, ...))
{
    return COLLECTED(format, print(stdout, format, args, CALLER));
}

INTERPOSE_NAMED(int, __vfwprintf_chk, (FILE *restrict f, int flag, const wchar_t *restrict format, va_list args))
{
    return print_checked(f, flag, format, args, CALLER);
}

INTERPOSE_NAMED(int, __vwprintf_chk, (int flag, const wchar_t *restrict format, va_list args))
{
    return print_checked(stdout, flag, format, args, CALLER);
}

INTERPOSE_NAMED(int, __fwprintf_chk, (FILE *restrict f, int flag, const wchar_t *restrict format, ...))
{
    return COLLECTED(format, print_checked(f, flag, format, args, CALLER));
}

INTERPOSE_NAMED(int, __wprintf_chk, (int flag, const wchar_t *restrict format, ...))
{
    return COLLECTED(format, print_checked(stdout, flag, format, args, CALLER));
}
