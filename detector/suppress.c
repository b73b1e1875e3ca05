/* Suppressions in ThreadSanitizer's syntax, so that files that exist can be used as they are.
 *
 * `race` looks at every frame of both accesses, of the threads' creation and at the variable; `race_top` at the top
 * frame of each access; `called_from_lib` at the module of the top frame; `deadlock`, `mutex` and `signal` at the
 * frames of findings of that kind, `thread` at a thread that was left behind. A frame matches by function, by name in
 * the symbol table, file or module. Written this way, the file of a suppression is read once and stays mapped. */
#include <stddef.h>

#include "filter.h"
#include "os.h"
#include "report_sys.h"

enum suppression_type {
    SUPPRESS_RACE,
    SUPPRESS_RACE_TOP,
    SUPPRESS_CALLED_FROM_LIB,
    SUPPRESS_THREAD,
    SUPPRESS_MUTEX,
    SUPPRESS_DEADLOCK,
    SUPPRESS_SIGNAL,
    SUPPRESS_TYPES
};

static const char *const type_names[SUPPRESS_TYPES] = {"race",  "race_top", "called_from_lib", "thread",
                                                       "mutex", "deadlock", "signal"};

#define MAX_FILE ((size_t)16 << 20)

static struct suppression *suppressions;
static int nsuppressions;
static const char *file_name;

bool pattern_matches(const char *pattern, const char *text)
{
    if (!text || !*pattern)
        return false;
    /* Where the last `*` stood and what it has swallowed so far; no ^ is a `*` at the beginning. */
    const char *after_star = *pattern == '^' ? NULL : pattern, *swallowed = text;
    if (*pattern == '^')
        pattern++;
    for (;;) {
        bool end = pattern[0] == '$' && pattern[1] == 0;
        if (*pattern == 0 || (end && *text == 0))
            return true;
        if (*pattern == '*') {
            after_star = ++pattern;
            swallowed = text;
        } else if (!end && *text && *pattern == *text) {
            pattern++;
            text++;
        } else if (after_star && *swallowed) {
            pattern = after_star;
            text = ++swallowed;
        } else {
            return false;
        }
    }
}

static bool space(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static bool same(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return *a == *b;
}

/* The line is ended by zero and has no space at its ends. False: it is none. */
static bool parse_line(char *line, int number)
{
    char *colon = line;
    while (*colon && *colon != ':')
        colon++;
    if (!*colon || !colon[1])
        return false;
    *colon = 0;
    for (int i = 0; i < SUPPRESS_TYPES; i++)
        if (same(line, type_names[i])) {
            suppressions[nsuppressions++] = (struct suppression){.pattern = colon + 1, .type = i, .line = number};
            return true;
        }
    *colon = ':';
    return false;
}

int suppressions_parse(char *text, const char *file, struct outbuf *errors)
{
    size_t lines = 1;
    for (char *c = text; *c; c++)
        lines += *c == '\n';
    file_name = file;
    nsuppressions = 0;
    suppressions = os_reserve(lines * sizeof *suppressions);
    if (!suppressions) {
        outbuf_format(errors, "gorace: no memory for the suppressions of %s\n", file);
        return 0;
    }
    int number = 1;
    for (char *line = text, *end; *line; line = end, number++) {
        for (end = line; *end && *end != '\n'; end++)
            ;
        char *last = end;
        if (*end)
            *end++ = 0;
        while (space(*line))
            line++;
        while (last > line && space(last[-1]))
            *--last = 0;
        if (*line && *line != '#' && !parse_line(line, number)) {
            outbuf_format(errors, "gorace: %s:%d: '", file, number);
            outbuf_name(errors, line);
            outbuf_str(errors, "' is no suppression; valid is type:pattern with the types");
            for (int i = 0; i < SUPPRESS_TYPES; i++)
                outbuf_format(errors, " %s", type_names[i]);
            outbuf_char(errors, '\n');
        }
    }
    return nsuppressions;
}

bool suppressions_load(const char *file, struct outbuf *errors)
{
    int fd = sys_open(file, O_RDONLY, 0);
    if (fd < 0) {
        outbuf_format(errors, "gorace: suppressions: cannot open %s (error %d)\n", file, -fd);
        return false;
    }
    /* Address space only; what is not read into is never touched. */
    char *text = os_reserve(MAX_FILE + 1);
    size_t used = 0;
    long n = 0;
    while (text && used < MAX_FILE && (n = sys_read(fd, text + used, MAX_FILE - used)) > 0)
        used += (size_t)n;
    sys_close(fd);
    if (!text || n < 0 || used == MAX_FILE) {
        outbuf_format(errors, "gorace: suppressions: cannot read %s\n", file);
        return false;
    }
    suppressions_parse(text, file, errors);
    return true;
}

static bool frame_matches(const char *pattern, const struct symbol_frame *f)
{
    return pattern_matches(pattern, f->function) || pattern_matches(pattern, f->linkage) ||
           pattern_matches(pattern, f->file) || pattern_matches(pattern, f->module);
}

static bool stack_matches(const char *pattern, const struct report_stack *s, int depth)
{
    for (int i = 0; i < s->n && i < depth; i++)
        if (frame_matches(pattern, s->at[i].frame))
            return true;
    return false;
}

static bool anywhere(const char *pattern, const struct report *r)
{
    for (int i = 0; i < 2; i++)
        if (stack_matches(pattern, &r->access[i], r->access[i].n))
            return true;
    for (int i = 0; i < r->nactors; i++)
        if (stack_matches(pattern, &r->actors[i].created, r->actors[i].created.n))
            return true;
    return r->has_variable && pattern_matches(pattern, r->variable.name);
}

static bool applies(const struct suppression *s, const struct report *r)
{
    enum finding_kind kind = r->finding->kind;
    switch ((enum suppression_type)s->type) {
    case SUPPRESS_RACE:
        return kind == FINDING_RACE && anywhere(s->pattern, r);
    case SUPPRESS_RACE_TOP:
        return kind == FINDING_RACE &&
               (stack_matches(s->pattern, &r->access[0], 1) || stack_matches(s->pattern, &r->access[1], 1));
    case SUPPRESS_CALLED_FROM_LIB:
        return kind == FINDING_RACE &&
               ((r->access[0].n && pattern_matches(s->pattern, r->access[0].at[0].frame->module)) ||
                (r->access[1].n && pattern_matches(s->pattern, r->access[1].at[0].frame->module)));
    case SUPPRESS_DEADLOCK:
        return (kind == FINDING_DEADLOCK || kind == FINDING_LOCK_ORDER) && anywhere(s->pattern, r);
    case SUPPRESS_MUTEX:
    case SUPPRESS_SIGNAL:
        return kind == FINDING_MISUSE && anywhere(s->pattern, r);
    case SUPPRESS_THREAD:
        return (kind == FINDING_STUCK || kind == FINDING_MISUSE) && anywhere(s->pattern, r);
    case SUPPRESS_TYPES:
        break;
    }
    return false;
}

const struct suppression *suppressed_by(const struct report *r)
{
    for (int i = 0; i < nsuppressions; i++)
        if (applies(&suppressions[i], r)) {
            suppressions[i].hits++;
            return &suppressions[i];
        }
    return NULL;
}

const char *suppression_type(const struct suppression *s)
{
    return type_names[s->type];
}

void suppressions_say_unused(struct outbuf *o)
{
    for (int i = 0; i < nsuppressions; i++)
        if (suppressions[i].hits == 0)
            outbuf_format(o, "gorace: %s:%d: %s:%s was not used\n", file_name, suppressions[i].line,
                          type_names[suppressions[i].type], suppressions[i].pattern);
}
