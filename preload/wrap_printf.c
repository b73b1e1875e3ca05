/* printf and its family. What a format's arguments point at is read before the real call (format.h); what was written
 * is known by the result. */
#include <stdarg.h>

#include "alloc.h"
#include "format.h"
#include "stream.h"
#include "touch.h"

static void printed(struct actor *me, const char *format, va_list args, uintptr_t pc)
{
    if (!me)
        return;
    va_list copy;
    va_copy(copy, args);
    format_printed(me, format, copy, pc);
    va_end(copy);
}

static int to_stream(struct actor *me, FILE *f, const char *format, va_list args, uintptr_t pc)
{
    printed(me, format, args, pc);
    stream_giving(me, f, pc);
    return REAL(vfprintf)(f, format, args);
}

static int to_stream_checked(struct actor *me, FILE *f, int flag, const char *format, va_list args, uintptr_t pc)
{
    printed(me, format, args, pc);
    stream_giving(me, f, pc);
    return REAL(__vfprintf_chk)(f, flag, format, args);
}

static void to_fd(struct actor *me, int fd, const char *format, va_list args, uintptr_t pc)
{
    printed(me, format, args, pc);
    if (me)
        fd_release(me, fd);
}

/* `room` counts the terminator. */
static int to_string(struct actor *me, char *to, size_t room, int n, uintptr_t pc)
{
    if (me && n >= 0 && to)
        write_if(me, to, limited((size_t)n, room), pc);
    return n;
}

static int to_new_string(struct actor *me, char **to, int n, uintptr_t pc)
{
    alloc_pc = 0;
    if (me && n >= 0) {
        mem_write(me, to, sizeof *to, pc);
        mem_write(me, *to, (size_t)n + 1, pc);
    }
    return n;
}

static void allocating(struct actor *me, uintptr_t pc)
{
    if (me)
        alloc_pc = pc;
}

INTERPOSE_NAMED(int, vprintf, (const char *format, va_list args))
{
    return to_stream(current(), stdout, format, args, CALLER);
}

INTERPOSE_NAMED(int, vfprintf, (FILE * f, const char *format, va_list args))
{
    return to_stream(current(), f, format, args, CALLER);
}

INTERPOSE_NAMED(int, printf, (const char *format, ...))
{
    return COLLECTED(format, to_stream(current(), stdout, format, args, CALLER));
}

INTERPOSE_NAMED(int, fprintf, (FILE * f, const char *format, ...))
{
    return COLLECTED(format, to_stream(current(), f, format, args, CALLER));
}

INTERPOSE_NAMED(int, __vprintf_chk, (int flag, const char *format, va_list args))
{
    return to_stream_checked(current(), stdout, flag, format, args, CALLER);
}

INTERPOSE_NAMED(int, __vfprintf_chk, (FILE * f, int flag, const char *format, va_list args))
{
    return to_stream_checked(current(), f, flag, format, args, CALLER);
}

INTERPOSE_NAMED(int, __printf_chk, (int flag, const char *format, ...))
{
    return COLLECTED(format, to_stream_checked(current(), stdout, flag, format, args, CALLER));
}

INTERPOSE_NAMED(int, __fprintf_chk, (FILE * f, int flag, const char *format, ...))
{
    return COLLECTED(format, to_stream_checked(current(), f, flag, format, args, CALLER));
}

INTERPOSE_NAMED(int, vdprintf, (int fd, const char *format, va_list args))
{
    to_fd(current(), fd, format, args, CALLER);
    return REAL(vdprintf)(fd, format, args);
}

INTERPOSE_NAMED(int, dprintf, (int fd, const char *format, ...))
{
    return COLLECTED(format, (to_fd(current(), fd, format, args, CALLER), REAL(vdprintf)(fd, format, args)));
}

INTERPOSE_NAMED(int, __vdprintf_chk, (int fd, int flag, const char *format, va_list args))
{
    to_fd(current(), fd, format, args, CALLER);
    return REAL(__vdprintf_chk)(fd, flag, format, args);
}

INTERPOSE_NAMED(int, __dprintf_chk, (int fd, int flag, const char *format, ...))
{
    return COLLECTED(format,
                     (to_fd(current(), fd, format, args, CALLER), REAL(__vdprintf_chk)(fd, flag, format, args)));
}

/* ---- into strings ----------------------------------------------------------------------------------------------- */

static int into(char *to, size_t room, const char *format, va_list args, uintptr_t pc)
{
    struct actor *me = current();
    printed(me, format, args, pc);
    return to_string(me, to, room, REAL(vsnprintf)(to, room, format, args), pc);
}

static int into_unbounded(char *to, const char *format, va_list args, uintptr_t pc)
{
    struct actor *me = current();
    printed(me, format, args, pc);
    return to_string(me, to, SIZE_MAX, REAL(vsprintf)(to, format, args), pc);
}

