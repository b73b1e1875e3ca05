/* threads NAME: runs one pattern of threads.def in this process. */
#include "pattern.h"

#define PATTERN(kind, also, class, stem, text) void kind##_##stem(bool fixed);
#include "threads.def"
#undef PATTERN

#define PATTERN(kind, also, class, stem, text) {#kind "_" #stem, kind##_##stem},
static const struct pattern patterns[] = {
#include "threads.def"
};
#undef PATTERN

int main(int argc, char **argv)
{
    bool fixed;

    if (argc != 2)
        pattern_fail("usage: threads NAME");
    pattern_find(patterns, sizeof patterns / sizeof *patterns, argv[1], &fixed)->run(fixed);
    return 0;
}
