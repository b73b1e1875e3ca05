/* One finding, as docs/finding.schema.json describes it: reading aids for the printers. Nothing here is owned; strings
 * live as long as the JSON. What is null, or missing, or of another type is "" or 0: a finding of a newer gorace must
 * not stop a report. */
#ifndef GORACE_LAUNCHER_FINDING_H
#define GORACE_LAUNCHER_FINDING_H

#include <jansson.h>
#include <stdbool.h>

const char *text_of(const json_t *object, const char *key);
json_int_t number_of(const json_t *object, const char *key);

/* Whether it is one at all; if not, *why says what is wrong. */
bool finding_valid(const json_t *finding, const char **why);

/* A part of a finding that has a stack, in the order of the text report. */
struct part {
    char *title;         /* "Write of size 4 at 0x10 by thread T1 (tid 7, running), no locks held" */
    const json_t *of;    /* the object in the finding */
    const json_t *stack; /* an array of frames, innermost first; NULL: a part without one */
    int level;           /* 0; 1 is a detail of the part before it, as a lock that was held */
    bool background;     /* how it came to be (allocation, creation), not what happened */
};

struct parts {
    struct part *at;
    size_t n;
};
struct parts finding_parts(const json_t *finding);
void parts_free(struct parts *parts);

/* "thread T1 'worker' (tid 12, running)"; the caller frees it. */
char *finding_actor(const json_t *finding, json_int_t number, bool fully);
/* Who created `actor`, a member of the finding's actors, in short; NULL: not known. The caller frees it. */
char *finding_creator(const json_t *finding, const json_t *actor);

/* A frame in words, its file without `root`: "func file.c:12:5 (module+0x10)". The caller frees it. */
char *frame_text(const json_t *frame, const char *root);
/* "file.c:12 in func": where the finding is, in short. The caller frees it. */
char *finding_place(const json_t *finding);

/* The frame to show of a stack: the innermost below `root` (a folder with its final slash, or ""), else the innermost
 * with a file, else the innermost; NULL when the stack is empty. */
const json_t *stack_frame(const json_t *stack, const char *root);

/* The same frame whichever side came first, so that a finding stays where it is from run to run. */
const json_t *finding_frame(const json_t *finding, const char *root);

/* A copy in which each byte that is no UTF-8 became U+FFFD, as the detector writes such names; the caller frees it. Names of
 * files are any bytes, and none of the formats takes those. */
char *valid_text(const char *text);

/* `path` without `root`, when it lies below it. */
const char *below(const char *path, const char *root);
const char *base_of(const char *path);

#endif
