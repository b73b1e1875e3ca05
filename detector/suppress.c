/* Suppressions in ThreadSanitizer's syntax, so that files that exist can be used as they are.
 *
 * `race` looks at every frame of both accesses, of the threads' creation and at the variable; `called_from_lib` at the module
 * of the top frame; `deadlock`, `mutex` and `signal` at the frames of findings of that kind, `thread` at a thread that was
 * left behind. `race_top`, and of our own `deadlock_top`, `mutex_top` and `thread_top`, look at the innermost frames only. A
 * frame matches by function, by name in the symbol table, file, module, or as module+0xoffset@build-id. A comment `# until
 * YYYY-MM-DD` is the last day of the lines below it, up to the next empty one; to ThreadSanitizer it is a comment. The file
 * is read once and stays mapped. */
#include <stddef.h>

#include "filter.h"
#include "os.h"
#include "report_sys.h"
#include "textfile.h"

enum suppression_type {
    SUPPRESS_RACE,
    SUPPRESS_RACE_TOP,
    SUPPRESS_CALLED_FROM_LIB,
    SUPPRESS_THREAD,
    SUPPRESS_THREAD_TOP,
    SUPPRESS_MUTEX,
    SUPPRESS_MUTEX_TOP,
    SUPPRESS_DEADLOCK,
    SUPPRESS_DEADLOCK_TOP,
    SUPPRESS_SIGNAL,
    SUPPRESS_TYPES
};

static const char *const type_names[SUPPRESS_TYPES] = {"race",         "race_top", "called_from_lib", "thread",
                                                       "thread_top",   "mutex",    "mutex_top",       "deadlock",
                                                       "deadlock_top", "signal"};

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

/* Days from 1970 to a date of the Gregorian calendar; the year is counted from March, so that a leap day is its last. */
static int days(int year, int month, int day)
{
    if (month < 3) {
        year--;
        month += 12;
    }
    return 365 * year + year / 4 - year / 100 + year / 400 + (153 * (month - 3) + 2) / 5 + day - 1 - 719468;
}

static bool digits(const char *s, int n, int *value)
{
    *value = 0;
    for (int i = 0; i < n; i++) {
        if (s[i] < '0' || s[i] > '9')
            return false;
        *value = 10 * *value + s[i] - '0';
    }
    return true;
}

/* "# until 2027-01-31": the day's number; 0: another comment; -1: no date. */
static int parse_until(const char *line)
{
    static const char word[] = "until ";
    int year, month, day, i;
    for (line++; *line == ' ' || *line == '\t'; line++)
        ;
    for (i = 0; word[i] && line[i] == word[i]; i++)
        ;
    if (word[i])
        return 0;
    line += i;
    if (!digits(line, 4, &year) || line[4] != '-' || !digits(line + 5, 2, &month) || line[7] != '-' ||
        !digits(line + 8, 2, &day) || line[10] || year < 1970 || month < 1 || month > 12 || day < 1 || day > 31)
        return -1;
    return days(year, month, day);
}

static void say_bad_line(struct outbuf *errors, const char *file, int number, const char *line, const char *what)
{
    outbuf_format(errors, "gorace: %s:%d: '", file, number);
    outbuf_name(errors, line);
    outbuf_format(errors, "' is no %s", what);
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
    int number = 1, until = 0;
    const char *date = NULL;
    for (char *line; (line = textfile_line(&text)); number++) {
        if (!*line) {
            until = 0;
        } else if (*line == '#') {
            int day = parse_until(line);
            if (day < 0) {
                say_bad_line(errors, file, number, line, "date: `# until YYYY-MM-DD` is valid\n");
            } else if (day > 0) {
                until = day;
                date = line;
            }
        } else if (parse_line(line, number)) {
            suppressions[nsuppressions - 1].until = until;
            suppressions[nsuppressions - 1].date = date;
        } else {
            say_bad_line(errors, file, number, line, "suppression; valid is type:pattern with the types");
            for (int i = 0; i < SUPPRESS_TYPES; i++)
                outbuf_format(errors, " %s", type_names[i]);
            outbuf_char(errors, '\n');
        }
    }
    return nsuppressions;
}

bool suppressions_load(const char *file, struct outbuf *errors)
{
    char *text = textfile_read(file, "suppressions", errors);
    if (text)
        suppressions_parse(text, file, errors);
    return text != NULL;
}

/* "libfoo.so+0x12ab@c6107bd3...": for frames that have no name, as the reports show them, and the build they are of. */
static bool offset_matches(const char *pattern, const struct symbol_frame *f)
{
    struct outbuf place;
    outbuf_open(&place, -1);
    outbuf_format(&place, "%s+0x%lx@%s", base_name(f->module), f->offset, f->build_id);
    outbuf_char(&place, 0);
    bool matches = pattern_matches(pattern, place.data);
    outbuf_close(&place);
    return matches;
}

