/* See flags.h. One row of flags.def becomes one `struct row`; parser, defaults and help walk over the rows. */
#include "flags.h"

#include <limits.h>
#include <stddef.h>

#include "os.h"

enum row_type { ROW_BOOL, ROW_NUMBER, ROW_TEXT, ROW_CHOICE, ROW_SET };

struct row {
    const char *name;
    enum row_type type;
    size_t at;                /* offset in struct flags */
    const char *value;        /* default, as the user would write it */
    int least, most;          /* ROW_NUMBER */
    const char *const *words; /* ROW_CHOICE, ROW_SET; ended by NULL */
    const char *help;
};

/* What the user wrote: not ended by zero. */
struct span {
    const char *s;
    size_t n;
};

#define WORD(set, name, word) word,
static const char *const detect_words[] = {DETECT_VALUES(WORD) NULL};
static const char *const static_tsan_words[] = {STATIC_TSAN_VALUES(WORD) NULL};
static const char *const sigquit_words[] = {SIGQUIT_VALUES(WORD) NULL};
static const char *const possible_races_words[] = {POSSIBLE_RACES_VALUES(WORD) NULL};
static const char *const on_deadlock_words[] = {ON_DEADLOCK_VALUES(WORD) NULL};
#define DETECT_VALUES_WORDS detect_words
#define STATIC_TSAN_VALUES_WORDS static_tsan_words
#define SIGQUIT_VALUES_WORDS sigquit_words
#define ON_DEADLOCK_VALUES_WORDS on_deadlock_words
#define POSSIBLE_RACES_VALUES_WORDS possible_races_words

#define AT(name) offsetof(struct flags, name)
#define BOOL(name, value, help) {#name, ROW_BOOL, AT(name), #value, 0, 1, NULL, help},
#define NUMBER(name, value, least, most, help) {#name, ROW_NUMBER, AT(name), #value, least, most, NULL, help},
#define TEXT(name, value, help) {#name, ROW_TEXT, AT(name), value, 0, 0, NULL, help},
#define CHOICE(name, value, values, help) {#name, ROW_CHOICE, AT(name), value, 0, 0, values##_WORDS, help},
#define SET(name, value, values, help) {#name, ROW_SET, AT(name), value, 0, 0, values##_WORDS, help},
static const struct row rows[] = {
#include "flags.def"
};
#define ROWS (sizeof rows / sizeof *rows)

static bool equal(struct span a, const char *b)
{
    size_t i = 0;
    while (i < a.n && a.s[i] == b[i])
        i++;
    return i == a.n && !b[i];
}

static struct span whole(const char *s)
{
    struct span all = {s, 0};
    while (s[all.n])
        all.n++;
    return all;
}

static const struct row *row_named(struct span name)
{
    for (size_t i = 0; i < ROWS; i++)
        if (equal(name, rows[i].name))
            return &rows[i];
    return NULL;
}

static bool parse_number(struct span v, int least, int most, int *result)
{
    long n = 0;
    if (v.n == 0)
        return false;
    for (size_t i = 0; i < v.n; i++) {
        if (v.s[i] < '0' || v.s[i] > '9')
            return false;
        n = n * 10 + (v.s[i] - '0');
        if (n > INT_MAX)
            return false;
    }
    *result = (int)n;
    return n >= least && n <= most;
}

static int word_index(struct span v, const char *const *words)
{
    for (int i = 0; words[i]; i++)
        if (equal(v, words[i]))
            return i;
    return -1;
}

static bool parse_set(struct span v, const char *const *words, unsigned *result)
{
    unsigned bits = 0;
    while (v.n > 0) {
        struct span word = {v.s, 0};
        while (word.n < v.n && word.s[word.n] != ',')
            word.n++;
        int i = word_index(word, words);
        if (i < 0)
            return false;
        bits |= 1u << i;
        size_t step = word.n < v.n ? word.n + 1 : word.n;
        v.s += step;
        v.n -= step;
    }
    *result = bits;
    return true;
}

static bool parse_text(struct flags *f, struct span v, const char **result)
{
    if (v.n + 1 > sizeof f->text - f->text_used)
        return false;
    char *to = f->text + f->text_used;
    copy_bytes(to, v.s, v.n);
    to[v.n] = 0;
    f->text_used += (unsigned)v.n + 1;
    *result = to;
    return true;
}

