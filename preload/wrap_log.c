/* syslog and the messages of err.h: their formats and arguments are read. */
#include <err.h>
#include <stdarg.h>
#include <syslog.h>

#include "format.h"
#include "touch.h"

static void printed(const char *format, va_list args, uintptr_t pc)
{
    struct actor *me = current();
    if (!me || !format)
        return;
    va_list copy;
    va_copy(copy, args);
    format_printed(me, format, copy, pc);
    va_end(copy);
}

INTERPOSE_NAMED(void, vsyslog, (int priority, const char *format, va_list args))
{
    printed(format, args, CALLER);
    REAL(vsyslog)(priority, format, args);
}

INTERPOSE_NAMED(void, syslog, (int priority, const char *format, ...))
{
    va_list args;
    va_start(args, format);
    printed(format, args, CALLER);
    REAL(vsyslog)(priority, format, args);
    va_end(args);
}

INTERPOSE_NAMED(void, __vsyslog_chk, (int priority, int flag, const char *format, va_list args))
{
    printed(format, args, CALLER);
    REAL(__vsyslog_chk)(priority, flag, format, args);
}

INTERPOSE_NAMED(void, __syslog_chk, (int priority, int flag, const char *format, ...))
{
    va_list args;
    va_start(args, format);
    printed(format, args, CALLER);
    REAL(__vsyslog_chk)(priority, flag, format, args);
    va_end(args);
}

INTERPOSE_NAMED(void, warn, (const char *format, ...))
{
    va_list args;
    va_start(args, format);
    printed(format, args, CALLER);
    REAL(vwarn)(format, args);
    va_end(args);
}

INTERPOSE_NAMED(void, warnx, (const char *format, ...))
{
    va_list args;
    va_start(args, format);
    printed(format, args, CALLER);
    REAL(vwarnx)(format, args);
    va_end(args);
}

INTERPOSE_NAMED(void, vwarn, (const char *format, va_list args))
{
    printed(format, args, CALLER);
    REAL(vwarn)(format, args);
}

INTERPOSE_NAMED(void, vwarnx, (const char *format, va_list args))
{
    printed(format, args, CALLER);
    REAL(vwarnx)(format, args);
}
