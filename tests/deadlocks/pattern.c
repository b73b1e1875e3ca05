#include "pattern.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void pattern_fail(const char *what)
{
    fprintf(stderr, "pattern: %s\n", what);
    _Exit(2);
}

const struct pattern *pattern_find(const struct pattern *patterns, int count, const char *name, bool *fixed)
{
    *fixed = strncmp(name, "no", 2) == 0;
    for (int i = 0; i < count; i++)
        if (strcmp(patterns[i].name, name + (*fixed ? 2 : 0)) == 0)
            return &patterns[i];
    pattern_fail("no such pattern");
}
