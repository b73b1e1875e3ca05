/* str*: searches, tokens, messages. */
#include "engage.h"

static char text[] = "one two";

CASE(strchr)
{
    CHECK(CALL(strchr)(text, ' ') == text + 3);
    READS(text, 4);
    CHECK(CALL(strchr)(text, 'x') == NULL);
    READS(text, 8);
}

CASE(index)
{
    CHECK(CALL(index)(text, ' ') == text + 3);
    READS(text, 4);
}

CASE(strchrnul)
{
    CHECK(CALL(strchrnul)(text, 'x') == text + 7);
    READS(text, 8);
}

CASE(strrchr)
{
    CHECK(CALL(strrchr)(text, 'o') == text + 6);
    READS(text, 8);
}

CASE(rindex)
{
    CHECK(CALL(rindex)(text, 'o') == text + 6);
    READS(text, 8);
}

CASE(strstr)
{
    static char what[] = "tw";
    CHECK(CALL(strstr)(text, what) == text + 4);
    READS(what, 3);
    READS(text, 6);
    CHECK(CALL(strstr)(text, "no") == NULL);
    READS(text, 8);
}

CASE(strcasestr)
{
    CHECK(CALL(strcasestr)(text, "TW") == text + 4);
    READS(text, 6);
}

CASE(strspn)
{
    CHECK(CALL(strspn)(text, "eno") == 3);
    READS(text, 4);
}

CASE(strcspn)
{
    CHECK(CALL(strcspn)(text, " ") == 3);
    READS(text, 4);
}

CASE(strpbrk)
{
    CHECK(CALL(strpbrk)(text, "tw") == text + 4);
    READS(text, 5);
}

CASE(strtok)
{
    CHECK(CALL(strtok)(text, " ") == text);
    READS(text, 4);
    WRITES(text + 3, 1);
    CHECK(CALL(strtok)(NULL, " ") == text + 4);
    READS(text + 4, 4);
    CHECK(CALL(strtok)(NULL, " ") == NULL);
}

static void tokens(char *(*split)(char *, const char *, char **))
{
    static char *position;
    CHECK(split(text, " ", &position) == text);
    READS(text, 4);
    WRITES(text + 3, 1);
    WRITES(&position, sizeof position);
    from_here();
    CHECK(split(NULL, " ", &position) == text + 4);
    READS(&position, sizeof position);
    READS(text + 4, 4);
    CHECK(split(NULL, " ", &position) == NULL);
}

CASE(strtok_r)
{
    tokens(CALL(strtok_r));
}

CASE(__strtok_r)
{
    tokens(CALL(__strtok_r));
}

CASE(strsep)
{
    static char *position = text;
    CHECK(CALL(strsep)(&position, " ") == text && position == text + 4);
    READS(&position, sizeof position);
    READS(text, 4);
    WRITES(text + 3, 1);
    WRITES(&position, sizeof position);
}

CASE(strerror_r)
{
    static char buffer[64];
    CHECK(CALL(strerror_r)(123456, buffer, sizeof buffer) == buffer);
    WRITES(buffer, strlen(buffer) + 1);
}

CASE(__xpg_strerror_r)
{
    static char buffer[64];
    CHECK(CALL(__xpg_strerror_r)(ENOENT, buffer, sizeof buffer) == 0);
    WRITES(buffer, strlen("No such file or directory") + 1);
}
