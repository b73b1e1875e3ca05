/* One page for people, with everything in it: the findings as JSON with the lines of their sources, and what shows them
 * (page/). Nothing is loaded from anywhere. */
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "embed.h"
#include "excerpt.h"
#include "finding.h"
#include "writer.h"

EMBED(page_html, GORACE_SOURCE_DIR "/tools/gorace/page/page.html")
EMBED(page_css, GORACE_SOURCE_DIR "/tools/gorace/page/page.css")
EMBED(page_js, GORACE_SOURCE_DIR "/tools/gorace/page/page.js")
EMBED(graph_js, GORACE_SOURCE_DIR "/tools/gorace/page/graph.js")

#define LINES_AROUND 4
#define FRAMES_WITH_SOURCE 24 /* of one stack; deep ones would make the page huge */

/* JSON inside of <script>: a `</` in a string would end it, and U+2028 is no concern of JSON.parse. */
static int put_json(const char *bytes, size_t n, void *to)
{
    for (size_t i = 0; i < n; i++)
        if (bytes[i] == '<')
            fputs("\\u003c", to);
        else
            fputc(bytes[i], to);
    return 0;
}

static void add_sources(json_t *sources, const json_t *stack)
{
    const json_t *frame;
    size_t i;
    json_array_foreach(stack, i, frame) {
        const char *file = text_of(frame, "file");
        json_int_t line = number_of(frame, "line");
        if (i == FRAMES_WITH_SOURCE)
            return;
        char *key = must_format("%s:%" JSON_INTEGER_FORMAT, file, line);
        json_t *lines = *file && !json_object_get(sources, key) ? excerpt_json(file, line, LINES_AROUND) : NULL;
        if (lines)
            json_object_set_new(sources, key, lines);
        free(key);
    }
}

/* What the page shows: parts are cut and titled here, so that the page and the text say the same. */
static json_t *for_page(const struct finding *f, json_t *sources)
{
    struct parts parts = finding_parts(f->json);
    json_t *rows = json_array();
    for (size_t i = 0; i < parts.n; i++) {
        const struct part *p = &parts.at[i];
        json_array_append_new(rows, json_pack("{s:s,s:i,s:b,s:O?}", "title", p->title, "level", p->level, "background",
                                              p->background, "stack", p->stack));
        add_sources(sources, p->stack);
    }
    parts_free(&parts);
    return json_pack("{s:O,s:s,s:I,s:b,s:o}", "finding", f->json, "place", f->place, "times", (json_int_t)f->times,
                     "known", f->known, "parts", rows);
}

static json_t *everything(const struct findings *all, const char *root)
{
    json_t *findings = json_array(), *sources = json_object(), *notices = json_array(), *kinds = json_object();
    const struct kind *k;
    for (size_t i = 0; i < all->n; i++)
        json_array_append_new(findings, for_page(&all->at[i], sources));
    for (size_t i = 0; i < all->nnotices; i++)
        json_array_append_new(notices, json_string(all->notices[i]));
    for (size_t i = 0; (k = kind_at(i)); i++)
        json_object_set_new(kinds, k->name,
                            json_pack("{s:s,s:s#}", "title", k->title, "page", k->page, (int)k->page_bytes));
    return json_pack("{s:o,s:o,s:o,s:o,s:s,s:I}", "findings", findings, "sources", sources, "notices", notices, "kinds",
                     kinds, "root", root, "files", (json_int_t)all->files);
}

/* The page has one line for each of these marks. */
static void put_mark(FILE *to, const char *mark, size_t n, const struct findings *all, const char *root)
{
    if (n == strlen("@style@") && !memcmp(mark, "@style@", n)) {
        fwrite(page_css, 1, embedded_bytes(page_css, page_css_end), to);
    } else if (n == strlen("@script@") && !memcmp(mark, "@script@", n)) {
        fwrite(graph_js, 1, embedded_bytes(graph_js, graph_js_end), to);
        fwrite(page_js, 1, embedded_bytes(page_js, page_js_end), to);
    } else if (n == strlen("@data@") && !memcmp(mark, "@data@", n)) {
        json_t *data = everything(all, root);
        json_dump_callback(data, put_json, to, JSON_COMPACT);
        json_decref(data);
        fputc('\n', to);
    } else {
        fwrite(mark, 1, n, to);
        fputc('\n', to);
    }
}

void write_html(FILE *to, const struct findings *all, const char *root)
{
    for (const char *line = page_html, *end; line < page_html_end; line = end + 1) {
        end = memchr(line, '\n', (size_t)(page_html_end - line));
        if (!end)
            end = page_html_end;
        put_mark(to, line, (size_t)(end - line), all, root);
    }
}
