/* Workflow commands of GitHub Actions: an annotation on the line of each finding that is not in the baseline. */
#include <stdlib.h>

#include "command.h"
#include "finding.h"
#include "writer.h"

/* The runner decodes %25, %0D, %0A, and in properties %3A and %2C. */
static void put_escaped(FILE *to, const char *text, bool property)
{
    for (; *text; text++)
        if (*text == '%' || *text == '\r' || *text == '\n' || (property && (*text == ':' || *text == ',')))
            fprintf(to, "%%%02X", (unsigned)*text);
        else
            fputc(*text, to);
}

void write_github(FILE *to, const struct findings *all, const char *root)
{
    for (size_t i = 0; i < findings_new(all); i++) {
        const struct finding *f = &all->at[i];
        const json_t *frame = finding_frame(f->json, root);
        const char *file = text_of(frame, "file"), *separator = " ";
        fputs("::error", to);
        if (*file) {
            fputs(" file=", to);
            put_escaped(to, below(file, root), true);
            separator = ",";
            if (number_of(frame, "line"))
                fprintf(to, ",line=%" JSON_INTEGER_FORMAT, number_of(frame, "line"));
        }
        fprintf(to, "%stitle=gorace%%3A ", separator);
        put_escaped(to, f->kind, true);
        fputs("::", to);
        put_escaped(to, text_of(f->json, "message"), false);
        fprintf(to, " [%s]\n", f->fingerprint);
    }
}