static int into_checked(char *to, size_t n, int flag, size_t room, const char *format, va_list args, uintptr_t pc)
{
    struct actor *me = current();
    printed(me, format, args, pc);
    return to_string(me, to, n, REAL(__vsnprintf_chk)(to, n, flag, room, format, args), pc);
}

static int into_unbounded_checked(char *to, int flag, size_t room, const char *format, va_list args, uintptr_t pc)
{
    struct actor *me = current();
    printed(me, format, args, pc);
    return to_string(me, to, SIZE_MAX, REAL(__vsprintf_chk)(to, flag, room, format, args), pc);
}

static int into_new(char **to, const char *format, va_list args, uintptr_t pc)
{
    struct actor *me = current();
    printed(me, format, args, pc);
    allocating(me, pc);
    return to_new_string(me, to, REAL(vasprintf)(to, format, args), pc);
}

static int into_new_checked(char **to, int flag, const char *format, va_list args, uintptr_t pc)
{
    struct actor *me = current();
    printed(me, format, args, pc);
    allocating(me, pc);
    return to_new_string(me, to, REAL(__vasprintf_chk)(to, flag, format, args), pc);
}

INTERPOSE_NAMED(int, vsnprintf, (char *to, size_t room, const char *format, va_list args))
{
    return into(to, room, format, args, CALLER);
}

INTERPOSE_NAMED(int, snprintf, (char *to, size_t room, const char *format, ...))
{
    return COLLECTED(format, into(to, room, format, args, CALLER));
}

INTERPOSE_NAMED(int, vsprintf, (char *to, const char *format, va_list args))
{
    return into_unbounded(to, format, args, CALLER);
}

INTERPOSE_NAMED(int, sprintf, (char *to, const char *format, ...))
{
    return COLLECTED(format, into_unbounded(to, format, args, CALLER));
}

INTERPOSE_NAMED(int, vasprintf, (char **to, const char *format, va_list args))
{
    return into_new(to, format, args, CALLER);
}

INTERPOSE_NAMED(int, asprintf, (char **to, const char *format, ...))
{
    return COLLECTED(format, into_new(to, format, args, CALLER));
}

INTERPOSE_NAMED(int, __vsnprintf_chk, (char *to, size_t n, int flag, size_t room, const char *format, va_list args))
{
    return into_checked(to, n, flag, room, format, args, CALLER);
}

INTERPOSE_NAMED(int, __snprintf_chk, (char *to, size_t n, int flag, size_t room, const char *format, ...))
{
    return COLLECTED(format, into_checked(to, n, flag, room, format, args, CALLER));
}

INTERPOSE_NAMED(int, __vsprintf_chk, (char *to, int flag, size_t room, const char *format, va_list args))
{
    return into_unbounded_checked(to, flag, room, format, args, CALLER);
}

INTERPOSE_NAMED(int, __sprintf_chk, (char *to, int flag, size_t room, const char *format, ...))
{
    return COLLECTED(format, into_unbounded_checked(to, flag, room, format, args, CALLER));
}

INTERPOSE_NAMED(int, __vasprintf_chk, (char **to, int flag, const char *format, va_list args))
{
    return into_new_checked(to, flag, format, args, CALLER);
}

INTERPOSE_NAMED(int, __asprintf_chk, (char **to, int flag, const char *format, ...))
{
    return COLLECTED(format, into_new_checked(to, flag, format, args, CALLER));
}

/* ---- into wide strings: of what they print only the result is told ------------------------------------------------------------------ */

/* What did not fit is cut off, and the result negative. */
static int to_wide(struct actor *me, wchar_t *to, size_t room, int result, uintptr_t pc)
{
    if (me)
        write_if(me, to, (result < 0 ? room : (size_t)result + 1) * sizeof *to, pc);
    return result;
}

INTERPOSE_NAMED(int, vswprintf, (wchar_t *restrict to, size_t room, const wchar_t *restrict format, va_list args))
{
    return to_wide(current(), to, room, REAL(vswprintf)(to, room, format, args), CALLER);
}

INTERPOSE_NAMED(int, swprintf, (wchar_t *restrict to, size_t room, const wchar_t *restrict format, ...))
{
    return COLLECTED(format, to_wide(current(), to, room, REAL(vswprintf)(to, room, format, args), CALLER));
}

INTERPOSE_NAMED(int, __vswprintf_chk,
                (wchar_t *restrict to, size_t n, int flag, size_t room, const wchar_t *restrict format, va_list args))
{
    return to_wide(current(), to, n, REAL(__vswprintf_chk)(to, n, flag, room, format, args), CALLER);
}

INTERPOSE_NAMED(int, __swprintf_chk,
                (wchar_t *restrict to, size_t n, int flag, size_t room, const wchar_t *restrict format, ...))
{
    return COLLECTED(format, to_wide(current(), to, n, REAL(__vswprintf_chk)(to, n, flag, room, format, args), CALLER));
}
