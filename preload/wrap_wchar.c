/* Wide strings, and conversions between wide and multibyte ones. */
#include "alloc.h"
#include "touch.h"

#define WIDE sizeof(wchar_t)

INTERPOSE(size_t, wcslen, (const wchar_t *s))
{
    struct actor *me = touching();
    size_t n = REAL(wcslen)(s);
    if (me)
        mem_read(me, s, (n + 1) * WIDE, CALLER);
    return n;
}

INTERPOSE(size_t, wcsnlen, (const wchar_t *s, size_t max))
{
    struct actor *me = touching();
    size_t n = REAL(wcsnlen)(s, max);
    if (me && max)
        mem_read(me, s, limited(n, max) * WIDE, CALLER);
    return n;
}

static size_t compared(const wchar_t *a, const wchar_t *b, size_t max)
{
    size_t i = 0;
    while (i < max && a[i] && a[i] == b[i])
        i++;
    return limited(i, max);
}

INTERPOSE(int, wcscmp, (const wchar_t *a, const wchar_t *b))
{
    struct actor *me = touching();
    if (me) {
        size_t n = compared(a, b, SIZE_MAX);
        mem_read(me, a, n * WIDE, CALLER);
        mem_read(me, b, n * WIDE, CALLER);
    }
    return REAL(wcscmp)(a, b);
}

INTERPOSE(int, wcsncmp, (const wchar_t *a, const wchar_t *b, size_t max))
{
    struct actor *me = touching();
    if (me) {
        size_t n = compared(a, b, max);
        read_if(me, a, n * WIDE, CALLER);
        read_if(me, b, n * WIDE, CALLER);
    }
    return REAL(wcsncmp)(a, b, max);
}

INTERPOSE(wchar_t *, wcschr, (const wchar_t *s, wchar_t c))
{
    struct actor *me = touching();
    wchar_t *found = REAL(wcschr)(s, c);
    if (me && found)
        mem_read(me, s, (size_t)(found - s + 1) * WIDE, CALLER);
    else if (me)
        read_wide(me, s, CALLER);
    return found;
}

INTERPOSE(wchar_t *, wcsrchr, (const wchar_t *s, wchar_t c))
{
    struct actor *me = touching();
    if (me)
        read_wide(me, s, CALLER);
    return REAL(wcsrchr)(s, c);
}

INTERPOSE(wchar_t *, wcsstr, (const wchar_t *s, const wchar_t *what))
{
    struct actor *me = touching();
    wchar_t *found = REAL(wcsstr)(s, what);
    if (me) {
        size_t n = read_wide(me, what, CALLER);
        if (!found)
            read_wide(me, s, CALLER);
        else
            read_if(me, s, ((size_t)(found - s) + n) * WIDE, CALLER);
    }
    return found;
}

/* ---- copies ---------------------------------------------------------------------------------------------------- */

static void copied(struct actor *me, wchar_t *to, const wchar_t *from, uintptr_t pc)
{
    mem_write(me, to, (read_wide(me, from, pc) + 1) * WIDE, pc);
}

static void copied_padded(struct actor *me, wchar_t *to, const wchar_t *from, size_t n, uintptr_t pc)
{
    if (n) {
        mem_read(me, from, limited(REAL(wcsnlen)(from, n), n) * WIDE, pc);
        mem_write(me, to, n * WIDE, pc);
    }
}

static void appended(struct actor *me, wchar_t *to, const wchar_t *from, size_t n, uintptr_t pc)
{
    size_t length = REAL(wcsnlen)(from, n);
    size_t at = read_wide(me, to, pc);
    read_if(me, from, limited(length, n) * WIDE, pc);
    mem_write(me, to + at, (length + 1) * WIDE, pc);
}

static void moved(struct actor *me, wchar_t *to, const wchar_t *from, size_t n, uintptr_t pc)
{
    read_if(me, from, n * WIDE, pc);
    write_if(me, to, n * WIDE, pc);
}

INTERPOSE(wchar_t *, wcscpy, (wchar_t *restrict to, const wchar_t *restrict from))
{
    struct actor *me = touching();
    if (me)
        copied(me, to, from, CALLER);
    return REAL(wcscpy)(to, from);
}

INTERPOSE(wchar_t *, wcpcpy, (wchar_t *restrict to, const wchar_t *restrict from))
{
    struct actor *me = touching();
    if (me)
        copied(me, to, from, CALLER);
    return REAL(wcpcpy)(to, from);
}

