/* Which formats are wanted and where they go: options that `gorace run` and `gorace report` share. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "finding.h"
#include "whole_file.h"
#include "writer.h"

#define KEY_FORMAT 0x1000 /* + enum format */
#define KEY_ROOT 0x2000

static writer *const writers[] = {
#define WRITER(name, help) write_##name,
#include "writers.def"
#undef WRITER
};

static const struct argp_option options[] = {
    {NULL, 0, NULL, 0, "Reports, each into FILE or to the standard output:", 10},
#define WRITER(name, help) {#name, KEY_FORMAT + FORMAT_##name, "FILE", OPTION_ARG_OPTIONAL, help, 10},
#include "writers.def"
#undef WRITER
    {"source-root", KEY_ROOT, "DIR", 0,
     "names of sources below DIR are relative to it (default: the working directory)", 11},
    {0}};

/* With its final slash, and as findings have names; the caller frees it. */
static char *folder_text(const char *path)
{
    char *name = valid_text(path), *text = must_format("%s/", name);
    free(name);
    return text;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct outputs *o = state->input;
    if (key >= KEY_FORMAT && key < KEY_FORMAT + FORMATS) {
        o->file[key - KEY_FORMAT] = argument ? argument : "-";
        return 0;
    }
    if (key == KEY_ROOT) {
        char path[PATH_MAX];
        if (!realpath(argument, path))
            argp_error(state, "--source-root=%s: %s", argument, strerror(errno));
        free(o->root);
        o->root = folder_text(strcmp(path, "/") ? path : "");
        return 0;
    }
    if (key == ARGP_KEY_INIT) {
        char path[PATH_MAX];
        *o = (struct outputs){.root = getcwd(path, sizeof path) ? folder_text(path) : must_copy("")};
        return 0;
    }
    return ARGP_ERR_UNKNOWN;
}

const struct argp outputs_argp = {options, parse, NULL, NULL, NULL, NULL, NULL};

bool outputs_any(const struct outputs *o)
{
    for (int i = 0; i < FORMATS; i++)
        if (o->file[i])
            return true;
    return false;
}

int outputs_write(const struct outputs *o, const struct findings *all)
{
    int failed = 0;
    for (int i = 0; i < FORMATS; i++) {
        struct whole_file f;
        if (!o->file[i])
            continue;
        bool whole = whole_open(&f, o->file[i]);
        if (whole) {
            writers[i](f.to, all, o->root);
            whole = whole_close(&f);
        }
        if (!whole) {
            warn_user("cannot write %s: %m", o->file[i]);
            failed++;
        }
    }
    return failed;
}
