/* Findings for people, in the form that the detector prints them in. */
#include <stdlib.h>

#include "command.h"
#include "finding.h"
#include "writer.h"

void put_clean(FILE *to, const char *text)
{
    for (; *text; text++)
        fputc((unsigned char)*text < ' ' || *text == 0x7f ? '?' : *text, to);
}

static void put_stack(FILE *to, const json_t *stack, int indent, const char *root)
{
    const json_t *frame;
    size_t i;
    json_int_t number = 0;
    if (json_array_size(stack) == 0)
        fprintf(to, "%*s<stack not known>\n", indent, "");
    json_array_foreach(stack, i, frame) {
        char *text = frame_text(frame, root);
        json_int_t times = number_of(frame, "times");
        fprintf(to, "%*s#%" JSON_INTEGER_FORMAT " ", indent, "", number);
        put_clean(to, text);
        fputc('\n', to);
        if (times > 1)
            fprintf(to, "%*s   (%" JSON_INTEGER_FORMAT " times)\n", indent, "", times);
        number += times > 1 ? times : 1;
        free(text);
    }
}

void write_finding(FILE *to, const struct finding *f, const char *root)
{
    struct parts parts = finding_parts(f->json);
    fprintf(to, "WARNING: gorace: ");
    put_clean(to, f->kind);
    fprintf(to, ": ");
    put_clean(to, text_of(f->json, "message"));
    fprintf(to, " [%s]\n", f->fingerprint);
    for (size_t i = 0; i < parts.n; i++) {
        const struct part *p = &parts.at[i];
        fprintf(to, "%*s", p->level ? 4 : 2, "");
        put_clean(to, p->title);
        fputc('\n', to);
        if (p->stack)
            put_stack(to, p->stack, p->level ? 6 : 4, root);
    }
    parts_free(&parts);
    fprintf(to, "SUMMARY: gorace: ");
    put_clean(to, f->kind);
    fputc(' ', to);
    put_clean(to, f->place);
    fputc('\n', to);
}

void write_text(FILE *to, const struct findings *all, const char *root)
{
    size_t new = findings_new(all);
    for (size_t i = 0; i < new; i++) {
        fputs("==================\n", to);
        write_finding(to, &all->at[i], root);
        fputs("==================\n", to);
    }
    fprintf(to, "gorace: %zu finding%s", new, new == 1 ? "" : "s");
    if (all->n > new)
        fprintf(to, ", and %zu of the baseline", all->n - new);
    fputc('\n', to);
    for (size_t i = 0; i < all->nnotices; i++)
        fprintf(to, "gorace: %s\n", all->notices[i]);
}
