/* Runs one case: `main NAME [free|go|main]`; without arguments lists the cases, one a line.
 *
 * free: the sides of a GO and MAIN run as they come; go, main: that one is over before the other begins, which no edge says. */
#include "cases.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int x, y, z;
chan_of(bool) done, other;
struct schedule steps;

static enum order { FREE, GO_FIRST, MAIN_FIRST } order;
static struct schedule sides;

extern const struct race_case *const __start_race_cases[], *const __stop_race_cases[];

static void beside(const struct race_case *c)
{
    if (order == MAIN_FIRST)
        goro_await(&sides, 1);
    c->beside();
    if (order == GO_FIRST)
        step(&sides, 1);
    finish();
}

static int start(void *arg)
{
    const struct race_case *c = arg;
    done = chan_make(bool, 64);
    other = chan_make(bool, 64);
    if (c->before)
        c->before();
    if (!c->beside) {
        c->body();
        return 0;
    }
    go(beside, c);
    if (order == GO_FIRST)
        goro_await(&sides, 1);
    c->body();
    if (order == MAIN_FIRST)
        step(&sides, 1);
    join(1);
    return 0;
}

int main(int argc, char **argv)
{
    static const char *const orders[] = {"free", "go", "main"};
    const struct race_case *const *c;
    for (c = __start_race_cases; c < __stop_race_cases; c++) {
        if (argc < 2)
            puts((*c)->name);
        else if (strcmp((*c)->name, argv[1]) == 0)
            break;
    }
    if (argc < 2)
        return 0;
    for (int i = 0; argc > 2 && i < 3; i++)
        if (strcmp(argv[2], orders[i]) == 0)
            order = (enum order)i;
    if (c < __stop_race_cases && (*c)->polls)
        order = FREE;
    if (c == __stop_race_cases) {
        fprintf(stderr, "%s: no such case\n", argv[1]);
        return EXIT_FAILURE;
    }
    return goro_run(start, (void *)*c);
}
