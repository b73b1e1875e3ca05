/* See schedule.h. */
#include "schedule.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool number(const char **text, uint64_t *value)
{
    char *end;
    if (**text < '0' || **text > '9')
        return false;
    *value = strtoull(*text, &end, 10);
    *text = end;
    return true;
}

/* All below read up to the end of the text, or to a '/'. */
static bool at_end(const char *text)
{
    return *text == '\0' || *text == '/';
}

static bool pct(struct rt_schedule *s, const char *text)
{
    uint64_t depth, steps = s->steps;
    if (!number(&text, &depth) || depth == 0 || depth > RT_MOST_CHANGES)
        return false;
    if (*text == ':' && (text++, !number(&text, &steps)))
        return false;
    s->strategy = RT_STRATEGY_PCT;
    s->depth = (uint32_t)depth;
    s->steps = steps;
    return at_end(text);
}

static const struct {
    const char *name;
    enum rt_strategy strategy;
} names[] = {
    {"switches", RT_STRATEGY_SWITCHES}, {"random", RT_STRATEGY_RANDOM}, {"pos", RT_STRATEGY_POS},
    {"slice", RT_STRATEGY_SLICE},       {"rr", RT_STRATEGY_ROUND},
};

bool rt_strategy_parse(struct rt_schedule *s, const char *text)
{
    s->switch_count = 0;
    if (!strncmp(text, "pct:", 4))
        return pct(s, text + 4);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t length = strlen(names[i].name);
        if (!strncmp(text, names[i].name, length) && at_end(text + length)) {
            s->strategy = names[i].strategy;
            return true;
        }
    }
    return false;
}

static bool path(const char **text, uint64_t *hash)
{
    uint64_t nth;
    if (**text != 'm' && **text != 'c')
        return false;
    *hash = *(*text)++ == 'm' ? RT_PATH_MAIN : RT_PATH_CLOCK;
    while (**text == '.') {
        (*text)++;
        if (!number(text, &nth))
            return false;
        *hash = rt_path_child(*hash, nth);
    }
    return true;
}

static int by_place(const void *a, const void *b)
{
    const struct rt_switch *one = a, *other = b;
    if (one->from != other->from)
        return one->from < other->from ? -1 : 1;
    return one->at < other->at ? -1 : one->at > other->at;
}

static bool switches(struct rt_schedule *s, const char *text)
{
    s->strategy = RT_STRATEGY_SWITCHES;
    s->switch_count = 0;
    do {
        uint64_t at;
        if (s->switch_count == RT_SWITCHES)
            return false;
        struct rt_switch *one = &s->switches[s->switch_count];
        if (!path(&text, &one->from) || *text++ != '@' || !number(&text, &at) || *text++ != '-' ||
            !path(&text, &one->to))
            return false;
        one->at = (uint32_t)at;
        s->switch_count++;
    } while (*text == ',' && *++text);
    qsort(s->switches, s->switch_count, sizeof *s->switches, by_place);
    return at_end(text);
}

static bool holds(struct rt_schedule *s, const char *text)
{
    if (strncmp(text, RT_HOLD, sizeof RT_HOLD - 1) != 0)
        return false;
    text += sizeof RT_HOLD - 1;
    s->strategy = RT_STRATEGY_HOLD;
    s->switch_count = 0;
    do {
        uint64_t at;
        if (s->switch_count == RT_SWITCHES)
            return false;
        struct rt_switch *one = &s->switches[s->switch_count++];
        if (!path(&text, &one->from) || *text++ != '@' || !number(&text, &at))
            return false;
        one->at = (uint32_t)at;
        one->to = *text == 'w' ? RT_HOLD_FIRST : RT_HOLD_LAST;
        text += *text == 'w';
    } while (*text == ',' && *++text);
    qsort(s->switches, s->switch_count, sizeof *s->switches, by_place);
    return at_end(text);
}

bool rt_schedule_parse(struct rt_schedule *s, const char *token, const char **why)
{
    *why = "it does not begin with v1/SEED/";
    if (strncmp(token, "v1/", 3) != 0)
        return false;
    token += 3;
    if (!number(&token, &s->seed) || *token++ != '/')
        return false;
    *why = "its strategy is none";
    if (!rt_strategy_parse(s, token) && !holds(s, token) && !switches(s, token))
        return false;
    token += strcspn(token, "/");
    s->check_steps = 0;
    if (!*token)
        return true;
    *why = "its checks cannot be read";
    token++;
    if (!number(&token, &s->check_steps) || *token++ != '.' || strlen(token) > RT_CHECKS)
        return false;
    snprintf(s->checks, sizeof s->checks, "%s", token);
    return strlen(token) == s->check_steps / rt_check_stride(s->check_steps);
}

size_t rt_schedule_print(const struct rt_schedule *s, char *text, size_t room)
{
    const char *name = "switches";
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].strategy == s->strategy)
            name = names[i].name;
    int n = s->strategy == RT_STRATEGY_PCT
                ? snprintf(text, room, "v1/%lu/pct:%u:%lu", (unsigned long)s->seed, s->depth, (unsigned long)s->steps)
                : snprintf(text, room, "v1/%lu/%s", (unsigned long)s->seed, name);
    return (size_t)n;
}

size_t rt_checks_print(const struct rt_record *r, char *text, size_t room)
{
    int n = snprintf(text, room, "/%lu.%.*s", (unsigned long)r->steps, (int)r->check_count, r->checks);
    return (size_t)n;
}

size_t rt_path_print(const struct rt_record *r, uint32_t task, char *text, size_t room)
{
    uint32_t chain[64], depth = 0;
    while (task > 1 && task < RT_RECORD_TASKS && depth < sizeof chain / sizeof *chain) {
        chain[depth++] = r->tasks[task].nth;
        task = r->tasks[task].parent;
    }
    int n = snprintf(text, room, "%c", task == 0 ? 'c' : task == 1 ? 'm' : '?');
    while (depth > 0 && n >= 0 && (size_t)n < room)
        n += snprintf(text + n, room - (size_t)n, ".%u", chain[--depth]);
    return (size_t)n;
}