INTERPOSE(wchar_t *, wcsncpy, (wchar_t *restrict to, const wchar_t *restrict from, size_t n))
{
    struct actor *me = touching();
    if (me)
        copied_padded(me, to, from, n, CALLER);
    return REAL(wcsncpy)(to, from, n);
}

INTERPOSE(wchar_t *, wcscat, (wchar_t *restrict to, const wchar_t *restrict from))
{
    struct actor *me = touching();
    if (me)
        appended(me, to, from, SIZE_MAX / WIDE, CALLER);
    return REAL(wcscat)(to, from);
}

INTERPOSE(wchar_t *, wcsncat, (wchar_t *restrict to, const wchar_t *restrict from, size_t n))
{
    struct actor *me = touching();
    if (me)
        appended(me, to, from, n, CALLER);
    return REAL(wcsncat)(to, from, n);
}

INTERPOSE(wchar_t *, wcsdup, (const wchar_t *s))
{
    struct actor *me = current();
    if (!me)
        return REAL(wcsdup)(s);
    size_t n = read_wide(me, s, CALLER);
    alloc_pc = CALLER;
    wchar_t *copy = REAL(wcsdup)(s);
    alloc_pc = 0;
    write_if(me, copy, (n + 1) * WIDE, CALLER);
    return copy;
}

INTERPOSE(wchar_t *, wmemcpy, (wchar_t *restrict to, const wchar_t *restrict from, size_t n))
{
    struct actor *me = touching();
    if (me)
        moved(me, to, from, n, CALLER);
    return REAL(wmemcpy)(to, from, n);
}

INTERPOSE(wchar_t *, wmemmove, (wchar_t * to, const wchar_t *from, size_t n))
{
    struct actor *me = touching();
    if (me)
        moved(me, to, from, n, CALLER);
    return REAL(wmemmove)(to, from, n);
}

INTERPOSE(wchar_t *, wmemset, (wchar_t * to, wchar_t c, size_t n))
{
    struct actor *me = touching();
    if (me)
        write_if(me, to, n * WIDE, CALLER);
    return REAL(wmemset)(to, c, n);
}

INTERPOSE(int, wmemcmp, (const wchar_t *a, const wchar_t *b, size_t n))
{
    struct actor *me = touching();
    if (me) {
        read_if(me, a, n * WIDE, CALLER);
        read_if(me, b, n * WIDE, CALLER);
    }
    return REAL(wmemcmp)(a, b, n);
}

INTERPOSE(wchar_t *, wmemchr, (const wchar_t *p, wchar_t c, size_t n))
{
    struct actor *me = touching();
    wchar_t *found = REAL(wmemchr)(p, c, n);
    if (me)
        read_if(me, p, (found ? (size_t)(found - p) + 1 : n) * WIDE, CALLER);
    return found;
}

/* ---- conversions ------------------------------------------------------------------------------------------------ */

INTERPOSE(size_t, mbstowcs, (wchar_t *restrict to, const char *restrict from, size_t n))
{
    struct actor *me = touching();
    size_t made = REAL(mbstowcs)(to, from, n);
    if (me && made != (size_t)-1) {
        if (!to || made < n)
            read_string(me, from, CALLER);
        if (to)
            write_if(me, to, limited(made, n) * WIDE, CALLER);
    }
    return made;
}

INTERPOSE(size_t, wcstombs, (char *restrict to, const wchar_t *restrict from, size_t n))
{
    struct actor *me = touching();
    size_t made = REAL(wcstombs)(to, from, n);
    if (me && made != (size_t)-1) {
        if (!to || made < n)
            read_wide(me, from, CALLER);
        if (to)
            write_if(me, to, limited(made, n), CALLER);
    }
    return made;
}

/* The position tells how much was read: NULL when the terminator was reached. */
static void converted(struct actor *me, const void *from, const void *position, size_t whole, uintptr_t pc)
{
    read_if(me, from, position ? (size_t)((const char *)position - (const char *)from) : whole, pc);
}

INTERPOSE(size_t, mbsrtowcs, (wchar_t *restrict to, const char **restrict from, size_t n, mbstate_t *restrict state))
{
    struct actor *me = touching();
    const char *begin = me ? *from : NULL;
    size_t made = REAL(mbsrtowcs)(to, from, n, state);
    if (me && made != (size_t)-1) {
        converted(me, begin, to ? *from : NULL, REAL(strlen)(begin) + 1, CALLER);
        write_if(me, to, limited(made, n) * WIDE, CALLER);
        write_if(me, to ? from : NULL, sizeof *from, CALLER);
        write_if(me, state, sizeof *state, CALLER);
    }
    return made;
}

