/* gorace explain: a finding with its sources' lines and the page of its kind; or the page of a kind. */
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "excerpt.h"
#include "finding.h"
#include "writer.h"

#define LINES_AROUND 2

struct arguments {
    const char *what;
    struct named_files files;
};

#define KEY_KINDS 0x1000

static const struct argp_option options[] = {{"kinds", KEY_KINDS, NULL, 0, "list the kinds of findings", 0}, {0}};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct arguments *a = state->input;
    const struct kind *k;
    switch (key) {
    case KEY_KINDS:
        for (size_t i = 0; (k = kind_at(i)); i++)
            puts(k->name);
        exit(0);
    case ARGP_KEY_ARG:
        if (a->what)
            return ARGP_ERR_UNKNOWN; /* the files: ARGP_KEY_ARGS */
        a->what = argument;
        return 0;
    }
    return named_files_parse(key, state, &a->files, "neither a fingerprint nor a kind");
}

static void print_page(const struct kind *k)
{
    if (k)
        fwrite(k->page, 1, k->page_bytes, stdout);
}

static void print_excerpts(const struct finding *f)
{
    struct parts parts = finding_parts(f->json);
    for (size_t i = 0; i < parts.n; i++) {
        const json_t *frame = stack_frame(parts.at[i].stack, "");
        if (frame && *text_of(frame, "file"))
            excerpt_print(stdout, text_of(frame, "file"), number_of(frame, "line"), LINES_AROUND);
    }
    parts_free(&parts);
}

int command_explain(int argc, char **argv)
{
    static const struct argp argp = {
        options,
        parse,
        "FINGERPRINT FILE...\nKIND",
        "Shows the finding whose fingerprint begins with FINGERPRINT, out of FILEs of findings (JSON Lines), with the "
        "lines of the sources, and explains what its kind means, how to fix it and how to tell that it is fixed.",
        NULL,
        NULL,
        NULL};
    struct arguments a = {.files = {NULL, 0}};
    struct findings all;
    command_parse(&argp, argc, argv, 0, &a);
    if (kind_named(a.what)) {
        print_page(kind_named(a.what));
        return 0;
    }
    if (strspn(a.what, "0123456789abcdef") != strlen(a.what))
        die("'%s' is neither a fingerprint nor a kind of finding", a.what);
    if (!a.files.n)
        die("explain: in which files of findings shall I look for %s?", a.what);
    findings_read(&all, &a.files);
    findings_warn(&all);
    size_t shown = 0;
    for (size_t i = 0; i < all.n; i++) {
        if (strncmp(all.at[i].fingerprint, a.what, strlen(a.what)))
            continue;
        if (shown++)
            putchar('\n');
        write_finding(stdout, &all.at[i], "");
        putchar('\n');
        print_excerpts(&all.at[i]);
        putchar('\n');
        print_page(kind_named(all.at[i].kind));
    }
    findings_close(&all);
    if (!shown)
        die("explain: no finding %s in these files", a.what);
    return 0;
}
