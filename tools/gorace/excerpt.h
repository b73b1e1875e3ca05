/* Lines of source files, read once each; a file that is not there, or is not text, has none. */
#ifndef GORACE_LAUNCHER_EXCERPT_H
#define GORACE_LAUNCHER_EXCERPT_H

#include <jansson.h>
#include <stdio.h>

/* Line `line` (from 1) with `around` before and after it, numbered; the line itself is marked. Nothing when there is none. */
void excerpt_print(FILE *to, const char *file, json_int_t line, int around);

/* The same as {"first": number, "lines": [text...]}, or NULL; the caller owns it. */
json_t *excerpt_json(const char *file, json_int_t line, int around);

#endif
