/* str*: copies and comparisons. */
#include "engage.h"

static char hello[] = "hello", help[] = "help me", room[16] = "ab";

static bool is(const char *s, const char *wanted)
{
    return s && strcmp(s, wanted) == 0;
}

CASE(strlen)
{
    CHECK(CALL(strlen)(hello) == 5);
    READS(hello, 6);
}

CASE(strnlen)
{
    CHECK(CALL(strnlen)(hello, 3) == 3);
    READS(hello, 3);
    CHECK(CALL(strnlen)(hello, 9) == 5);
    READS(hello, 6);
}

CASE(strcmp)
{
    CHECK(CALL(strcmp)(hello, help) < 0);
    READS(hello, 4);
    READS(help, 4);
    CHECK(CALL(strcmp)(hello, "hello") == 0);
    READS(hello, 6);
}

CASE(strncmp)
{
    CHECK(CALL(strncmp)(hello, help, 3) == 0);
    READS(hello, 3);
    READS(help, 3);
    CHECK(CALL(strncmp)(hello, help, 9) < 0);
    READS(hello, 4);
}

CASE(strcasecmp)
{
    CHECK(CALL(strcasecmp)(hello, "HELP") < 0);
    READS(hello, 4);
}

CASE(strncasecmp)
{
    CHECK(CALL(strncasecmp)(hello, "HELP", 3) == 0);
    READS(hello, 3);
}

CASE(strcoll)
{
    CHECK(CALL(strcoll)(hello, help) < 0);
    READS(hello, 6);
    READS(help, 8);
}

CASE(strcoll_l)
{
    CHECK(CALL(strcoll_l)(hello, help, newlocale(LC_ALL_MASK, "C", 0)) < 0);
    READS(hello, 6);
    READS(help, 8);
}

CASE(strxfrm)
{
    CHECK(CALL(strxfrm)(room, hello, sizeof room) == 5 && is(room, "hello"));
    READS(hello, 6);
    WRITES(room, 6);
}

CASE(strxfrm_l)
{
    CHECK(CALL(strxfrm_l)(room, hello, sizeof room, newlocale(LC_ALL_MASK, "C", 0)) == 5 && is(room, "hello"));
    READS(hello, 6);
    WRITES(room, 6);
}

CASE(strcpy)
{
    CHECK(CALL(strcpy)(room, hello) == room && is(room, "hello"));
    READS(hello, 6);
    WRITES(room, 6);
}

CASE(stpcpy)
{
    CHECK(CALL(stpcpy)(room, hello) == room + 5 && is(room, "hello"));
    READS(hello, 6);
    WRITES(room, 6);
}

CASE(strncpy)
{
    CHECK(CALL(strncpy)(room, hello, 9) == room && is(room, "hello"));
    READS(hello, 6);
    WRITES(room, 9);
    CALL(strncpy)(room, hello, 3);
    READS(hello, 3);
    WRITES(room, 3);
}

CASE(stpncpy)
{
    CHECK(CALL(stpncpy)(room, hello, 9) == room + 5);
    READS(hello, 6);
    WRITES(room, 9);
}

CASE(strcat)
{
    CHECK(CALL(strcat)(room, hello) == room && is(room, "abhello"));
    READS(room, 3);
    READS(hello, 6);
    WRITES(room + 2, 6);
}

CASE(strncat)
{
    CHECK(CALL(strncat)(room, hello, 2) == room && is(room, "abhe"));
    READS(room, 3);
    READS(hello, 2);
    WRITES(room + 2, 3);
}

CASE(strlcpy)
{
    CHECK(CALL(strlcpy)(room, hello, 3) == 5 && is(room, "he"));
    READS(hello, 6);
    WRITES(room, 3);
}

CASE(strlcat)
{
    CHECK(CALL(strlcat)(room, hello, 4) == 7 && is(room, "abh"));
    READS(room, 3);
    WRITES(room + 2, 2);
}

CASE(strdup)
{
    char *copy = CALL(strdup)(hello);
    CHECK(is(copy, "hello"));
    READS(hello, 6);
    ALLOCATES(copy, 6);
    WRITES(copy, 6);
}

CASE(__strdup)
{
    char *copy = CALL(__strdup)(hello);
    CHECK(is(copy, "hello"));
    READS(hello, 6);
    ALLOCATES(copy, 6);
    WRITES(copy, 6);
}

CASE(strndup)
{
    char *copy = CALL(strndup)(hello, 4);
    CHECK(is(copy, "hell"));
    READS(hello, 4);
    ALLOCATES(copy, 5);
    WRITES(copy, 5);
}

CASE(__strcpy_chk)
{
    CHECK(CALL(__strcpy_chk)(room, hello, sizeof room) == room && is(room, "hello"));
    READS(hello, 6);
    WRITES(room, 6);
}

CASE(__stpcpy_chk)
{
    CHECK(CALL(__stpcpy_chk)(room, hello, sizeof room) == room + 5);
    READS(hello, 6);
    WRITES(room, 6);
}

CASE(__strncpy_chk)
{
    CHECK(CALL(__strncpy_chk)(room, hello, 9, sizeof room) == room && is(room, "hello"));
    READS(hello, 6);
    WRITES(room, 9);
}

CASE(__stpncpy_chk)
{
    CHECK(CALL(__stpncpy_chk)(room, hello, 9, sizeof room) == room + 5);
    READS(hello, 6);
    WRITES(room, 9);
}

CASE(__strcat_chk)
{
    CHECK(CALL(__strcat_chk)(room, hello, sizeof room) == room && is(room, "abhello"));
    READS(room, 3);
    WRITES(room + 2, 6);
}

CASE(__strncat_chk)
{
    CHECK(CALL(__strncat_chk)(room, hello, 2, sizeof room) == room && is(room, "abhe"));
    READS(room, 3);
    READS(hello, 2);
    WRITES(room + 2, 3);
}
