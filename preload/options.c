/* See options.h. */
#include "options.h"

#include <stdlib.h>
#include <unistd.h>

#include "reports.h"

struct flags options;

/* gcc starts us from the executable's preinit array, before libc has set `environ`; the kernel has put the environment
 * behind the arguments. */
static const char *option_string(void)
{
    if (environ)
        return getenv("GORACE_OPTIONS");
    extern void *__libc_stack_end;
    long *argc = __libc_stack_end;
    for (char **e = (char **)(argc + 1 + *argc + 1); *e; e++) {
        static const char name[] = "GORACE_OPTIONS=";
        size_t n = 0;
        while (n < sizeof name - 1 && (*e)[n] == name[n])
            n++;
        if (n == sizeof name - 1)
            return *e + n;
    }
    return NULL;
}

void options_read(void)
{
    struct outbuf o;
    outbuf_open(&o, STDERR_FILENO);
    flags_parse(&options, option_string(), &o);
    if (options.help)
        flags_help(&o);
    outbuf_close(&o);
    if (options.instrument && options.sample) {
        say_at_once("sample= is for binaries as they are: with instrument=1 nothing is sampled");
        options.sample = 0;
    }
    if (options.sample && !(options.detect & DETECT_RACE)) {
        say_at_once("sample= looks for races, which detect= leaves out: nothing is sampled");
        options.sample = 0;
    }
}
