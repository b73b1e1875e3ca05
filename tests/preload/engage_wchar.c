/* Wide strings. */
#include "engage.h"

#define WIDE sizeof(wchar_t)
static wchar_t hello[] = L"hello", room[16] = L"ab";

static bool is(const wchar_t *wanted)
{
    return wcscmp(room, wanted) == 0;
}

CASE(wcslen)
{
    CHECK(CALL(wcslen)(hello) == 5);
    READS(hello, 6 * WIDE);
}

CASE(wcsnlen)
{
    CHECK(CALL(wcsnlen)(hello, 3) == 3);
    READS(hello, 3 * WIDE);
}

CASE(wcscmp)
{
    CHECK(CALL(wcscmp)(hello, L"help") < 0);
    READS(hello, 4 * WIDE);
}

CASE(wcsncmp)
{
    CHECK(CALL(wcsncmp)(hello, L"help", 3) == 0);
    READS(hello, 3 * WIDE);
}

CASE(wcschr)
{
    CHECK(CALL(wcschr)(hello, L'e') == hello + 1);
    READS(hello, 2 * WIDE);
}

CASE(wcsrchr)
{
    CHECK(CALL(wcsrchr)(hello, L'l') == hello + 3);
    READS(hello, 6 * WIDE);
}

CASE(wcsstr)
{
    CHECK(CALL(wcsstr)(hello, L"ll") == hello + 2);
    READS(hello, 4 * WIDE);
}

CASE(wcscpy)
{
    CHECK(CALL(wcscpy)(room, hello) == room && is(L"hello"));
    READS(hello, 6 * WIDE);
    WRITES(room, 6 * WIDE);
}

CASE(wcpcpy)
{
    CHECK(CALL(wcpcpy)(room, hello) == room + 5);
    READS(hello, 6 * WIDE);
    WRITES(room, 6 * WIDE);
}

CASE(wcsncpy)
{
    CHECK(CALL(wcsncpy)(room, hello, 9) == room && is(L"hello"));
    READS(hello, 6 * WIDE);
    WRITES(room, 9 * WIDE);
}

CASE(wcscat)
{
    CHECK(CALL(wcscat)(room, hello) == room && is(L"abhello"));
    READS(room, 3 * WIDE);
    WRITES(room + 2, 6 * WIDE);
}

CASE(wcsncat)
{
    CHECK(CALL(wcsncat)(room, hello, 2) == room && is(L"abhe"));
    READS(hello, 2 * WIDE);
    WRITES(room + 2, 3 * WIDE);
}

CASE(wcsdup)
{
    wchar_t *copy = CALL(wcsdup)(hello);
    CHECK(wcscmp(copy, hello) == 0);
    READS(hello, 6 * WIDE);
    ALLOCATES(copy, 6 * WIDE);
    WRITES(copy, 6 * WIDE);
}

CASE(wmemcpy)
{
    CHECK(CALL(wmemcpy)(room, hello, 6) == room && is(L"hello"));
    READS(hello, 6 * WIDE);
    WRITES(room, 6 * WIDE);
}

CASE(wmemmove)
{
    CHECK(CALL(wmemmove)(room, hello, 6) == room && is(L"hello"));
    READS(hello, 6 * WIDE);
    WRITES(room, 6 * WIDE);
}

CASE(wmemset)
{
    CHECK(CALL(wmemset)(room, L'x', 2) == room && is(L"xx"));
    WRITES(room, 2 * WIDE);
}

CASE(wmemcmp)
{
    CHECK(CALL(wmemcmp)(hello, room, 2) > 0);
    READS(hello, 2 * WIDE);
    READS(room, 2 * WIDE);
}

CASE(wmemchr)
{
    CHECK(CALL(wmemchr)(hello, L'e', 6) == hello + 1);
    READS(hello, 2 * WIDE);
}

/* ---- conversions ------------------------------------------------------------------------------------------------ */

static char narrow[16] = "hello";

CASE(mbstowcs)
{
    CHECK(CALL(mbstowcs)(room, narrow, 16) == 5 && is(L"hello"));
    READS(narrow, 6);
    WRITES(room, 6 * WIDE);
}

CASE(wcstombs)
{
    CHECK(CALL(wcstombs)(narrow, L"abc", 16) == 3 && strcmp(narrow, "abc") == 0);
    WRITES(narrow, 4);
}

