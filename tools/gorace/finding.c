/* See finding.h. The kinds' own members (accesses, edges, waits, objects, actors) are read here and nowhere else, but for
 * the drawing in the HTML page. */
#include "finding.h"

#include <stdlib.h>
#include <string.h>

#include "command.h"

const char *text_of(const json_t *object, const char *key)
{
    const char *s = json_string_value(json_object_get(object, key));
    return s ? s : "";
}

json_int_t number_of(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

const char *base_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

const char *below(const char *path, const char *root)
{
    size_t n = strlen(root);
    return n && !strncmp(path, root, n) ? path + n : path;
}

char *valid_text(const char *text)
{
    static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */
    size_t left = strlen(text);
    char *copy = must_grow(NULL, (sizeof replacement - 1) * left + 1), *to = copy;
    while (left) {
        size_t n = 0;
        json_t *one;
        do
            one = json_stringn(text, ++n); /* NULL: no UTF-8 */
        while (!one && n < 4 && n < left);
        to = one ? mempcpy(to, text, n) : stpcpy(to, replacement);
        n = one ? n : 1;
        json_decref(one);
        text += n;
        left -= n;
    }
    *to = 0;
    return copy;
}

bool finding_valid(const json_t *finding, const char **why)
{
    const char *fingerprint = text_of(finding, "fingerprint");
    *why = NULL;
    if (!json_is_object(finding))
        *why = "no object";
    else if (strspn(fingerprint, "0123456789abcdef") != 16 || fingerprint[16])
        *why = "no fingerprint";
    else if (!*text_of(finding, "kind"))
        *why = "no kind";
    else if (!*text_of(finding, "message"))
        *why = "no message";
    return !*why;
}

/* ---- words -------------------------------------------------------------------------------------------------------- */

static const json_t *actor_numbered(const json_t *finding, json_int_t number)
{
    const json_t *actor;
    size_t i;
    json_array_foreach(json_object_get(finding, "actors"), i, actor)
        if (number_of(actor, "number") == number)
            return actor;
    return NULL;
}

char *finding_actor(const json_t *finding, json_int_t number, bool fully)
{
    const json_t *actor = actor_numbered(finding, number);
    const char *name = text_of(actor, "name"), *state = text_of(actor, "state");
    json_int_t goroutine = number_of(actor, "goroutine"), tid = number_of(actor, "tid");
    if (goroutine && fully)
        return must_format("goroutine %" JSON_INTEGER_FORMAT " (%s%s%s)", goroutine, name, *name ? ", " : "", state);
    if (goroutine)
        return must_format("goroutine %" JSON_INTEGER_FORMAT, goroutine);
    bool is_main = number == 0;
    char *who = is_main ? must_copy("main thread") : must_format("thread T%" JSON_INTEGER_FORMAT, number);
    if (!fully || !actor)
        return who;
    char *id = tid ? must_format("tid %" JSON_INTEGER_FORMAT ", ", tid) : must_copy("");
    bool named = *name && !is_main;
    char *all = must_format("%s%s%s%s (%s%s)", who, named ? " '" : "", named ? name : "", named ? "'" : "", id, state);
    free(id);
    free(who);
    return all;
}

char *finding_creator(const json_t *finding, const json_t *actor)
{
    json_int_t creator = number_of(actor, "creator");
    /* The goroutine's own number of a creator that has no part in the finding is not in it. */
    if (creator && number_of(actor, "goroutine") && !actor_numbered(finding, creator))
        return NULL;
    return finding_actor(finding, creator, false);
}

char *frame_text(const json_t *frame, const char *root)
{
    const char *function = text_of(frame, "function"), *file = below(text_of(frame, "file"), root);
    const char *module = text_of(frame, "module");
    char *line = must_copy("");
    if (number_of(frame, "line")) {
        free(line);
        line = must_format(":%" JSON_INTEGER_FORMAT, number_of(frame, "line"));
        if (number_of(frame, "column")) {
            char *column = must_format("%s:%" JSON_INTEGER_FORMAT, line, number_of(frame, "column"));
            free(line);
            line = column;
        }
    }
    char *text =
        must_format("%s%s%s%s%s(%s%s0x%llx)", function, *function ? " " : "", file, *file ? line : "", *file ? " " : "",
                    base_of(module), *module ? "+" : "", (unsigned long long)number_of(frame, "offset"));
    free(line);
    return text;
}

const json_t *stack_frame(const json_t *stack, const char *root)
{
    const json_t *frame, *with_file = NULL;
    size_t i;
    json_array_foreach(stack, i, frame) {
        const char *file = text_of(frame, "file");
        if (*root && below(file, root) != file)
            return frame;
        if (!with_file && *file)
            with_file = frame;
    }
    return with_file ? with_file : json_array_get(stack, 0);
}

static int compare_frames(const json_t *a, const json_t *b)
{
    int order = strcmp(text_of(a, "file"), text_of(b, "file"));
    if (!order)
        order = (number_of(a, "line") > number_of(b, "line")) - (number_of(a, "line") < number_of(b, "line"));
    if (!order)
        order = (number_of(a, "offset") > number_of(b, "offset")) - (number_of(a, "offset") < number_of(b, "offset"));
    return order;
}

const json_t *finding_frame(const json_t *finding, const char *root)
{
    struct parts parts = finding_parts(finding);
    const json_t *least = NULL;
    for (size_t i = 0; i < parts.n; i++) {
        const json_t *frame = parts.at[i].background || parts.at[i].level ? NULL : stack_frame(parts.at[i].stack, root);
        if (frame && (!least || compare_frames(frame, least) < 0))
            least = frame;
    }
    for (size_t i = 0; !least && i < parts.n; i++)
        least = stack_frame(parts.at[i].stack, root);
    parts_free(&parts);
    return least;
}

char *finding_place(const json_t *finding)
{
    const json_t *frame = finding_frame(finding, "");
    const char *file = text_of(frame, "file"), *function = text_of(frame, "function");
    char *where;
    if (!frame)
        where = must_copy("at an unknown place");
    else if (*file)
        where = must_format("%s:%" JSON_INTEGER_FORMAT, base_of(file), number_of(frame, "line"));
    else
        where =
            must_format("%s+0x%llx", base_of(text_of(frame, "module")), (unsigned long long)number_of(frame, "offset"));
    char *place = *function ? must_format("%s in %s", where, function) : must_copy(where);
    free(where);
    return place;
}