static bool set_value(struct flags *f, const struct row *r, struct span v)
{
    void *field = (char *)f + r->at;
    int n;
    switch (r->type) {
    case ROW_BOOL:
        if (!parse_number(v, 0, 1, &n))
            return false;
        *(bool *)field = n != 0;
        return true;
    case ROW_NUMBER:
        if (!parse_number(v, r->least, r->most, &n))
            return false;
        *(int *)field = n;
        return true;
    case ROW_TEXT:
        return parse_text(f, v, field);
    case ROW_CHOICE:
        n = word_index(v, r->words);
        if (n >= 0)
            *(int *)field = n;
        return n >= 0;
    case ROW_SET:
        return parse_set(v, r->words, field);
    }
    return false;
}

static void say_words(struct outbuf *o, const char *const *words)
{
    for (int i = 0; words[i]; i++)
        outbuf_format(o, "%s%s", i ? "," : "", words[i]);
}

static void say_bad_value(struct outbuf *o, const struct row *r, struct span v)
{
    outbuf_format(o, "gorace: GORACE_OPTIONS: %s=", r->name);
    outbuf_bytes(o, v.s, v.n);
    switch (r->type) {
    case ROW_BOOL:
    case ROW_NUMBER:
        outbuf_format(o, " is ignored: valid are %d to %d", r->least, r->most);
        break;
    case ROW_TEXT:
        outbuf_str(o, " is ignored: too long");
        break;
    case ROW_CHOICE:
        outbuf_str(o, " is ignored: valid is one of ");
        say_words(o, r->words);
        break;
    case ROW_SET:
        outbuf_str(o, " is ignored: valid are some of ");
        say_words(o, r->words);
        break;
    }
    outbuf_char(o, '\n');
}

static void say_unknown(struct outbuf *o, struct span name)
{
    outbuf_str(o, "gorace: GORACE_OPTIONS: '");
    outbuf_bytes(o, name.s, name.n);
    outbuf_str(o, "' is ignored: valid are name=value with the names");
    for (size_t i = 0; i < ROWS; i++)
        outbuf_format(o, " %s", rows[i].name);
    outbuf_char(o, '\n');
}

static bool separates(char c)
{
    return c == ' ' || c == ':' || c == '\t' || c == '\n';
}

/* Takes one "name=value" off *p. Without '=' the whole word is the name and the value's s is NULL. */
static void next_setting(const char **p, struct span *name, struct span *value)
{
    const char *s = *p;
    *name = (struct span){s, 0};
    *value = (struct span){NULL, 0};
    while (*s && *s != '=' && !separates(*s))
        s++;
    name->n = (size_t)(s - name->s);
    if (*s == '=') {
        char quote = s[1] == '\'' || s[1] == '"' ? s[1] : 0;
        s += quote ? 2 : 1;
        value->s = s;
        while (*s && (quote ? *s != quote : !separates(*s)))
            s++;
        value->n = (size_t)(s - value->s);
        if (quote && *s)
            s++;
    }
    *p = s;
}

int flags_parse(struct flags *f, const char *options, struct outbuf *errors)
{
    int bad = 0;
    f->text_used = 0;
    for (size_t i = 0; i < ROWS; i++)
        set_value(f, &rows[i], whole(rows[i].value));
    for (const char *p = options ? options : ""; *p;) {
        if (separates(*p)) {
            p++;
            continue;
        }
        struct span name, value;
        next_setting(&p, &name, &value);
        const struct row *r = row_named(name);
        if (!r || !value.s)
            say_unknown(errors, name);
        else if (!set_value(f, r, value))
            say_bad_value(errors, r, value);
        else
            continue;
        bad++;
    }
    return bad;
}

void flags_help(struct outbuf *o)
{
    outbuf_str(o, "GORACE_OPTIONS=\"name=value ...\", separated by spaces or colons; quote a value that has them.\n");
    for (size_t i = 0; i < ROWS; i++) {
        const struct row *r = &rows[i];
        outbuf_format(o, "  %s=%s\n      %s", r->name, r->value, r->help);
        if (r->words) {
            outbuf_str(o, r->type == ROW_SET ? " (some of " : " (one of ");
            say_words(o, r->words);
            outbuf_char(o, ')');
        } else if (r->type != ROW_TEXT) {
            outbuf_format(o, " (%d to %d)", r->least, r->most);
        }
        outbuf_char(o, '\n');
    }
}
