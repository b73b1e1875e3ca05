/* JUnit XML: a test case that failed for each finding, a skipped one for those of the baseline. A run without findings
 * has one test case that passed, because servers take an empty file for a broken one. */
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "finding.h"
#include "writer.h"

/* XML 1.0 knows no control characters, not even escaped, and neither U+FFFE nor U+FFFF. */
static bool is_noncharacter(const char *text)
{
    return !strncmp(text, "\xef\xbf\xbe", 3) || !strncmp(text, "\xef\xbf\xbf", 3);
}

static void put_xml(FILE *to, const char *text)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        bool control = (c < ' ' && c != '\n' && c != '\t') || c == 0x7f, three = is_noncharacter(text);
        if (c == '<')
            fputs("&lt;", to);
        else if (c == '>')
            fputs("&gt;", to);
        else if (c == '&')
            fputs("&amp;", to);
        else if (c == '"')
            fputs("&quot;", to);
        else
            fputc(control || three ? '?' : c, to);
        text += three ? 2 : 0;
    }
}

static void put_case(FILE *to, const struct finding *f, const char *root)
{
    const json_t *frame = finding_frame(f->json, root);
    fputs("    <testcase classname=\"gorace.", to);
    put_xml(to, f->kind);
    fputs("\" name=\"", to);
    put_xml(to, f->place);
    fprintf(to, " [%s]\"", f->fingerprint);
    if (*text_of(frame, "file")) {
        fputs(" file=\"", to);
        put_xml(to, below(text_of(frame, "file"), root));
        fprintf(to, "\" line=\"%" JSON_INTEGER_FORMAT "\"", number_of(frame, "line"));
    }
    fputs(">\n", to);
    if (f->known) {
        fputs("      <skipped message=\"known: in the baseline\"/>\n", to);
    } else {
        char *text;
        size_t bytes;
        FILE *memory = open_memstream(&text, &bytes);
        if (!memory)
            die("no memory");
        write_finding(memory, f, root);
        fclose(memory);
        fputs("      <failure type=\"", to);
        put_xml(to, f->kind);
        fputs("\" message=\"", to);
        put_xml(to, text_of(f->json, "message"));
        fputs("\">", to);
        put_xml(to, text);
        fputs("</failure>\n", to);
        free(text);
    }
    fputs("    </testcase>\n", to);
}

void write_junit(FILE *to, const struct findings *all, const char *root)
{
    size_t new = findings_new(all), cases = all->n ? all->n : 1;
    fprintf(to,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            "<testsuites name=\"gorace\" tests=\"%zu\" failures=\"%zu\" errors=\"0\">\n"
            "  <testsuite name=\"gorace\" tests=\"%zu\" failures=\"%zu\" errors=\"0\" skipped=\"%zu\">\n",
            cases, new, cases, new, all->n - new);
    for (size_t i = 0; i < all->n; i++)
        put_case(to, &all->at[i], root);
    if (!all->n)
        fputs("    <testcase classname=\"gorace\" name=\"no findings\"/>\n", to);
    if (all->nnotices) {
        fputs("    <system-err>", to);
        for (size_t i = 0; i < all->nnotices; i++) {
            put_xml(to, all->notices[i]);
            fputc('\n', to);
        }
        fputs("</system-err>\n", to);
    }
    fputs("  </testsuite>\n</testsuites>\n", to);
}