static bool frame_matches(const char *pattern, const struct symbol_frame *f)
{
    return pattern_matches(pattern, f->function) || pattern_matches(pattern, f->linkage) ||
           pattern_matches(pattern, f->file) || pattern_matches(pattern, f->module) || offset_matches(pattern, f);
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
    for (int i = 0; i < r->nsteps; i++) {
        const struct report_step *s = &r->step[i];
        if (stack_matches(pattern, &s->stack, s->stack.n) || pattern_matches(pattern, s->name))
            return true;
        for (int h = 0; h < report_step_locks(s->step); h++)
            if (stack_matches(pattern, &s->held[h].taken, s->held[h].taken.n) ||
                pattern_matches(pattern, s->held[h].name))
                return true;
    }
    for (int i = 0; i < r->nactors; i++)
        if (stack_matches(pattern, &r->actors[i].created, r->actors[i].created.n))
            return true;
    return r->has_variable && pattern_matches(pattern, r->variable.name);
}

/* Where it happened: the innermost frame of each access or step. */
static bool at_top(const char *pattern, const struct report *r)
{
    for (int i = 0; i < 2; i++)
        if (stack_matches(pattern, &r->access[i], 1))
            return true;
    for (int i = 0; i < r->nsteps; i++)
        if (stack_matches(pattern, &r->step[i].stack, 1))
            return true;
    return false;
}

static bool applies(const struct suppression *s, const struct report *r)
{
    enum finding_kind kind = r->finding->kind;
    switch ((enum suppression_type)s->type) {
    case SUPPRESS_RACE:
        return kind == FINDING_RACE && anywhere(s->pattern, r);
    case SUPPRESS_RACE_TOP:
        return kind == FINDING_RACE && at_top(s->pattern, r);
    case SUPPRESS_CALLED_FROM_LIB:
        return kind == FINDING_RACE &&
               ((r->access[0].n && pattern_matches(s->pattern, r->access[0].at[0].frame->module)) ||
                (r->access[1].n && pattern_matches(s->pattern, r->access[1].at[0].frame->module)));
    case SUPPRESS_DEADLOCK:
        return (kind == FINDING_DEADLOCK || kind == FINDING_LOCK_ORDER) && anywhere(s->pattern, r);
    case SUPPRESS_DEADLOCK_TOP:
        return (kind == FINDING_DEADLOCK || kind == FINDING_LOCK_ORDER) && at_top(s->pattern, r);
    case SUPPRESS_MUTEX:
    case SUPPRESS_SIGNAL:
        return kind == FINDING_MISUSE && anywhere(s->pattern, r);
    case SUPPRESS_MUTEX_TOP:
        return kind == FINDING_MISUSE && at_top(s->pattern, r);
    case SUPPRESS_THREAD:
        return (kind == FINDING_STUCK || kind == FINDING_MISUSE) && anywhere(s->pattern, r);
    case SUPPRESS_THREAD_TOP:
        return (kind == FINDING_STUCK || kind == FINDING_MISUSE) && at_top(s->pattern, r);
    case SUPPRESS_TYPES:
        break;
    }
    return false;
}

/* Days since 1970, UTC. */
static int today(void)
{
    return (int)(sys_seconds() / (24 * 60 * 60));
}

static bool expired(const struct suppression *s)
{
    return s->until && today() > s->until;
}

const struct suppression *suppressed_by(const struct report *r)
{
    const struct suppression *applied = NULL;
    for (int i = 0; i < nsuppressions && !applied; i++)
        if (applies(&suppressions[i], r)) {
            suppressions[i].hits++;
            if (!expired(&suppressions[i]))
                applied = &suppressions[i];
        }
    return applied;
}

const char *suppression_type(const struct suppression *s)
{
    return type_names[s->type];
}

void suppressions_say_unused(struct outbuf *o, bool all)
{
    for (int i = 0; i < nsuppressions; i++) {
        const struct suppression *s = &suppressions[i];
        const char *what =
            expired(s) ? s->hits ? "has expired, and would have been used" : "has expired" : "was not used";
        if ((s->hits == 0 && !all) || (s->hits && !expired(s)))
            continue;
        outbuf_format(o, "gorace: %s:%d: %s:%s %s", file_name, s->line, type_names[s->type], s->pattern, what);
        if (expired(s)) {
            outbuf_str(o, " (");
            outbuf_name(o, s->date);
            outbuf_char(o, ')');
        }
        outbuf_char(o, '\n');
    }
}
