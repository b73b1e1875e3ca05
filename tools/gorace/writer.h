/* The printers of merged findings. They decide nothing: what is shown and in which order is in `findings`. */
#ifndef GORACE_LAUNCHER_WRITER_H
#define GORACE_LAUNCHER_WRITER_H

#include <stdio.h>

#include "findings.h"

/* `root` is the folder of the sources, with its final slash: names below it are written without it. "" for none. */
typedef void writer(FILE *to, const struct findings *all, const char *root);

#define WRITER(name, help) writer write_##name;
#include "writers.def"
#undef WRITER

enum format {
#define WRITER(name, help) FORMAT_##name,
#include "writers.def"
#undef WRITER
    FORMATS
};

/* Where each format goes: NULL when it is not wanted, "-" is stdout. */
struct outputs {
    const char *file[FORMATS];
    char *root;
};

/* argp rows of --text[=FILE] ... and --source-root; a parent of the commands' own. Its input is a struct outputs. */
extern const struct argp outputs_argp;
bool outputs_any(const struct outputs *o);
/* Files are replaced whole or, when the disk is full, left alone. Returns how many could not be written, each named. */
int outputs_write(const struct outputs *o, const struct findings *all);

/* What a kind of finding is; an unknown one has only its name. */
struct kind {
    const char *name;  /* as in findings */
    const char *title; /* "Data race" */
    const char *page;  /* docs/findings/NAME.md, or NULL */
    size_t page_bytes;
};
const struct kind *kind_named(const char *name); /* NULL: unknown */
const struct kind *kind_at(size_t i);            /* NULL behind the last */

/* One finding as text, with or without the sources' lines. */
void write_finding(FILE *to, const struct finding *f, const char *root);

/* Text without control characters: names cannot forge lines. */
void put_clean(FILE *to, const char *text);

#endif
