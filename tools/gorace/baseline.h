/* A baseline: fingerprints of findings that are known, one a line, each with what the user should know it by:
 *
 *     6b65c24bc0724081  data-race counter.c:24 in main  # JIRA-12, Ada looks at it
 *
 * Blank lines and lines that begin with # are for people. What stands behind a # is kept when the file is written anew.
 * The detector reads the same file (GORACE_OPTIONS=baseline=FILE, detector/baseline.h): only the fingerprint counts. */
#ifndef GORACE_LAUNCHER_BASELINE_H
#define GORACE_LAUNCHER_BASELINE_H

#include <jansson.h>
#include <stdbool.h>

struct baseline {
    json_t *known; /* fingerprint -> the rest of its line */
};

/* Ends the launcher when the file cannot be read or has a line that is none. */
void baseline_load(struct baseline *b, const char *path);
void baseline_free(struct baseline *b);
bool baseline_has(const struct baseline *b, const char *fingerprint);

#endif
