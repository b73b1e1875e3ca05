/* gorace report: the findings of many runs and machines as one report. */
#include <stdlib.h>

#include "baseline.h"
#include "command.h"
#include "writer.h"

struct arguments {
    struct outputs outputs;
    const char *baseline;
    int exitcode;
    struct named_files files;
};

static const struct argp_option options[] = {
    {"baseline", 'b', "FILE", 0, "what FILE has is known: it does not count (gorace baseline)", 1},
    {"exitcode", 'e', "STATUS", 0,
     "end with STATUS when there are findings that the baseline does not have (default: 0)", 1},
    {0}};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct arguments *a = state->input;
    char *end;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &a->outputs;
        return 0;
    case 'b':
        a->baseline = argument;
        return 0;
    case 'e':
        a->exitcode = (int)strtol(argument, &end, 10);
        if (*end || end == argument || a->exitcode < 0 || a->exitcode > 255)
            argp_error(state, "--exitcode=%s: 0 to 255 is valid", argument);
        return 0;
    }
    return named_files_parse(key, state, &a->files, "no files of findings");
}

int command_report(int argc, char **argv)
{
    static const struct argp_child children[] = {{&outputs_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        options,
        parse,
        "FILE...",
        "Merges files of findings (JSON Lines, as GORACE_OPTIONS=json=FILE and `gorace run --json=FILE` write them; - "
        "is the "
        "standard input), each finding once, and prints reports; --text when none is chosen.\v"
        "A file that is cut off or something else is named, on the standard error and in the report; the rest is kept. "
        "One that cannot be read at all makes the status 2.",
        children,
        NULL,
        NULL};
    struct arguments a = {.files = {NULL, 0}};
    struct findings all;
    command_parse(&argp, argc, argv, 0, &a);
    if (!outputs_any(&a.outputs))
        a.outputs.file[FORMAT_text] = "-";
    findings_read(&all, &a.files);
    if (a.baseline) {
        struct baseline known;
        baseline_load(&known, a.baseline);
        findings_compare(&all, &known);
        baseline_free(&known);
    }
    findings_sort(&all);
    for (size_t i = 0; i < all.nnotices; i++)
        warn_user("%s", all.notices[i]);
    int failed = outputs_write(&a.outputs, &all);
    int status = failed || all.unread ? STATUS_USAGE : 0;
    if (!failed && findings_new(&all) && a.exitcode)
        status = a.exitcode; /* found is found, in whatever could be read */
    findings_close(&all);
    free(a.outputs.root);
    return status;
}
