/* str*: copies and comparisons of strings. The searches are in wrap_search.c.
 *
 * A comparison reads both strings up to and including the first difference, or the terminator; a bounded copy that
 * pads writes all of its room. What libc loads beyond that, a vector register at a time, decides nothing. */
#include <ctype.h>

#include "alloc.h"
#include "raw.h"
#include "touch.h"

HOT INTERPOSE(size_t, strlen, (const char *s))
{
    if (__builtin_expect(real_strlen == NULL, 0))
        return raw_length(s);
    struct actor *me = touching();
    if (!me)
        return real_strlen(s);
    size_t n = real_strlen(s);
    mem_read(me, s, n + 1, CALLER);
    return n;
}

INTERPOSE(size_t, strnlen, (const char *s, size_t max))
{
    struct actor *me = touching();
    size_t n = REAL(strnlen)(s, max);
    if (me && max)
        mem_read(me, s, limited(n, max), CALLER);
    return n;
}

/* How many characters a comparison looks at in each. */
static size_t compared(const char *a, const char *b, size_t max)
{
    size_t i = 0;
    while (i < max && a[i] && a[i] == b[i])
        i++;
    return limited(i, max);
}

static size_t compared_folded(const char *a, const char *b, size_t max)
{
    size_t i = 0;
    while (i < max && a[i] && tolower((unsigned char)a[i]) == tolower((unsigned char)b[i]))
        i++;
    return limited(i, max);
}

static void read_both(struct actor *me, const char *a, const char *b, size_t n, uintptr_t pc)
{
    if (n) {
        mem_read(me, a, n, pc);
        mem_read(me, b, n, pc);
    }
}

HOT INTERPOSE(int, strcmp, (const char *a, const char *b))
{
    struct actor *me = touching();
    if (me)
        read_both(me, a, b, compared(a, b, SIZE_MAX), CALLER);
    return REAL(strcmp)(a, b);
}

INTERPOSE(int, strncmp, (const char *a, const char *b, size_t n))
{
    struct actor *me = touching();
    if (me)
        read_both(me, a, b, compared(a, b, n), CALLER);
    return REAL(strncmp)(a, b, n);
}

INTERPOSE(int, strcasecmp, (const char *a, const char *b))
{
    struct actor *me = touching();
    if (me)
        read_both(me, a, b, compared_folded(a, b, SIZE_MAX), CALLER);
    return REAL(strcasecmp)(a, b);
}

INTERPOSE(int, strncasecmp, (const char *a, const char *b, size_t n))
{
    struct actor *me = touching();
    if (me)
        read_both(me, a, b, compared_folded(a, b, n), CALLER);
    return REAL(strncasecmp)(a, b, n);
}

/* Collation weighs the whole of both. */
INTERPOSE(int, strcoll, (const char *a, const char *b))
{
    struct actor *me = touching();
    if (me) {
        read_string(me, a, CALLER);
        read_string(me, b, CALLER);
    }
    return REAL(strcoll)(a, b);
}

INTERPOSE(int, strcoll_l, (const char *a, const char *b, locale_t locale))
{
    struct actor *me = touching();
    if (me) {
        read_string(me, a, CALLER);
        read_string(me, b, CALLER);
    }
    return REAL(strcoll_l)(a, b, locale);
}

static void transformed(struct actor *me, char *to, size_t n, size_t length, uintptr_t pc)
{
    if (length < n)
        mem_write(me, to, length + 1, pc);
}

INTERPOSE(size_t, strxfrm, (char *restrict to, const char *restrict from, size_t n))
{
    struct actor *me = touching();
    if (me)
        read_string(me, from, CALLER);
    size_t length = REAL(strxfrm)(to, from, n);
    if (me)
        transformed(me, to, n, length, CALLER);
    return length;
}

INTERPOSE(size_t, strxfrm_l, (char *restrict to, const char *restrict from, size_t n, locale_t locale))
{
    struct actor *me = touching();
    if (me)
        read_string(me, from, CALLER);
    size_t length = REAL(strxfrm_l)(to, from, n, locale);
    if (me)
        transformed(me, to, n, length, CALLER);
    return length;
}

/* ---- copies ---------------------------------------------------------------------------------------------------- */

static void copied(struct actor *me, char *to, const char *from, uintptr_t pc)
{
    mem_write(me, to, read_string(me, from, pc) + 1, pc);
}

/* strncpy pads with terminators up to `n`. */
static void copied_padded(struct actor *me, char *to, const char *from, size_t n, uintptr_t pc)
{
    if (n) {
        mem_read(me, from, limited(REAL(strnlen)(from, n), n), pc);
        mem_write(me, to, n, pc);
    }
}

/* At most `n` characters of `from`, and always a terminator. */
static void appended(struct actor *me, char *to, const char *from, size_t n, uintptr_t pc)
{
    size_t length = REAL(strnlen)(from, n);
    size_t at = read_string(me, to, pc);
    read_if(me, from, limited(length, n), pc);
    mem_write(me, to + at, length + 1, pc);
}

INTERPOSE(char *, strcpy, (char *restrict to, const char *restrict from))
{
    struct actor *me = touching();
    if (me)
        copied(me, to, from, CALLER);
    return REAL(strcpy)(to, from);
}

INTERPOSE(char *, stpcpy, (char *restrict to, const char *restrict from))
{
    struct actor *me = touching();
    if (me)
        copied(me, to, from, CALLER);
    return REAL(stpcpy)(to, from);
}

