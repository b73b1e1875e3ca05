/* goro NAME: runs one pattern of goro.def in this process, as the first goroutine. */
#include "goroutine.h"

#define PATTERN(kind, also, class, stem, text) void kind##_##stem(bool fixed);
#include "goro.def"
#undef PATTERN

#define PATTERN(kind, also, class, stem, text) {#kind "_" #stem, kind##_##stem},
static const struct pattern patterns[] = {
#include "goro.def"
};
#undef PATTERN

static int start(void *arg)
{
    bool fixed;

    pattern_find(patterns, sizeof patterns / sizeof *patterns, arg, &fixed)->run(fixed);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc != 2)
        pattern_fail("usage: goro NAME");
    return goro_run(start, argv[1]);
}
