/* See reports.h. */
#include "reports.h"

#include <unistd.h>

#include "../detector/os.h"
#include "../detector/report.h"
#include "current.h"
#include "options.h"
#include "symbolizer_load.h"
#include "unseen.h"

static const struct symbolizer *symbolizer; /* set once, by prepare */
static uint32_t ready;                      /* atomic */

void say_at_once(const char *line)
{
    struct inside in = inside_begin();
    struct outbuf o;
    outbuf_open(&o, STDERR_FILENO);
    outbuf_format(&o, "gorace: %s\n", line);
    outbuf_close(&o);
    inside_end(in);
}

static void prepare(bool named)
{
    static struct oslock once;
    if (__atomic_load_n(&ready, __ATOMIC_ACQUIRE))
        return;
    struct inside in = inside_begin();
    os_lock(&once);
    if (!ready) {
        const char *why = NULL;
        if (named && (options.symbolize || !symbolizer)) {
            unseen_ours_begin();
            symbolizer = symbolizer_load(&why);
            unseen_ours_end();
        }
        if (!symbolizer) {
            if (why)
                say_at_once(why);
            symbolizer = &symbolizer_none;
        }
        report_init(&options, symbolizer);
        __atomic_store_n(&ready, 1, __ATOMIC_RELEASE);
    }
    os_unlock(&once);
    inside_end(in);
}

void reports_ready(void)
{
    prepare(true);
}

void reports_ready_unnamed(void)
{
    prepare(false);
}

bool reports_are_ready(void)
{
    return __atomic_load_n(&ready, __ATOMIC_ACQUIRE);
}
