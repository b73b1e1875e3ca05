/* What was instrumented, by module, and what was not, for the end of a run. */
#include "../detector/outbuf.h"
#include "../detector/report.h"
#include "engine.h"
#include "fetch_ahead.h"
#include "instrument.h"

static const char *name_of(const struct module *m)
{
    const char *name = m->image.name;
    for (const char *p = name; *p; p++)
        if (*p == '/')
            name = p + 1;
    return *name ? name : "the program";
}

static void say_left(const struct module *m)
{
    for (uint32_t k = 0; k < m->nfunctions; k++) {
        const struct function *f = &m->functions[k];
        struct outbuf o;
        if (f->state != FUNCTION_LEFT)
            continue;
        outbuf_open(&o, -1);
        outbuf_format(&o, "gorace: left alone: %s+0x%lx: %s", name_of(m), f->start - m->image.load, f->why);
        outbuf_char(&o, 0);
        report_say(o.data);
        outbuf_close(&o);
    }
}

static void say_module(const struct module *m, void *functions)
{
    uint64_t left = 0;
    struct outbuf o;
    for (uint32_t k = 0; k < m->nfunctions; k++)
        left += m->functions[k].state == FUNCTION_LEFT;
    outbuf_open(&o, -1);
    outbuf_format(&o, "gorace: instrumented %s: %lu of %lu functions entered", name_of(m), (uint64_t)m->ncopies + left,
                  (uint64_t)m->nfunctions);
    if (left)
        outbuf_format(&o, ", %lu of them left alone", left);
    outbuf_format(&o, "; accesses in them: %lu seen, %lu to the own stack frame, %lu to constants, %lu of other kinds",
                  m->sites.seen, m->sites.frame, m->sites.constant, m->sites.other);
    outbuf_char(&o, 0);
    report_say(o.data);
    outbuf_close(&o);
    if (functions)
        say_left(m);
}

void instrument_say(bool functions)
{
    static int yes;
    const char *ahead = fetch_ahead_summary();
    if (ahead)
        report_say(ahead);
    engine_each(say_module, functions ? &yes : NULL);
}
