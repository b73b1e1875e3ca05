/* Format strings; see format.h.
 *
 * A walk ends, and leaves the arguments after it untold, at anything it does not know: positional arguments (%2$s),
 * conversions that the program registered itself. To guess there would mean to read a number as an address. */
#include "format.h"

#include "touch.h"

enum length { NONE, HH, H, L, LL, LONG_DOUBLE };

static int digits(const char **f)
{
    int n = 0;
    for (; **f >= '0' && **f <= '9'; (*f)++)
        n = n < 100000000 ? n * 10 + (**f - '0') : n;
    return n;
}

static enum length length_of(const char **f)
{
    switch (**f) {
    case 'h':
        (*f)++;
        if (**f != 'h')
            return H;
        (*f)++;
        return HH;
    case 'l':
        (*f)++;
        if (**f != 'l')
            return L;
        (*f)++;
        return LL;
    case 'q':
    case 'j':
    case 'z':
    case 'Z':
    case 't':
        (*f)++;
        return LL;
    case 'L':
        (*f)++;
        return LONG_DOUBLE;
    default:
        return NONE;
    }
}

static size_t integer_size(enum length l)
{
    switch (l) {
    case HH:
        return 1;
    case H:
        return 2;
    case NONE:
        return 4;
    case L:
    case LL:
    case LONG_DOUBLE:
        return 8;
    }
    return 0;
}

static void read_argument(struct actor *me, const void *s, bool wide, int precision, uintptr_t pc)
{
    if (!s)
        return; /* "(null)" */
    size_t max = precision < 0 ? SIZE_MAX / sizeof(wchar_t) : (size_t)precision;
    if (wide)
        read_if(me, s, limited(REAL(wcsnlen)(s, max), max) * sizeof(wchar_t), pc);
    else
        read_if(me, s, limited(REAL(strnlen)(s, max), max), pc);
}

static void printed(struct actor *me, const char *format, va_list args, uintptr_t pc)
{
    for (const char *f = format; *f;) {
        if (*f++ != '%')
            continue;
        while (*f == '-' || *f == '+' || *f == ' ' || *f == '#' || *f == '0' || *f == '\'' || *f == 'I')
            f++;
        if (*f == '*') {
            f++;
            va_arg(args, int);
        } else {
            digits(&f);
        }
        int precision = -1;
        if (*f == '.') {
            f++;
            if (*f == '*') {
                f++;
                precision = va_arg(args, int);
            } else {
                precision = digits(&f);
            }
        }
        enum length l = length_of(&f);
        switch (*f++) {
        case '%':
        case 'm':
            break;
        case 'd':
        case 'i':
        case 'o':
        case 'u':
        case 'x':
        case 'X':
            if (integer_size(l) == 8)
                va_arg(args, long);
            else
                va_arg(args, int);
            break;
        case 'c':
        case 'C':
            va_arg(args, int); /* wint_t is as wide */
            break;
        case 'a':
        case 'A':
        case 'e':
        case 'E':
        case 'f':
        case 'F':
        case 'g':
        case 'G':
            if (l == LONG_DOUBLE)
                va_arg(args, long double);
            else
                va_arg(args, double);
            break;
        case 's':
            read_argument(me, va_arg(args, void *), l == L, precision, pc);
            break;
        case 'S':
            read_argument(me, va_arg(args, void *), true, precision, pc);
            break;
        case 'p':
            va_arg(args, void *);
            break;
        case 'n':
            mem_write(me, va_arg(args, void *), integer_size(l), pc);
            break;
        default:
            return;
        }
    }
}

/* Past the set of %[..]; NULL when it has no end. */
static const char *after_set(const char *f)
{
    if (*f == '^')
        f++;
    if (*f == ']')
        f++;
    while (*f && *f != ']')
        f++;
    return *f ? f + 1 : NULL;
}

