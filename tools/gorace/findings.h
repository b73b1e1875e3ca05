/* The findings of many files, each once: by fingerprint, in an order that does not depend on the order of the files.
 *
 * A file that is cut off or is something else is named in `notices`; what can be read of it, and all others, is kept. */
#ifndef GORACE_LAUNCHER_FINDINGS_H
#define GORACE_LAUNCHER_FINDINGS_H

#include <argp.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct finding {
    json_t *json;            /* as the first file had it */
    const char *fingerprint; /* in json */
    const char *kind;        /* in json */
    char *place;             /* finding_place */
    size_t times;            /* how often it stood in the files: one a process */
    bool known;              /* is in the baseline: does not count */
};

struct findings {
    struct finding *at;
    size_t n, room;
    json_t *index; /* fingerprint -> position in `at`, until findings_sort */
    size_t files;
    size_t unread; /* of those that were named: not there, not readable, or not to their end; each has a notice */
    char **notices; /* one line each, for the user */
    size_t nnotices;
};

/* What a command was given to read: the arguments that are left. */
struct named_files {
    char **names;
    int n;
};
/* The end of a parser for argp. `missing` is said when there is no name. */
error_t named_files_parse(int key, struct argp_state *state, struct named_files *files, const char *missing);

void findings_open(struct findings *all);
void findings_close(struct findings *all);
void findings_notice(struct findings *all, char *line); /* takes the line */

/* `path` "-" is stdin. A name that cannot be opened is a notice too. */
void findings_add_file(struct findings *all, const char *path);
/* Opens, and adds all of them. */
void findings_read(struct findings *all, const struct named_files *files);
void findings_warn(const struct findings *all); /* the notices, on stderr */
void findings_sort(struct findings *all);

/* How many are not in the baseline. */
size_t findings_new(const struct findings *all);

/* Marks those that the baseline has. */
struct baseline;
void findings_compare(struct findings *all, const struct baseline *baseline);

#endif
