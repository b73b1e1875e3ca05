/* See baseline.h; and gorace baseline, which writes one. */
#include "baseline.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "finding.h"
#include "findings.h"
#include "whole_file.h"

#define DIGITS 16

bool baseline_has(const struct baseline *b, const char *fingerprint)
{
    return json_object_get(b->known, fingerprint) != NULL;
}

void baseline_free(struct baseline *b)
{
    json_decref(b->known);
}

/* The line without its end is cut in two. False: it is none. */
static bool add_line(struct baseline *b, char *line)
{
    line[strcspn(line, "\r\n")] = 0;
    line += strspn(line, " \t");
    if (!*line || *line == '#')
        return true;
    char *rest = line + DIGITS;
    if (strspn(line, "0123456789abcdef") != DIGITS || (*rest && *rest != ' ' && *rest != '\t'))
        return false;
    bool more = *rest;
    *rest = 0;
    json_object_set_new(b->known, line, json_string_nocheck(more ? rest + 1 + strspn(rest + 1, " \t") : ""));
    return true;
}

void baseline_load(struct baseline *b, const char *path)
{
    FILE *file = fopen(path, "r");
    char *line = NULL;
    size_t room = 0, number = 0;
    b->known = json_object();
    if (!file && errno == ENOENT)
        die("baseline: no file %s; `gorace baseline -o FILE FINDINGS...' makes one", path);
    if (!file)
        die("baseline: cannot open %s: %m", path);
    while (getline(&line, &room, file) > 0) {
        number++;
        if (!add_line(b, line))
            die("%s:%zu: a line of a baseline begins with the 16 digits of a fingerprint, or with #", path, number);
    }
    if (ferror(file))
        die("baseline: cannot read %s: %m", path);
    free(line);
    fclose(file);
}

/* ---- the command -------------------------------------------------------------------------------------------------- */

struct arguments {
    const char *output;
    bool prune;
    struct named_files files;
};

static const struct argp_option options[] = {
    {"output", 'o', "FILE", 0,
     "the baseline; when it is there, what stands behind # in its lines is kept (default: stdout)", 0},
    {"prune", 'p', NULL, 0, "drop what FILE has and the findings have not; without this it stays", 0},
    {0}};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct arguments *a = state->input;
    switch (key) {
    case 'o':
        a->output = argument;
        return 0;
    case 'p':
        a->prune = true;
        return 0;
    }
    return named_files_parse(key, state, &a->files, "no files of findings");
}

static bool exists(const char *path)
{
    FILE *file = fopen(path, "r");
    if (file)
        fclose(file);
    return file != NULL || errno != ENOENT;
}

/* The findings join `b`; a note that the old line had stays. Returns how many are new. */
static size_t take(struct baseline *b, const struct findings *all)
{
    size_t added = 0;
    for (size_t i = 0; i < all->n; i++) {
        const struct finding *f = &all->at[i];
        const char *old = json_string_value(json_object_get(b->known, f->fingerprint));
        const char *note = old ? strchr(old, '#') : NULL;
        char *rest = must_format("%s %s%s%s", f->kind, f->place, note ? "  " : "", note ? note : "");
        added += !old;
        json_object_set_new(b->known, f->fingerprint, json_string_nocheck(rest));
        free(rest);
    }
    return added;
}

/* Drops what is not in `all`; returns how many those are. */
static size_t drop_unseen(struct baseline *b, const struct findings *all, bool drop)
{
    json_t *seen = json_object();
    const char *fingerprint;
    json_t *rest;
    void *next;
    size_t unseen = 0;
    for (size_t i = 0; i < all->n; i++)
        json_object_set_new(seen, all->at[i].fingerprint, json_true());
    json_object_foreach_safe(b->known, next, fingerprint, rest)
        if (!json_object_get(seen, fingerprint)) {
            unseen++;
            if (drop)
                json_object_del(b->known, fingerprint);
        }
    json_decref(seen);
    return unseen;
}

static int compare_keys(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* Sorted, so that a change of the file under version control shows what changed. */
static void print(FILE *to, const struct baseline *b)
{
    size_t n = 0;
    const char **keys = must_grow(NULL, (json_object_size(b->known) + 1) * sizeof *keys), *key;
    json_t *rest;
    json_object_foreach(b->known, key, rest)
        keys[n++] = key;
    qsort(keys, n, sizeof *keys, compare_keys);
    fputs("# Findings that are known: they do not count. GORACE_OPTIONS=baseline=THIS-FILE; see gorace-baseline(1).\n",
          to);
    for (size_t i = 0; i < n; i++) {
        const char *words = json_string_value(json_object_get(b->known, keys[i]));
        fprintf(to, "%s%s%s\n", keys[i], *words ? "  " : "", words);
    }
    free(keys);
}

int command_baseline(int argc, char **argv)
{
    static const struct argp argp = {options,
                                     parse,
                                     "FILE...",
                                     "Writes the findings of FILEs (JSON Lines) down as a baseline: with "
                                     "GORACE_OPTIONS=baseline=FILE, or `gorace run "
                                     "-b FILE`, only other findings are reported and decide the exit status.",
                                     NULL,
                                     NULL,
                                     NULL};
    struct arguments a = {.files = {NULL, 0}};
    struct baseline b = {json_object()};
    struct findings all;
    command_parse(&argp, argc, argv, 0, &a);
    findings_read(&all, &a.files);
    findings_warn(&all);
    if (all.unread)
        die("baseline: nothing is written, because a file of findings could not be read");
    if (a.output && exists(a.output)) {
        baseline_free(&b);
        baseline_load(&b, a.output);
    }
    size_t added = take(&b, &all), unseen = drop_unseen(&b, &all, a.prune);
    struct whole_file f;
    bool whole = whole_open(&f, a.output);
    if (whole) {
        print(f.to, &b);
        whole = whole_close(&f);
    }
    if (!whole)
        die("cannot write %s: %m", a.output ? a.output : "the standard output");
    if (a.output)
        warn_user("%s: %zu findings, %zu of them new; %zu not seen any more%s", a.output, json_object_size(b.known),
                  added, unseen,
                  !unseen   ? ""
                  : a.prune ? " (dropped)"
                            : " (kept; --prune drops them)");
    baseline_free(&b);
    findings_close(&all);
    return 0;
}
