/* Numbers from strings. What is read ends with the character that ended the number. */
#include <inttypes.h>

#include "touch.h"

static void parsed(struct actor *me, const void *s, size_t used, size_t unit, void *end, uintptr_t pc)
{
    mem_read(me, s, used + unit, pc);
    write_if(me, end, sizeof(void *), pc);
}

/* The arguments are the real function's, with `to` in the place of `end`. What it points at is not set for a base that is none. */
#define PARSE(ret, name, type, params, ...) \
    INTERPOSE_NAMED(ret, name, params) \
    { \
        struct actor *me = touching(); \
        type *last = NULL, **to = end; \
        if (!me) \
            return REAL(name)(__VA_ARGS__); \
        to = &last; \
        ret value = REAL(name)(__VA_ARGS__); \
        if (last) \
            parsed(me, s, (size_t)((char *)last - (const char *)s), sizeof *s, end, CALLER); \
        if (end && last) \
            *end = last; \
        return value; \
    }

#define CHARS const char *restrict s, char **restrict end
#define WIDES const wchar_t *restrict s, wchar_t **restrict end

PARSE(long, strtol, char, (CHARS, int base), s, to, base)
PARSE(long long, strtoll, char, (CHARS, int base), s, to, base)
PARSE(unsigned long, strtoul, char, (CHARS, int base), s, to, base)
PARSE(unsigned long long, strtoull, char, (CHARS, int base), s, to, base)
PARSE(intmax_t, strtoimax, char, (CHARS, int base), s, to, base)
PARSE(uintmax_t, strtoumax, char, (CHARS, int base), s, to, base)
PARSE(long long, strtoq, char, (CHARS, int base), s, to, base)
PARSE(unsigned long long, strtouq, char, (CHARS, int base), s, to, base)
PARSE(float, strtof, char, (CHARS), s, to)
PARSE(double, strtod, char, (CHARS), s, to)
PARSE(long double, strtold, char, (CHARS), s, to)
PARSE(long, strtol_l, char, (CHARS, int base, locale_t locale), s, to, base, locale)
PARSE(long long, strtoll_l, char, (CHARS, int base, locale_t locale), s, to, base, locale)
PARSE(unsigned long, strtoul_l, char, (CHARS, int base, locale_t locale), s, to, base, locale)
PARSE(unsigned long long, strtoull_l, char, (CHARS, int base, locale_t locale), s, to, base, locale)
PARSE(float, strtof_l, char, (CHARS, locale_t locale), s, to, locale)
PARSE(double, strtod_l, char, (CHARS, locale_t locale), s, to, locale)
PARSE(long double, strtold_l, char, (CHARS, locale_t locale), s, to, locale)
PARSE(float, __strtof_l, char, (CHARS, locale_t locale), s, to, locale)
PARSE(double, __strtod_l, char, (CHARS, locale_t locale), s, to, locale)
PARSE(long, wcstol, wchar_t, (WIDES, int base), s, to, base)
PARSE(long long, wcstoll, wchar_t, (WIDES, int base), s, to, base)
PARSE(unsigned long, wcstoul, wchar_t, (WIDES, int base), s, to, base)
PARSE(unsigned long long, wcstoull, wchar_t, (WIDES, int base), s, to, base)
PARSE(double, wcstod, wchar_t, (WIDES), s, to)

/* Since glibc 2.38 the headers send callers here. */
PARSE(long, __isoc23_strtol, char, (CHARS, int base), s, to, base)
PARSE(long long, __isoc23_strtoll, char, (CHARS, int base), s, to, base)
PARSE(unsigned long, __isoc23_strtoul, char, (CHARS, int base), s, to, base)
PARSE(unsigned long long, __isoc23_strtoull, char, (CHARS, int base), s, to, base)
PARSE(intmax_t, __isoc23_strtoimax, char, (CHARS, int base), s, to, base)
PARSE(uintmax_t, __isoc23_strtoumax, char, (CHARS, int base), s, to, base)

/* By the strto* functions, as the standard defines them: only these tell how far was read. errno may be set. */
INTERPOSE_NAMED(int, atoi, (const char *s))
{
    struct actor *me = touching();
    char *last;
    if (!me)
        return REAL(atoi)(s);
    int value = (int)REAL(strtol)(s, &last, 10);
    mem_read(me, s, (size_t)(last - s) + 1, CALLER);
    return value;
}

INTERPOSE_NAMED(long, atol, (const char *s))
{
    struct actor *me = touching();
    char *last;
    if (!me)
        return REAL(atol)(s);
    long value = REAL(strtol)(s, &last, 10);
    mem_read(me, s, (size_t)(last - s) + 1, CALLER);
    return value;
}

INTERPOSE_NAMED(long long, atoll, (const char *s))
{
    struct actor *me = touching();
    char *last;
    if (!me)
        return REAL(atoll)(s);
    long long value = REAL(strtoll)(s, &last, 10);
    mem_read(me, s, (size_t)(last - s) + 1, CALLER);
    return value;
}

INTERPOSE_NAMED(double, atof, (const char *s))
{
    struct actor *me = touching();
    char *last;
    if (!me)
        return REAL(atof)(s);
    double value = REAL(strtod)(s, &last);
    mem_read(me, s, (size_t)(last - s) + 1, CALLER);
    return value;
}
