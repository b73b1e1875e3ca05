/* See findings.h. */
#include "findings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "baseline.h"
#include "command.h"
#include "finding.h"

#define FIRST_ROOM 64
#define FINGERPRINT_DIGITS 16
#define HEAD_BYTES 256 /* of a line: all before "message" is in it */

void findings_open(struct findings *all)
{
    *all = (struct findings){.index = json_object()};
}

error_t named_files_parse(int key, struct argp_state *state, struct named_files *files, const char *missing)
{
    switch (key) {
    case ARGP_KEY_ARGS:
        *files = (struct named_files){state->argv + state->next, state->argc - state->next};
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "%s", missing);
        return 0;
    }
    return ARGP_ERR_UNKNOWN;
}

void findings_read(struct findings *all, const struct named_files *files)
{
    findings_open(all);
    for (int i = 0; i < files->n; i++)
        findings_add_file(all, files->names[i]);
}

void findings_warn(const struct findings *all)
{
    for (size_t i = 0; i < all->nnotices; i++)
        warn_user("%s", all->notices[i]);
}

void findings_close(struct findings *all)
{
    for (size_t i = 0; i < all->n; i++) {
        json_decref(all->at[i].json);
        free(all->at[i].place);
    }
    for (size_t i = 0; i < all->nnotices; i++)
        free(all->notices[i]);
    free(all->at);
    free(all->notices);
    json_decref(all->index);
}

void findings_notice(struct findings *all, char *line)
{
    all->notices = must_grow(all->notices, (all->nnotices + 1) * sizeof *all->notices);
    all->notices[all->nnotices++] = valid_text(line);
    free(line);
}

/* Takes the reference. */
static void add(struct findings *all, json_t *json)
{
    const char *fingerprint = text_of(json, "fingerprint");
    bool known = json_is_true(json_object_get(json, "baseline"));
    json_t *there = json_object_get(all->index, fingerprint);
    if (there) {
        struct finding *f = &all->at[json_integer_value(there)];
        f->times++;
        f->known &= known;
        json_decref(json);
        return;
    }
    if (all->n == all->room) {
        all->room = all->room ? all->room * 2 : FIRST_ROOM;
        all->at = must_grow(all->at, all->room * sizeof *all->at);
    }
    json_object_set_new(all->index, fingerprint, json_integer((json_int_t)all->n));
    all->at[all->n++] = (struct finding){json, fingerprint, text_of(json, "kind"), finding_place(json), 1, known};
}

static const char *find(const char *head, size_t n, const char *what)
{
    return memmem(head, n, what, strlen(what));
}

/* Most lines of many runs are a finding that is there already: that is seen by the head of the line, as the detector
 * writes it, without parsing the stacks. A line that is cut off does not end like this. */
static bool add_repetition(struct findings *all, const char *line, size_t length)
{
    static const char key[] = "\"fingerprint\":\"";
    size_t head = length < HEAD_BYTES ? length : HEAD_BYTES;
    const char *at = find(line, head, key);
    char fingerprint[FINGERPRINT_DIGITS + 1] = "";
    if (length < 2 || *line != '{' || line[length - 2] != '}' || line[length - 1] != '\n' || !at)
        return false;
    at += sizeof key - 1;
    if (at + FINGERPRINT_DIGITS >= line + length || at[FINGERPRINT_DIGITS] != '"')
        return false;
    memcpy(fingerprint, at, FINGERPRINT_DIGITS);
    json_t *there = json_object_get(all->index, fingerprint);
    if (!there)
        return false;
    struct finding *f = &all->at[json_integer_value(there)];
    f->times++;
    f->known &= find(line, head, "\"baseline\":true") != NULL; /* a run without the baseline does not know it */
    return true;
}

static bool only_spaces(const char *line)
{
    return line[strspn(line, " \t\r\n")] == 0;
}

#define CUT_OFF "cut off"

/* One line; NULL or what is wrong with it, which the caller frees. */
static char *add_line(struct findings *all, const char *line, size_t length)
{
    json_error_t error;
    const char *why;
    if (add_repetition(all, line, length))
        return NULL;
    json_t *json = json_loadb(line, length, 0, &error);
    if (!json)
        return must_copy(line[length - 1] == '\n' ? error.text : CUT_OFF);
    if (finding_valid(json, &why)) {
        add(all, json);
        return NULL;
    }
    json_decref(json);
    return must_copy(why);
}

void findings_add_file(struct findings *all, const char *path)
{
    FILE *file = strcmp(path, "-") ? fopen(path, "r") : stdin;
    char *line = NULL, *wrong = NULL;
    size_t room = 0, number = 0, good = 0, bad = 0, first_bad = 0;
    if (!file) {
        findings_notice(all, must_format("%s: skipped: %m", path));
        all->unread++;
        return;
    }
    all->files++;
    for (ssize_t n; (n = getline(&line, &room, file)) > 0;) {
        number++;
        if (only_spaces(line) && strlen(line) == (size_t)n)
            continue;
        char *problem = add_line(all, line, (size_t)n);
        good += !problem;
        if (problem && bad++ == 0) {
            first_bad = number;
            wrong = problem;
        } else {
            free(problem);
        }
    }
    if (ferror(file)) {
        findings_notice(all, must_format("%s: not read to its end: %m", path));
        all->unread++;
    }
    if (bad && !good) {
        findings_notice(all, must_format("%s: skipped: not a file of findings (line %zu: %s)", path, first_bad, wrong));
        all->unread += number > 1 || strcmp(wrong, CUT_OFF); /* else the process was killed at its first finding */
    } else if (bad) {
        findings_notice(all, must_format("%s:%zu: %s; %zu of %zu lines skipped, %zu kept", path, first_bad, wrong, bad,
                                         bad + good, good));
    }
    free(wrong);
    free(line);
    if (file != stdin)
        fclose(file);
}

static int compare(const void *left, const void *right)
{
    const struct finding *a = left, *b = right;
    int order = (int)a->known - (int)b->known;
    if (!order)
        order = strcmp(a->kind, b->kind);
    if (!order)
        order = strverscmp(a->place, b->place);
    return order ? order : strcmp(a->fingerprint, b->fingerprint);
}

void findings_sort(struct findings *all)
{
    if (all->n)
        qsort(all->at, all->n, sizeof *all->at, compare);
    json_object_clear(all->index);
}

size_t findings_new(const struct findings *all)
{
    size_t n = 0;
    for (size_t i = 0; i < all->n; i++)
        n += !all->at[i].known;
    return n;
}

void findings_compare(struct findings *all, const struct baseline *baseline)
{
    for (size_t i = 0; i < all->n; i++)
        all->at[i].known |= baseline_has(baseline, all->at[i].fingerprint);
}
