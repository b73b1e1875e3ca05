/* scanf and its family. The C99 names, to which the headers redirect, and the older ones differ in what %as means; here
 * it is a float in both. */
#include <stdarg.h>

#include "format.h"
#include "stream.h"
#include "touch.h"

typedef int from_stream(FILE *f, const char *format, va_list args);
typedef int from_string(const char *s, const char *format, va_list args);

static int scan_stream(from_stream *real, FILE *f, const char *format, va_list args, uintptr_t pc)
{
    struct actor *me = current();
    if (!me)
        return real(f, format, args);
    stream_using(me, f, pc);
    va_list copy;
    va_copy(copy, args);
    int assigned = PARKED(me, "scanf", -1, real(f, format, args));
    stream_got(me, f);
    format_scanned(me, format, copy, assigned, pc);
    va_end(copy);
    return assigned;
}

/* libc takes the length of the string first, so all of it is read. */
static int scan_string(from_string *real, const char *s, const char *format, va_list args, uintptr_t pc)
{
    struct actor *me = current();
    if (!me)
        return real(s, format, args);
    read_string(me, s, pc);
    va_list copy;
    va_copy(copy, args);
    int assigned = real(s, format, args);
    format_scanned(me, format, copy, assigned, pc);
    va_end(copy);
    return assigned;
}

INTERPOSE_NAMED(int, vscanf, (const char *format, va_list args))
{
    return scan_stream(REAL(vfscanf), stdin, format, args, CALLER);
}

INTERPOSE_NAMED(int, vfscanf, (FILE * f, const char *format, va_list args))
{
    return scan_stream(REAL(vfscanf), f, format, args, CALLER);
}

INTERPOSE_NAMED(int, vsscanf, (const char *s, const char *format, va_list args))
{
    return scan_string(REAL(vsscanf), s, format, args, CALLER);
}

INTERPOSE_NAMED(int, scanf, (const char *format, ...))
{
    return COLLECTED(format, scan_stream(REAL(vfscanf), stdin, format, args, CALLER));
}

INTERPOSE_NAMED(int, fscanf, (FILE * f, const char *format, ...))
{
    return COLLECTED(format, scan_stream(REAL(vfscanf), f, format, args, CALLER));
}

INTERPOSE_NAMED(int, sscanf, (const char *s, const char *format, ...))
{
    return COLLECTED(format, scan_string(REAL(vsscanf), s, format, args, CALLER));
}

#define C99(kind) REAL(__isoc99_##kind)

INTERPOSE_NAMED(int, __isoc99_vscanf, (const char *format, va_list args))
{
    return scan_stream(C99(vfscanf), stdin, format, args, CALLER);
}

INTERPOSE_NAMED(int, __isoc99_vfscanf, (FILE * f, const char *format, va_list args))
{
    return scan_stream(C99(vfscanf), f, format, args, CALLER);
}

INTERPOSE_NAMED(int, __isoc99_vsscanf, (const char *s, const char *format, va_list args))
{
    return scan_string(C99(vsscanf), s, format, args, CALLER);
}

INTERPOSE_NAMED(int, __isoc99_scanf, (const char *format, ...))
{
    return COLLECTED(format, scan_stream(C99(vfscanf), stdin, format, args, CALLER));
}

INTERPOSE_NAMED(int, __isoc99_fscanf, (FILE * f, const char *format, ...))
{
    return COLLECTED(format, scan_stream(C99(vfscanf), f, format, args, CALLER));
}

INTERPOSE_NAMED(int, __isoc99_sscanf, (const char *s, const char *format, ...))
{
    return COLLECTED(format, scan_string(C99(vsscanf), s, format, args, CALLER));
}

/* Since glibc 2.38, for programs compiled as C2x or with _GNU_SOURCE. */
#define C23(kind) REAL(__isoc23_##kind)

INTERPOSE_NAMED(int, __isoc23_vscanf, (const char *format, va_list args))
{
    return scan_stream(C23(vfscanf), stdin, format, args, CALLER);
}

INTERPOSE_NAMED(int, __isoc23_vfscanf, (FILE * f, const char *format, va_list args))
{
    return scan_stream(C23(vfscanf), f, format, args, CALLER);
}

INTERPOSE_NAMED(int, __isoc23_vsscanf, (const char *s, const char *format, va_list args))
{
    return scan_string(C23(vsscanf), s, format, args, CALLER);
}

INTERPOSE_NAMED(int, __isoc23_scanf, (const char *format, ...))
{
    return COLLECTED(format, scan_stream(C23(vfscanf), stdin, format, args, CALLER));
}

INTERPOSE_NAMED(int, __isoc23_fscanf, (FILE * f, const char *format, ...))
{
    return COLLECTED(format, scan_stream(C23(vfscanf), f, format, args, CALLER));
}

INTERPOSE_NAMED(int, __isoc23_sscanf, (const char *s, const char *format, ...))
{
    return COLLECTED(format, scan_string(C23(vsscanf), s, format, args, CALLER));
}