INTERPOSE(char *, strncpy, (char *restrict to, const char *restrict from, size_t n))
{
    struct actor *me = touching();
    if (me)
        copied_padded(me, to, from, n, CALLER);
    return REAL(strncpy)(to, from, n);
}

INTERPOSE(char *, stpncpy, (char *restrict to, const char *restrict from, size_t n))
{
    struct actor *me = touching();
    if (me)
        copied_padded(me, to, from, n, CALLER);
    return REAL(stpncpy)(to, from, n);
}

INTERPOSE(char *, strcat, (char *restrict to, const char *restrict from))
{
    struct actor *me = touching();
    if (me)
        appended(me, to, from, SIZE_MAX, CALLER);
    return REAL(strcat)(to, from);
}

INTERPOSE(char *, strncat, (char *restrict to, const char *restrict from, size_t n))
{
    struct actor *me = touching();
    if (me)
        appended(me, to, from, n, CALLER);
    return REAL(strncat)(to, from, n);
}

/* From libbsd where libc does not have them. A plugin may bring libbsd along where RTLD_NEXT does not look, and then
 * finds these two first: they do the work themselves. */
static size_t copy_bounded(char *to, const char *from, size_t room)
{
    size_t length = REAL(strlen)(from);
    if (room) {
        size_t n = length < room ? length : room - 1;
        raw_copy(to, from, n);
        to[n] = '\0';
    }
    return length;
}

INTERPOSE(size_t, strlcpy, (char *restrict to, const char *restrict from, size_t room))
{
    struct actor *me = touching();
    if (me) {
        size_t length = read_string(me, from, CALLER);
        write_if(me, to, limited(length, room), CALLER);
    }
    return REAL(strlcpy) ? REAL(strlcpy)(to, from, room) : copy_bounded(to, from, room);
}

INTERPOSE(size_t, strlcat, (char *restrict to, const char *restrict from, size_t room))
{
    struct actor *me = touching();
    if (me) {
        size_t length = read_string(me, from, CALLER), at = REAL(strnlen)(to, room);
        read_if(me, to, limited(at, room), CALLER);
        if (at < room)
            mem_write(me, to + at, limited(length, room - at), CALLER);
    }
    if (REAL(strlcat))
        return REAL(strlcat)(to, from, room);
    size_t at = REAL(strnlen)(to, room);
    return at + copy_bounded(to + at, from, room - at);
}

INTERPOSE(char *, strdup, (const char *s))
{
    struct actor *me = current();
    if (!me)
        return REAL(strdup)(s);
    size_t n = read_string(me, s, CALLER);
    alloc_pc = CALLER;
    char *copy = REAL(strdup)(s);
    alloc_pc = 0;
    write_if(me, copy, n + 1, CALLER);
    return copy;
}

/* The name by which headers of older glibc reach strdup. */
INTERPOSE(char *, __strdup, (const char *s))
{
    struct actor *me = current();
    if (!me)
        return REAL(__strdup)(s);
    size_t n = read_string(me, s, CALLER);
    alloc_pc = CALLER;
    char *copy = REAL(__strdup)(s);
    alloc_pc = 0;
    write_if(me, copy, n + 1, CALLER);
    return copy;
}

INTERPOSE(char *, strndup, (const char *s, size_t max))
{
    struct actor *me = current();
    if (!me)
        return REAL(strndup)(s, max);
    size_t n = REAL(strnlen)(s, max);
    read_if(me, s, limited(n, max), CALLER);
    alloc_pc = CALLER;
    char *copy = REAL(strndup)(s, max);
    alloc_pc = 0;
    write_if(me, copy, n + 1, CALLER);
    return copy;
}

/* ---- _FORTIFY_SOURCE; `room` is what the compiler knows of the destination --------------------------------------- */

INTERPOSE(char *, __strcpy_chk, (char *to, const char *from, size_t room))
{
    struct actor *me = touching();
    if (me)
        copied(me, to, from, CALLER);
    return REAL(__strcpy_chk)(to, from, room);
}

INTERPOSE(char *, __stpcpy_chk, (char *to, const char *from, size_t room))
{
    struct actor *me = touching();
    if (me)
        copied(me, to, from, CALLER);
    return REAL(__stpcpy_chk)(to, from, room);
}

INTERPOSE(char *, __strncpy_chk, (char *to, const char *from, size_t n, size_t room))
{
    struct actor *me = touching();
    if (me)
        copied_padded(me, to, from, n, CALLER);
    return REAL(__strncpy_chk)(to, from, n, room);
}

INTERPOSE(char *, __stpncpy_chk, (char *to, const char *from, size_t n, size_t room))
{
    struct actor *me = touching();
    if (me)
        copied_padded(me, to, from, n, CALLER);
    return REAL(__stpncpy_chk)(to, from, n, room);
}

INTERPOSE(char *, __strcat_chk, (char *to, const char *from, size_t room))
{
    struct actor *me = touching();
    if (me)
        appended(me, to, from, SIZE_MAX, CALLER);
    return REAL(__strcat_chk)(to, from, room);
}

INTERPOSE(char *, __strncat_chk, (char *to, const char *from, size_t n, size_t room))
{
    struct actor *me = touching();
    if (me)
        appended(me, to, from, n, CALLER);
    return REAL(__strncat_chk)(to, from, n, room);
}
