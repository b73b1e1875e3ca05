/* The findings that the user knows already: GORACE_OPTIONS=baseline=FILE. Each line of the file begins with the 16
 * digits of a fingerprint; what follows on it is for people, as are empty lines and those that begin with #. `gorace
 * baseline` writes such files. */
#ifndef GORACE_BASELINE_H
#define GORACE_BASELINE_H

#include <stdbool.h>
#include <stdint.h>

#include "outbuf.h"

/* Lines that are none go to `errors`, and so does a file that cannot be read: every finding counts then. */
void baseline_load(const char *file, struct outbuf *errors);
/* The same from a text in memory, which is changed. */
void baseline_parse(char *text, const char *file, struct outbuf *errors);
bool baseline_has(uint64_t fingerprint);

#endif