static void write_text(struct actor *me, const void *p, bool wide, bool allocated, uintptr_t pc)
{
    if (allocated) {
        mem_write(me, p, sizeof(void *), pc);
        p = *(void *const *)p;
    }
    if (wide)
        mem_write(me, p, (REAL(wcslen)(p) + 1) * sizeof(wchar_t), pc);
    else
        write_string(me, p, pc);
}

static void scanned(struct actor *me, const char *format, va_list args, int assigned, uintptr_t pc)
{
    bool reached = true; /* no literal since the last conversion: what follows it at once was reached too */
    for (const char *f = format; *f && assigned >= 0;) {
        if (*f++ != '%') {
            reached = reached && (f[-1] == ' ' || (f[-1] >= '\t' && f[-1] <= '\r'));
            continue;
        }
        bool kept = *f != '*', allocated = false;
        if (!kept)
            f++;
        int width = digits(&f);
        if (*f == 'm') {
            allocated = true;
            f++;
        }
        enum length l = length_of(&f);
        char conversion = *f++;
        if (conversion == '%') {
            reached = false;
            continue;
        }
        if (conversion == '[' && !(f = after_set(f)))
            return;
        if (!kept) {
            reached = false;
            continue;
        }
        if (conversion == 'n') {
            void *count = va_arg(args, void *);
            if (assigned > 0 || reached)
                mem_write(me, count, integer_size(l), pc);
            continue;
        }
        if (assigned-- <= 0)
            return;
        reached = true;
        const void *to = va_arg(args, void *);
        switch (conversion) {
        case 'd':
        case 'i':
        case 'o':
        case 'u':
        case 'x':
        case 'X':
            mem_write(me, to, integer_size(l), pc);
            break;
        case 'a':
        case 'A':
        case 'e':
        case 'E':
        case 'f':
        case 'F':
        case 'g':
        case 'G':
            mem_write(me, to, l == LONG_DOUBLE ? sizeof(long double) : l == L ? sizeof(double) : sizeof(float), pc);
            break;
        case 'p':
            mem_write(me, to, sizeof(void *), pc);
            break;
        case 'c':
        case 'C':
            if (allocated)
                mem_write(me, to, sizeof(void *), pc);
            else
                mem_write(me, to, (width ? (size_t)width : 1) * (l == L || conversion == 'C' ? sizeof(wchar_t) : 1),
                          pc);
            break;
        case 's':
        case '[':
            write_text(me, to, l == L, allocated, pc);
            break;
        case 'S':
            write_text(me, to, true, allocated, pc);
            break;
        default:
            return;
        }
    }
}

void format_printed(struct actor *me, const char *format, va_list args, uintptr_t pc)
{
    read_string(me, format, pc);
    printed(me, format, args, pc);
}

void format_scanned(struct actor *me, const char *format, va_list args, int assigned, uintptr_t pc)
{
    read_string(me, format, pc);
    scanned(me, format, args, assigned, pc);
}

/* All that has a meaning in a format is ASCII. A format that does not fit ends in front of a conversion. */
#define NARROW 256
static void narrow(char to[NARROW], const wchar_t *format)
{
    size_t n = 0, whole = 0;
    for (; n < NARROW - 1 && format[n]; n++) {
        if (format[n] == '%')
            whole = n;
        to[n] = (unsigned)format[n] < 128 ? (char)format[n] : '?';
    }
    to[format[n] ? whole : n] = 0;
}

void format_printed_wide(struct actor *me, const wchar_t *format, va_list args, uintptr_t pc)
{
    char narrowed[NARROW];
    read_wide(me, format, pc);
    narrow(narrowed, format);
    printed(me, narrowed, args, pc);
}

void format_scanned_wide(struct actor *me, const wchar_t *format, va_list args, int assigned, uintptr_t pc)
{
    char narrowed[NARROW];
    read_wide(me, format, pc);
    narrow(narrowed, format);
    scanned(me, narrowed, args, assigned, pc);
}