CASE(mbsrtowcs)
{
    static mbstate_t state;
    const char *from = narrow;
    CHECK(CALL(mbsrtowcs)(room, &from, 16, &state) == 5 && from == NULL && is(L"hello"));
    READS(narrow, 6);
    WRITES(room, 6 * WIDE);
    from = narrow;
    CHECK(CALL(mbsrtowcs)(room, &from, 3, &state) == 3 && from == narrow + 3);
    READS(narrow, 3);
    WRITES(room, 3 * WIDE);
}

CASE(wcsrtombs)
{
    static mbstate_t state;
    const wchar_t *from = hello;
    CHECK(CALL(wcsrtombs)(narrow, &from, 16, &state) == 5 && from == NULL);
    READS(hello, 6 * WIDE);
    WRITES(narrow, 6);
}

CASE(mbrtowc)
{
    static mbstate_t state;
    CHECK(CALL(mbrtowc)(room, narrow, 5, &state) == 1 && room[0] == L'h');
    READS(narrow, 1);
    WRITES(room, WIDE);
    WRITES(&state, sizeof state);
}

CASE(wcrtomb)
{
    static mbstate_t state;
    CHECK(CALL(wcrtomb)(narrow, L'x', &state) == 1 && narrow[0] == 'x');
    WRITES(narrow, 1);
    WRITES(&state, sizeof state);
}

CASE(wctomb)
{
    CHECK(CALL(wctomb)(narrow, L'x') == 1 && narrow[0] == 'x');
    WRITES(narrow, 1);
}

CASE(mbtowc)
{
    CHECK(CALL(mbtowc)(room, narrow, 5) == 1 && room[0] == L'h');
    READS(narrow, 1);
    WRITES(room, WIDE);
}

/* ---- _FORTIFY_SOURCE -------------------------------------------------------------------------------------------- */

CASE(__wcscpy_chk)
{
    CHECK(CALL(__wcscpy_chk)(room, hello, 16) == room && is(L"hello"));
    WRITES(room, 6 * WIDE);
}

CASE(__wcsncpy_chk)
{
    CHECK(CALL(__wcsncpy_chk)(room, hello, 9, 16) == room && is(L"hello"));
    WRITES(room, 9 * WIDE);
}

CASE(__wcscat_chk)
{
    CHECK(CALL(__wcscat_chk)(room, hello, 16) == room && is(L"abhello"));
    WRITES(room + 2, 6 * WIDE);
}

CASE(__wcsncat_chk)
{
    CHECK(CALL(__wcsncat_chk)(room, hello, 2, 16) == room && is(L"abhe"));
    WRITES(room + 2, 3 * WIDE);
}

CASE(__wmemcpy_chk)
{
    CHECK(CALL(__wmemcpy_chk)(room, hello, 6, 16) == room && is(L"hello"));
    READS(hello, 6 * WIDE);
    WRITES(room, 6 * WIDE);
}

CASE(__wmemmove_chk)
{
    CHECK(CALL(__wmemmove_chk)(room, hello, 6, 16) == room && is(L"hello"));
    READS(hello, 6 * WIDE);
    WRITES(room, 6 * WIDE);
}

CASE(__wmemset_chk)
{
    CHECK(CALL(__wmemset_chk)(room, L'x', 2, 16) == room && is(L"xx"));
    WRITES(room, 2 * WIDE);
}

/* ---- formatted ----------------------------------------------------------------------------------------------------------- */

static int into(int (*print)(wchar_t *, size_t, const wchar_t *, va_list), size_t n, const wchar_t *format, ...)
{
    va_list args;
    va_start(args, format);
    const int result = print(room, n, format, args);
    va_end(args);
    return result;
}

CASE(vswprintf)
{
    CHECK(into(CALL(vswprintf), 8, L"%d", 12) == 2 && is(L"12"));
    WRITES(room, 3 * WIDE);
}

CASE(swprintf)
{
    CHECK(CALL(swprintf)(room, 8, L"%d", 12) == 2 && is(L"12"));
    WRITES(room, 3 * WIDE);
    from_here();
    CHECK(CALL(swprintf)(room, 2, L"%d", 123) < 0);
    WRITES(room, 2 * WIDE);
}

static int checked(wchar_t *to, size_t n, const wchar_t *format, va_list args)
{
    return CALL(__vswprintf_chk)(to, n, 1, n, format, args);
}

CASE(__vswprintf_chk)
{
    CHECK(into(checked, 8, L"%d", 12) == 2 && is(L"12"));
    WRITES(room, 3 * WIDE);
}

CASE(__swprintf_chk)
{
    CHECK(CALL(__swprintf_chk)(room, 8, 1, 8, L"%d", 12) == 2 && is(L"12"));
    WRITES(room, 3 * WIDE);
}