INTERPOSE(size_t, wcsrtombs, (char *restrict to, const wchar_t **restrict from, size_t n, mbstate_t *restrict state))
{
    struct actor *me = touching();
    const wchar_t *begin = me ? *from : NULL;
    size_t made = REAL(wcsrtombs)(to, from, n, state);
    if (me && made != (size_t)-1) {
        converted(me, begin, to ? *from : NULL, (REAL(wcslen)(begin) + 1) * WIDE, CALLER);
        write_if(me, to, limited(made, n), CALLER);
        write_if(me, to ? from : NULL, sizeof *from, CALLER);
        write_if(me, state, sizeof *state, CALLER);
    }
    return made;
}

INTERPOSE(size_t, mbrtowc, (wchar_t *restrict to, const char *restrict s, size_t n, mbstate_t *restrict state))
{
    struct actor *me = touching();
    size_t used = REAL(mbrtowc)(to, s, n, state);
    if (me && s) {
        size_t read = used == 0 ? 1 : used > n ? n : used;
        read_if(me, s, read, CALLER);
        if (used <= n)
            write_if(me, to, WIDE, CALLER);
        write_if(me, state, sizeof *state, CALLER);
    }
    return used;
}

INTERPOSE(size_t, wcrtomb, (char *restrict to, wchar_t c, mbstate_t *restrict state))
{
    struct actor *me = touching();
    size_t made = REAL(wcrtomb)(to, c, state);
    if (me && made != (size_t)-1) {
        write_if(me, to, made, CALLER);
        write_if(me, state, sizeof *state, CALLER);
    }
    return made;
}

INTERPOSE(int, wctomb, (char *to, wchar_t c))
{
    struct actor *me = touching();
    int made = REAL(wctomb)(to, c);
    if (me && to && made > 0)
        mem_write(me, to, (size_t)made, CALLER);
    return made;
}

INTERPOSE(int, mbtowc, (wchar_t *restrict to, const char *restrict s, size_t n))
{
    struct actor *me = touching();
    int used = REAL(mbtowc)(to, s, n);
    if (me && s && used >= 0) {
        read_if(me, s, used ? (size_t)used : 1, CALLER);
        write_if(me, to, WIDE, CALLER);
    }
    return used;
}

/* ---- _FORTIFY_SOURCE -------------------------------------------------------------------------------------------- */

INTERPOSE(wchar_t *, __wcscpy_chk, (wchar_t *restrict to, const wchar_t *restrict from, size_t room))
{
    struct actor *me = touching();
    if (me)
        copied(me, to, from, CALLER);
    return REAL(__wcscpy_chk)(to, from, room);
}

INTERPOSE(wchar_t *, __wcsncpy_chk, (wchar_t *restrict to, const wchar_t *restrict from, size_t n, size_t room))
{
    struct actor *me = touching();
    if (me)
        copied_padded(me, to, from, n, CALLER);
    return REAL(__wcsncpy_chk)(to, from, n, room);
}

INTERPOSE(wchar_t *, __wcscat_chk, (wchar_t *restrict to, const wchar_t *restrict from, size_t room))
{
    struct actor *me = touching();
    if (me)
        appended(me, to, from, SIZE_MAX / WIDE, CALLER);
    return REAL(__wcscat_chk)(to, from, room);
}

INTERPOSE(wchar_t *, __wcsncat_chk, (wchar_t *restrict to, const wchar_t *restrict from, size_t n, size_t room))
{
    struct actor *me = touching();
    if (me)
        appended(me, to, from, n, CALLER);
    return REAL(__wcsncat_chk)(to, from, n, room);
}

INTERPOSE(wchar_t *, __wmemcpy_chk, (wchar_t *restrict to, const wchar_t *restrict from, size_t n, size_t room))
{
    struct actor *me = touching();
    if (me)
        moved(me, to, from, n, CALLER);
    return REAL(__wmemcpy_chk)(to, from, n, room);
}

INTERPOSE(wchar_t *, __wmemmove_chk, (wchar_t * to, const wchar_t *from, size_t n, size_t room))
{
    struct actor *me = touching();
    if (me)
        moved(me, to, from, n, CALLER);
    return REAL(__wmemmove_chk)(to, from, n, room);
}

INTERPOSE(wchar_t *, __wmemset_chk, (wchar_t * to, wchar_t c, size_t n, size_t room))
{
    struct actor *me = touching();
    if (me)
        write_if(me, to, n * WIDE, CALLER);
    return REAL(__wmemset_chk)(to, c, n, room);
}
