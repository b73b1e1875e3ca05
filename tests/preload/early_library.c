/* Code that runs before anything of the detector is set up: the choice of an indirect function, which the loader makes
 * while it relocates this library, and a constructor. check_early.sh compares what they do with what they do alone. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char chosen_by[16];

static int one(void)
{
    return 1;
}

static int (*choose(void))(void)
{
    memcpy(chosen_by, "choice", 7);
    memset(chosen_by + 7, 0, 3);
    if (memcmp(chosen_by, "choice", 7) || strlen(chosen_by) != 6)
        return NULL;
    memmove(chosen_by + 1, chosen_by, 6);
    return one;
}

int chosen(void) __attribute__((ifunc("choose")));

__attribute__((constructor(101))) static void begin(void)
{
    char text[64], *p = malloc(100);
    strcpy(p, chosen_by);
    p = realloc(p, 5000);
    snprintf(text, sizeof text, "%s %d", p, chosen());
    free(p);
    p = strdup(text);
    setenv("EARLY", p, 1);
    free(p);
}
