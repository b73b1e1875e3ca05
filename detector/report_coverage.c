/* The last line of a run: what was found, and what was checked and what was not. */
#include "report_data.h"

static void say_found(struct outbuf *o, const struct coverage *c)
{
    static const char *const one[] = {"race", "lock-order cycle", "deadlock", "stuck actor", "misuse"};
    static const char *const many[] = {"races", "lock-order cycles", "deadlocks", "stuck actors", "misuses"};
    bool any = false;
    for (int kind = FINDING_RACE; kind <= FINDING_MISUSE; kind++) {
        uint64_t n = c->found[kind];
        if (n == 0 && kind != FINDING_RACE)
            continue;
        outbuf_format(o, "%s%lu %s", any ? ", " : "", n, n == 1 ? one[kind] : many[kind]);
        any = true;
    }
}

void coverage_line(struct outbuf *o, const struct coverage *c)
{
    outbuf_str(o, "gorace: ");
    say_found(o, c);
    outbuf_format(o, " (%lu suppressed, %lu duplicate%s", c->suppressed, c->duplicates, c->duplicates == 1 ? "" : "s");
    if (c->in_baseline)
        outbuf_format(o, ", %lu in the baseline", c->in_baseline);
    outbuf_str(o, "); coverage:");
    if (c->instead) {
        outbuf_format(o, " %s\n", c->instead);
        return;
    }
    const char *separator = " ";
    for (int i = 0; i < c->ncounters; i++)
        if (c->counters[i]) {
            outbuf_format(o, "%s%lu %s", separator, c->counters[i], c->texts[i]);
            separator = ", ";
        }
    outbuf_str(o, *separator == ' ' ? " nothing was checked\n" : "\n");
}
