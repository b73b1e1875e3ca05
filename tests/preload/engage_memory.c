/* mem*. */
#include "engage.h"

static char a[16] = "abcdefgh", b[16];

CASE(memcpy)
{
    CHECK(CALL(memcpy)(b, a, 8) == b && b[7] == 'h');
    READS(a, 8);
    WRITES(b, 8);
}

CASE(memmove)
{
    CHECK(CALL(memmove)(a + 1, a, 8) == a + 1 && a[8] == 'h' && a[1] == 'a');
    READS(a, 8);
    WRITES(a + 1, 8);
}

CASE(mempcpy)
{
    CHECK(CALL(mempcpy)(b, a, 8) == b + 8 && b[7] == 'h');
    READS(a, 8);
    WRITES(b, 8);
}

CASE(memset)
{
    CHECK(CALL(memset)(b, 'x', 5) == b && b[4] == 'x' && b[5] == 0);
    WRITES(b, 5);
}

CASE(memcmp)
{
    CHECK(CALL(memcmp)(a, b, 7) > 0);
    READS(a, 7);
    READS(b, 7);
}

CASE(bcmp)
{
    CHECK(CALL(bcmp)(a, b, 7) != 0);
    READS(a, 7);
    READS(b, 7);
}

CASE(memchr)
{
    CHECK(CALL(memchr)(a, 'c', 16) == a + 2);
    READS(a, 3);
    CHECK(CALL(memchr)(a, 'z', 16) == NULL);
    READS(a, 16);
}

CASE(memrchr)
{
    CHECK(CALL(memrchr)(a, 'c', 8) == a + 2);
    READS(a + 2, 6);
    CHECK(CALL(memrchr)(a, 'z', 8) == NULL);
    READS(a, 8);
}

CASE(rawmemchr)
{
    CHECK(CALL(rawmemchr)(a, 'd') == a + 3);
    READS(a, 4);
}

CASE(memmem)
{
    CHECK(CALL(memmem)(a, 16, "cd", 2) == a + 2);
    READS(a, 4);
    CHECK(CALL(memmem)(a, 16, "cx", 2) == NULL);
    READS(a, 16);
}

CASE(memccpy)
{
    CHECK(CALL(memccpy)(b, a, 'c', 8) == b + 3);
    READS(a, 3);
    WRITES(b, 3);
}

CASE(bzero)
{
    CALL(bzero)(a, 3);
    CHECK(a[2] == 0 && a[3] == 'd');
    WRITES(a, 3);
}

CASE(explicit_bzero)
{
    CALL(explicit_bzero)(a, 3);
    CHECK(a[2] == 0 && a[3] == 'd');
    WRITES(a, 3);
}

CASE(bcopy)
{
    CALL(bcopy)(a, b, 4);
    CHECK(b[3] == 'd');
    READS(a, 4);
    WRITES(b, 4);
}

CASE(swab)
{
    CALL(swab)(a, b, 5);
    CHECK(b[0] == 'b' && b[3] == 'c' && b[4] == 0);
    READS(a, 4);
    WRITES(b, 4);
}

CASE(__memcpy_chk)
{
    CHECK(CALL(__memcpy_chk)(b, a, 8, sizeof b) == b && b[7] == 'h');
    READS(a, 8);
    WRITES(b, 8);
}

CASE(__memmove_chk)
{
    CHECK(CALL(__memmove_chk)(a + 1, a, 8, 15) == a + 1 && a[8] == 'h');
    READS(a, 8);
    WRITES(a + 1, 8);
}

CASE(__mempcpy_chk)
{
    CHECK(CALL(__mempcpy_chk)(b, a, 8, sizeof b) == b + 8 && b[7] == 'h');
    READS(a, 8);
    WRITES(b, 8);
}

CASE(__memset_chk)
{
    CHECK(CALL(__memset_chk)(b, 'x', 5, sizeof b) == b && b[4] == 'x');
    WRITES(b, 5);
}

CASE(__explicit_bzero_chk)
{
    CALL(__explicit_bzero_chk)(a, 3, sizeof a);
    CHECK(a[2] == 0 && a[3] == 'd');
    WRITES(a, 3);
}
