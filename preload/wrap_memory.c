/* mem*: copies, fills, searches and comparisons of bytes.
 *
 * These are the most frequent calls of all, and the earliest: the loader's own work on other libraries may call them
 * before this library is relocated. So each looks at its real pointer first (a hidden variable, reached without any
 * relocation) and does the work by hand while that is not known; thread-local storage comes second.
 *
 * memcmp reads all of both blocks, as the standard has it, whatever the first difference; the searches read up to
 * what they found. */
#include "raw.h"
#include "touch.h"

#include "../detector/locks.h"

#define LOCK_MIN 4 /* bytes; a spin lock */

#define UNRESOLVED(name) __builtin_expect(real_##name == NULL, 0)

HOT INTERPOSE(void *, memcpy, (void *restrict to, const void *restrict from, size_t n))
{
    if (UNRESOLVED(memcpy)) {
        raw_copy(to, from, n);
        return to;
    }
    struct actor *me = current();
    if (me && n) {
        mem_read(me, from, n, CALLER);
        mem_write(me, to, n, CALLER);
        if (n >= LOCK_MIN)
            locks_copied(me, (uintptr_t)to, (uintptr_t)from, n, CALLER);
    }
    return real_memcpy(to, from, n);
}

HOT INTERPOSE(void *, memmove, (void *to, const void *from, size_t n))
{
    if (UNRESOLVED(memmove)) {
        raw_move(to, from, n);
        return to;
    }
    struct actor *me = touching();
    if (me && n) {
        mem_read(me, from, n, CALLER);
        mem_write(me, to, n, CALLER);
    }
    return real_memmove(to, from, n);
}

INTERPOSE(void *, mempcpy, (void *restrict to, const void *restrict from, size_t n))
{
    if (UNRESOLVED(mempcpy)) {
        raw_copy(to, from, n);
        return (char *)to + n;
    }
    struct actor *me = touching();
    if (me && n) {
        mem_read(me, from, n, CALLER);
        mem_write(me, to, n, CALLER);
    }
    return real_mempcpy(to, from, n);
}

HOT INTERPOSE(void *, memset, (void *to, int byte, size_t n))
{
    if (UNRESOLVED(memset)) {
        raw_fill(to, byte, n);
        return to;
    }
    struct actor *me = touching();
    if (me && n)
        mem_write(me, to, n, CALLER);
    return real_memset(to, byte, n);
}

HOT INTERPOSE(int, memcmp, (const void *a, const void *b, size_t n))
{
    if (UNRESOLVED(memcmp))
        return raw_compare(a, b, n);
    struct actor *me = touching();
    if (me && n) {
        mem_read(me, a, n, CALLER);
        mem_read(me, b, n, CALLER);
    }
    return real_memcmp(a, b, n);
}

INTERPOSE(int, bcmp, (const void *a, const void *b, size_t n))
{
    if (UNRESOLVED(bcmp))
        return raw_compare(a, b, n);
    struct actor *me = touching();
    if (me && n) {
        mem_read(me, a, n, CALLER);
        mem_read(me, b, n, CALLER);
    }
    return real_bcmp(a, b, n);
}

HOT INTERPOSE(void *, memchr, (const void *p, int byte, size_t n))
{
    struct actor *me = touching();
    if (!me)
        return REAL(memchr)(p, byte, n);
    void *found = REAL(memchr)(p, byte, n);
    if (n)
        mem_read(me, p, found ? (size_t)((char *)found - (const char *)p) + 1 : n, CALLER);
    return found;
}

INTERPOSE(void *, memrchr, (const void *p, int byte, size_t n))
{
    struct actor *me = touching();
    char *found = REAL(memrchr)(p, byte, n);
    if (me && n) {
        const char *from = found ? found : (const char *)p;
        mem_read(me, from, (size_t)((const char *)p + n - from), CALLER);
    }
    return found;
}

