/* Numbers from strings: the value, the end, and one character more than what was used is read. */
#include "engage.h"

static char s[] = "12z";
static wchar_t w[] = L"12z";

#define PARSES(name, ...) \
    CASE(name) \
    { \
        char *end; \
        CHECK(CALL(name)(s, &end, ##__VA_ARGS__) == 12 && end == s + 2); \
        READS(s, 3); \
        WRITES(&end, sizeof end); \
    }

#define PARSES_WIDE(name, ...) \
    CASE(name) \
    { \
        wchar_t *end; \
        CHECK(CALL(name)(w, &end, ##__VA_ARGS__) == 12 && end == w + 2); \
        READS(w, 3 * sizeof(wchar_t)); \
        WRITES(&end, sizeof end); \
    }

#define C_LOCALE newlocale(LC_ALL_MASK, "C", 0)

PARSES(strtoll, 10)
PARSES(strtoul, 10)
PARSES(strtoull, 10)
PARSES(strtoimax, 10)
PARSES(strtoumax, 10)
PARSES(strtoq, 10)
PARSES(strtouq, 10)
PARSES(strtof)
PARSES(strtod)
PARSES(strtold)
PARSES(strtol_l, 10, C_LOCALE)
PARSES(strtoll_l, 10, C_LOCALE)
PARSES(strtoul_l, 10, C_LOCALE)
PARSES(strtoull_l, 10, C_LOCALE)
PARSES(strtof_l, C_LOCALE)
PARSES(strtod_l, C_LOCALE)
PARSES(strtold_l, C_LOCALE)
PARSES(__strtof_l, C_LOCALE)
PARSES(__strtod_l, C_LOCALE)
PARSES(__isoc23_strtol, 10)
PARSES(__isoc23_strtoll, 10)
PARSES(__isoc23_strtoul, 10)
PARSES(__isoc23_strtoull, 10)
PARSES(__isoc23_strtoimax, 10)
PARSES(__isoc23_strtoumax, 10)
PARSES_WIDE(wcstol, 10)
PARSES_WIDE(wcstoll, 10)
PARSES_WIDE(wcstoul, 10)
PARSES_WIDE(wcstoull, 10)
PARSES_WIDE(wcstod)

CASE(strtol)
{
    char *end = NULL;
    CHECK(CALL(strtol)(s, &end, 10) == 12 && end == s + 2);
    READS(s, 3);
    WRITES(&end, sizeof end);
    CHECK(CALL(strtol)(s, NULL, 10) == 12);
    end = NULL;
    errno = 0;
    CHECK(CALL(strtol)(s, &end, 99) == 0 && errno == EINVAL && end == NULL);
}

CASE(atoi)
{
    CHECK(CALL(atoi)(s) == 12);
    READS(s, 3);
}

CASE(atol)
{
    CHECK(CALL(atol)(s) == 12);
    READS(s, 3);
}

CASE(atoll)
{
    CHECK(CALL(atoll)(s) == 12);
    READS(s, 3);
}

CASE(atof)
{
    CHECK(CALL(atof)(s) == 12);
    READS(s, 3);
}
