/* See excerpt.h. */
#include "excerpt.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "writer.h"

#define MAX_SOURCE_BYTES (16 << 20)

/* The lines of `file` as an array of strings, or null. Kept for the next question. */
static const json_t *lines_of(const char *file)
{
    static json_t *sources;
    struct stat s;
    char *line = NULL;
    size_t room = 0;
    if (!sources)
        sources = json_object();
    json_t *lines = json_object_get(sources, file);
    if (lines)
        return lines;
    FILE *text = stat(file, &s) == 0 && S_ISREG(s.st_mode) && s.st_size <= MAX_SOURCE_BYTES ? fopen(file, "r") : NULL;
    lines = text ? json_array() : json_null();
    while (text && getline(&line, &room, text) >= 0) {
        line[strcspn(line, "\r\n")] = 0;
        json_t *one = json_string(line);
        json_array_append_new(lines, one ? one : json_string("(not UTF-8)"));
    }
    if (text)
        fclose(text);
    free(line);
    json_object_set_new(sources, file, lines);
    return lines;
}

/* The numbers of the lines to show; false when there are none. */
static bool range(const json_t *lines, json_int_t line, int around, json_int_t *first, json_int_t *last)
{
    json_int_t n = (json_int_t)json_array_size(lines);
    if (line < 1 || line > n)
        return false;
    *first = line > around ? line - around : 1;
    *last = line + around < n ? line + around : n;
    return true;
}

void excerpt_print(FILE *to, const char *file, json_int_t line, int around)
{
    const json_t *lines = lines_of(file);
    json_int_t first, last;
    if (!range(lines, line, around, &first, &last))
        return;
    put_clean(to, file);
    fputs(":\n", to);
    for (json_int_t i = first; i <= last; i++)
        fprintf(to, "%s%6" JSON_INTEGER_FORMAT " | %s\n", i == line ? ">" : " ", i,
                json_string_value(json_array_get(lines, (size_t)i - 1)));
}

json_t *excerpt_json(const char *file, json_int_t line, int around)
{
    const json_t *lines = lines_of(file);
    json_int_t first, last;
    if (!range(lines, line, around, &first, &last))
        return NULL;
    json_t *shown = json_array();
    for (json_int_t i = first; i <= last; i++)
        json_array_append(shown, json_array_get(lines, (size_t)i - 1));
    return json_pack("{s:I,s:o}", "first", first, "lines", shown);
}