INTERPOSE(void *, rawmemchr, (const void *p, int byte))
{
    struct actor *me = touching();
    void *found = REAL(rawmemchr)(p, byte);
    if (me)
        mem_read(me, p, (size_t)((char *)found - (const char *)p) + 1, CALLER);
    return found;
}

INTERPOSE(void *, memmem, (const void *p, size_t n, const void *what, size_t size))
{
    struct actor *me = touching();
    char *found = REAL(memmem)(p, n, what, size);
    if (me && n >= size && size) {
        mem_read(me, p, found ? (size_t)(found - (const char *)p) + size : n, CALLER);
        mem_read(me, what, size, CALLER);
    }
    return found;
}

INTERPOSE(void *, memccpy, (void *restrict to, const void *restrict from, int byte, size_t n))
{
    struct actor *me = touching();
    if (me && n) {
        const char *last = REAL(memchr)(from, byte, n);
        size_t copied = last ? (size_t)(last - (const char *)from) + 1 : n;
        mem_read(me, from, copied, CALLER);
        mem_write(me, to, copied, CALLER);
    }
    return REAL(memccpy)(to, from, byte, n);
}

INTERPOSE(void, bzero, (void *to, size_t n))
{
    struct actor *me = touching();
    if (me && n)
        mem_write(me, to, n, CALLER);
    REAL(bzero)(to, n);
}

INTERPOSE(void, explicit_bzero, (void *to, size_t n))
{
    struct actor *me = touching();
    if (me && n)
        mem_write(me, to, n, CALLER);
    REAL(explicit_bzero)(to, n);
}

INTERPOSE(void, bcopy, (const void *from, void *to, size_t n))
{
    struct actor *me = touching();
    if (me && n) {
        mem_read(me, from, n, CALLER);
        mem_write(me, to, n, CALLER);
    }
    REAL(bcopy)(from, to, n);
}

INTERPOSE(void, swab, (const void *restrict from, void *restrict to, ssize_t n))
{
    struct actor *me = touching();
    if (me && n > 1) {
        mem_read(me, from, (size_t)n & ~(size_t)1, CALLER);
        mem_write(me, to, (size_t)n & ~(size_t)1, CALLER);
    }
    REAL(swab)(from, to, n);
}

/* _FORTIFY_SOURCE: the compiler knows how much room there is at `to`. Too little of it ends the process in the real
 * function, after the overflow was told as what it would have been. */

INTERPOSE(void *, __memcpy_chk, (void *to, const void *from, size_t n, size_t room))
{
    struct actor *me = current();
    if (me && n) {
        mem_read(me, from, n, CALLER);
        mem_write(me, to, n, CALLER);
    }
    return REAL(__memcpy_chk)(to, from, n, room);
}

INTERPOSE(void *, __memmove_chk, (void *to, const void *from, size_t n, size_t room))
{
    struct actor *me = touching();
    if (me && n) {
        mem_read(me, from, n, CALLER);
        mem_write(me, to, n, CALLER);
    }
    return REAL(__memmove_chk)(to, from, n, room);
}

INTERPOSE(void *, __mempcpy_chk, (void *to, const void *from, size_t n, size_t room))
{
    struct actor *me = touching();
    if (me && n) {
        mem_read(me, from, n, CALLER);
        mem_write(me, to, n, CALLER);
    }
    return REAL(__mempcpy_chk)(to, from, n, room);
}

INTERPOSE(void *, __memset_chk, (void *to, int byte, size_t n, size_t room))
{
    struct actor *me = touching();
    if (me && n)
        mem_write(me, to, n, CALLER);
    return REAL(__memset_chk)(to, byte, n, room);
}

INTERPOSE(void, __explicit_bzero_chk, (void *to, size_t n, size_t room))
{
    struct actor *me = touching();
    if (me && n)
        mem_write(me, to, n, CALLER);
    REAL(__explicit_bzero_chk)(to, n, room);
}
