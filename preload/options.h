/* What GORACE_OPTIONS says: one for the process. */
#ifndef GORACE_OPTIONS_H
#define GORACE_OPTIONS_H

#include "../detector/flags.h"

/* Written by options_read, before the detector runs; constant from then on. */
extern struct flags options;

/* Says on stderr what it does not understand, and what is left out because of another option. */
void options_read(void);

/* Whether code without hooks may be relocated: all of it, or that of libraries which order threads by themselves. */
static inline bool options_relocate(void)
{
    return options.instrument || (options.detect & DETECT_RACE && !options.sample);
}

#endif
