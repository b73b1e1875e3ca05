/* str*: searches, tokens and messages.
 *
 * A search reads up to what it found, or the whole string. strtok writes the terminator it puts at a token's end, and
 * the saved position: strtok's own is a variable of libc, which `strtok_position` stands for, so that two threads in
 * strtok are reported as the race they are. */
#include "touch.h"

static char *strtok_position;

static void read_to(struct actor *me, const char *s, const char *found, uintptr_t pc)
{
    if (found)
        mem_read(me, s, (size_t)(found - s) + 1, pc);
    else
        read_string(me, s, pc);
}

INTERPOSE(char *, strchr, (const char *s, int c))
{
    struct actor *me = touching();
    char *found = REAL(strchr)(s, c);
    if (me)
        read_to(me, s, found, CALLER);
    return found;
}

INTERPOSE(char *, index, (const char *s, int c))
{
    struct actor *me = touching();
    char *found = REAL(index)(s, c);
    if (me)
        read_to(me, s, found, CALLER);
    return found;
}

INTERPOSE(char *, strchrnul, (const char *s, int c))
{
    struct actor *me = touching();
    char *found = REAL(strchrnul)(s, c);
    if (me)
        read_to(me, s, found, CALLER);
    return found;
}

INTERPOSE(char *, strrchr, (const char *s, int c))
{
    struct actor *me = touching();
    if (me)
        read_string(me, s, CALLER);
    return REAL(strrchr)(s, c);
}

INTERPOSE(char *, rindex, (const char *s, int c))
{
    struct actor *me = touching();
    if (me)
        read_string(me, s, CALLER);
    return REAL(rindex)(s, c);
}

static void searched(struct actor *me, const char *s, const char *what, const char *found, uintptr_t pc)
{
    size_t length = read_string(me, what, pc);
    if (!found)
        read_string(me, s, pc);
    else
        read_if(me, s, (size_t)(found - s) + length, pc);
}

INTERPOSE(char *, strstr, (const char *s, const char *what))
{
    struct actor *me = touching();
    char *found = REAL(strstr)(s, what);
    if (me)
        searched(me, s, what, found, CALLER);
    return found;
}

INTERPOSE(char *, strcasestr, (const char *s, const char *what))
{
    struct actor *me = touching();
    char *found = REAL(strcasestr)(s, what);
    if (me)
        searched(me, s, what, found, CALLER);
    return found;
}

INTERPOSE(size_t, strspn, (const char *s, const char *set))
{
    struct actor *me = touching();
    size_t n = REAL(strspn)(s, set);
    if (me) {
        read_string(me, set, CALLER);
        mem_read(me, s, n + 1, CALLER);
    }
    return n;
}

INTERPOSE(size_t, strcspn, (const char *s, const char *set))
{
    struct actor *me = touching();
    size_t n = REAL(strcspn)(s, set);
    if (me) {
        read_string(me, set, CALLER);
        mem_read(me, s, n + 1, CALLER);
    }
    return n;
}

INTERPOSE(char *, strpbrk, (const char *s, const char *set))
{
    struct actor *me = touching();
    char *found = REAL(strpbrk)(s, set);
    if (me) {
        read_string(me, set, CALLER);
        read_to(me, s, found, CALLER);
    }
    return found;
}

/* ---- tokens ---------------------------------------------------------------------------------------------------- */

/* What is looked at before a token is cut off; `length` counts the string from `from`. */
static void cut(struct actor *me, const char *from, size_t length, const char *token, uintptr_t pc)
{
    if (!token) {
        mem_read(me, from, length + 1, pc);
        return;
    }
    size_t end = (size_t)(token - from) + REAL(strlen)(token);
    mem_read(me, from, end + 1, pc);
    if (end < length)
        mem_write(me, from + end, 1, pc);
}

INTERPOSE(char *, strtok, (char *restrict s, const char *restrict set))
{
    struct actor *me = current();
    if (!me)
        return REAL(strtok)(s, set);
    read_string(me, set, CALLER);
    mem_write(me, &strtok_position, sizeof strtok_position, CALLER);
    size_t length = s ? REAL(strlen)(s) : 0;
    char *token = REAL(strtok)(s, set);
    if (s)
        cut(me, s, length, token, CALLER);
    else if (token)
        read_string(me, token, CALLER);
    return token;
}

static char *tokenize(struct actor *me, char *(*real)(char *, const char *, char **), char *s, const char *set,
                      char **position, uintptr_t pc)
{
    read_string(me, set, pc);
    if (!s)
        mem_read(me, position, sizeof *position, pc);
    char *from = s ? s : *position;
    size_t length = from ? REAL(strlen)(from) : 0;
    char *token = real(s, set, position);
    if (from)
        cut(me, from, length, token, pc);
    mem_write(me, position, sizeof *position, pc);
    return token;
}

INTERPOSE(char *, strtok_r, (char *restrict s, const char *restrict set, char **restrict position))
{
    struct actor *me = current();
    return me ? tokenize(me, REAL(strtok_r), s, set, position, CALLER) : REAL(strtok_r)(s, set, position);
}

INTERPOSE(char *, __strtok_r, (char *restrict s, const char *restrict set, char **restrict position))
{
    struct actor *me = current();
    return me ? tokenize(me, REAL(__strtok_r), s, set, position, CALLER) : REAL(__strtok_r)(s, set, position);
}

INTERPOSE(char *, strsep, (char **restrict position, const char *restrict set))
{
    struct actor *me = current();
    if (!me)
        return REAL(strsep)(position, set);
    mem_read(me, position, sizeof *position, CALLER);
    const char *from = *position;
    size_t length = from ? REAL(strlen)(from) : 0;
    char *token = REAL(strsep)(position, set);
    if (from) {
        read_string(me, set, CALLER);
        cut(me, from, length, token, CALLER);
        mem_write(me, position, sizeof *position, CALLER);
    }
    return token;
}

/* ---- messages --------------------------------------------------------------------------------------------------- */

/* GNU's: the buffer is used only for numbers without a message. */
INTERPOSE(char *, strerror_r, (int error, char *buffer, size_t n))
{
    struct actor *me = current();
    char *message = REAL(strerror_r)(error, buffer, n);
    if (me && message == buffer && n)
        write_string(me, buffer, CALLER);
    return message;
}

INTERPOSE(int, __xpg_strerror_r, (int error, char *buffer, size_t n))
{
    struct actor *me = current();
    int result = REAL(__xpg_strerror_r)(error, buffer, n);
    if (me && n)
        write_string(me, buffer, CALLER);
    return result;
}
