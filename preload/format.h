/* Format strings of printf and scanf, walked for the memory that their arguments point at. */
#ifndef GORACE_FORMAT_H
#define GORACE_FORMAT_H

#include <stdarg.h>

#include "current.h"

/* printf: reads the format and every string of %s; %n is written. Consumes `args`. */
void format_printed(struct actor *me, const char *format, va_list args, uintptr_t pc);

/* scanf, afterwards: reads the format, writes the first `assigned` destinations. Consumes `args`. */
void format_scanned(struct actor *me, const char *format, va_list args, int assigned, uintptr_t pc);

/* The same of wide formats. Of one that is longer than 255 characters only what fits is walked. */
void format_printed_wide(struct actor *me, const wchar_t *format, va_list args, uintptr_t pc);
void format_scanned_wide(struct actor *me, const wchar_t *format, va_list args, int assigned, uintptr_t pc);

/* A function with `...`, behind `last`, is its v-twin with the arguments collected: `call`, which names them `args`. */
#define COLLECTED(last, call) \
    ({ \
        va_list args; \
        va_start(args, last); \
        int n_ = (call); \
        va_end(args); \
        n_; \
    })

#endif
