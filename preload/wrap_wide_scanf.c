/* wscanf and its family, as wrap_scanf.c. */
#include <stdarg.h>

#include "format.h"
#include "stream.h"
#include "touch.h"

typedef int from_stream(FILE *f, const wchar_t *format, va_list args);
typedef int from_string(const wchar_t *s, const wchar_t *format, va_list args);

static int scan_stream(from_stream *real, FILE *f, const wchar_t *format, va_list args, uintptr_t pc)
{
    struct actor *me = current();
    if (!me)
        return real(f, format, args);
    stream_using(me, f, pc);
    va_list copy;
    va_copy(copy, args);
    int assigned = PARKED(me, "wscanf", -1, real(f, format, args));
    stream_got(me, f);
    format_scanned_wide(me, format, copy, assigned, pc);
    va_end(copy);
    return assigned;
}

static int scan_string(from_string *real, const wchar_t *s, const wchar_t *format, va_list args, uintptr_t pc)
{
    struct actor *me = current();
    if (!me)
        return real(s, format, args);
    read_wide(me, s, pc);
    va_list copy;
    va_copy(copy, args);
    int assigned = real(s, format, args);
    format_scanned_wide(me, format, copy, assigned, pc);
    va_end(copy);
    return assigned;
}

#define WIDE_SCANS(prefix) \
    INTERPOSE_NAMED(int, prefix##vwscanf, (const wchar_t *restrict format, va_list args)) \
    { \
        return scan_stream(REAL(prefix##vfwscanf), stdin, format, args, CALLER); \
    } \
    INTERPOSE_NAMED(int, prefix##vfwscanf, (FILE *restrict f, const wchar_t *restrict format, va_list args)) \
    { \
        return scan_stream(REAL(prefix##vfwscanf), f, format, args, CALLER); \
    } \
    INTERPOSE_NAMED(int, prefix##vswscanf, (const wchar_t *restrict s, const wchar_t *restrict format, va_list args)) \
    { \
        return scan_string(REAL(prefix##vswscanf), s, format, args, CALLER); \
    } \
    INTERPOSE_NAMED(int, prefix##wscanf, (const wchar_t *restrict format, ...)) \
    { \
        return COLLECTED(format, scan_stream(REAL(prefix##vfwscanf), stdin, format, args, CALLER)); \
    } \
    INTERPOSE_NAMED(int, prefix##fwscanf, (FILE *restrict f, const wchar_t *restrict format, ...)) \
    { \
        return COLLECTED(format, scan_stream(REAL(prefix##vfwscanf), f, format, args, CALLER)); \
    } \
    INTERPOSE_NAMED(int, prefix##swscanf, (const wchar_t *restrict s, const wchar_t *restrict format, ...)) \
    { \
        return COLLECTED(format, scan_string(REAL(prefix##vswscanf), s, format, args, CALLER)); \
    }

WIDE_SCANS()
WIDE_SCANS(__isoc99_)
WIDE_SCANS(__isoc23_)
