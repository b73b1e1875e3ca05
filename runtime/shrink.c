/* See shrink.h. A schedule is what nobody's being interrupted would give, plus a list of switches (schedule.h). Parts
 * of the list are left out as long as the run still fails in the same way (Zeller, Hildebrandt, "Simplifying and
 * Isolating Failure-Inducing Input", TSE 2002; complements only), then neighbours are made one. A switch is named by
 * its goroutine's own decisions, so it keeps its meaning when others are left out. */
#include "shrink.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct list {
    char *items[RT_SWITCHES]; /* as in a token */
    uint32_t count;
};

struct shrink {
    const struct rt_attempts *attempts;
    const struct rt_failure *failure;
    struct rt_found *found;
    uint64_t seed;
    struct list list;
};

static char *item_of(const struct rt_record *r, uint32_t i)
{
    char from[400], to[400], *text;
    const struct rt_record_switch *s = &r->switches[i];
    rt_path_print(r, s->from, from, sizeof from);
    rt_path_print(r, s->to, to, sizeof to);
    if (asprintf(&text, "%s@%u-%s", from, s->at, to) < 0)
        abort();
    return text;
}

static void clear(struct list *list)
{
    for (uint32_t i = 0; i < list->count; i++)
        free(list->items[i]);
    list->count = 0;
}

static void take_from(struct list *list, const struct rt_record *r)
{
    clear(list);
    for (uint32_t i = 0; i < r->switch_count; i++)
        list->items[list->count++] = item_of(r, i);
}

/* All of the list but [first, end). */
static void print(const struct shrink *s, uint32_t first, uint32_t end, char *token)
{
    int n = snprintf(token, RT_TOKEN, "v1/%lu/", (unsigned long)s->seed);
    const char *before = "";
    for (uint32_t i = 0; i < s->list.count && n < RT_TOKEN; i++) {
        if (i >= first && i < end)
            continue;
        n += snprintf(token + n, (size_t)(RT_TOKEN - n), "%s%s", before, s->list.items[i]);
        before = ",";
    }
    if (!*before && n < RT_TOKEN)
        snprintf(token + n, (size_t)(RT_TOKEN - n), "switches");
}

static bool fails(struct shrink *s, const char *token, const struct rt_record **record)
{
    struct rt_failure failure;
    s->found->attempts++;
    return s->attempts->run(s->attempts->host, token, &failure, record) && failure.what == s->failure->what;
}

/* The list becomes what the run that still fails has switched: what was listed and did not come to pass is gone. */
static bool without(struct shrink *s, uint32_t first, uint32_t end, char *token)
{
    const struct rt_record *record;
    print(s, first, end, token);
    if (!fails(s, token, &record) || record->switch_count >= s->list.count)
        return false;
    take_from(&s->list, record);
    return true;
}

static void reduce(struct shrink *s, char *token)
{
    uint32_t parts = 2;
    while (s->list.count > 0 && s->found->attempts < s->attempts->most) {
        uint32_t count = s->list.count;
        bool less = false;
        parts = parts < count ? parts : count;
        for (uint32_t i = parts; i > 0 && !less && s->found->attempts < s->attempts->most; i--)
            less = without(s, count * (i - 1) / parts, count * i / parts, token);
        if (less)
            parts = parts > 2 ? parts - 1 : 2;
        else if (parts == count)
            return;
        else
            parts *= 2;
    }
}

/* One who goes on only to be held up at once for another one: the first switch goes to that one instead. */
static bool merge(struct shrink *s, uint32_t i, char *token)
{
    const char *place = s->list.items[i], *to = strchr(s->list.items[i + 1], '-');
    char *both, *kept = s->list.items[i];
    if (asprintf(&both, "%.*s%s", (int)strcspn(place, "-"), place, to) < 0)
        abort();
    s->list.items[i] = both;
    bool less = without(s, i + 1, i + 2, token);
    if (less) {
        free(kept); /* the list is another one by now, and `both` went with the old one */
        return true;
    }
    s->list.items[i] = kept;
    free(both);
    return false;
}

static void merge_all(struct shrink *s, char *token)
{
    for (uint32_t i = 0; i + 1 < s->list.count && s->found->attempts < s->attempts->most;)
        if (merge(s, i, token))
            i = 0;
        else
            i++;
}

void rt_shrink(const struct rt_attempts *a, const char *token, const struct rt_failure *failure, struct rt_found *found)
{
    static char shorter[RT_TOKEN];
    static struct shrink s;
    const struct rt_record *record;
    s.attempts = a;
    s.failure = failure;
    s.found = found;
    s.seed = strtoull(token + strlen("v1/"), NULL, 10);
    found->again = found->shrunk = false;
    found->attempts = 0;
    snprintf(found->token, sizeof found->token, "%s", token);
    if (!fails(&s, token, &record) || record->diverged)
        return;
    found->again = true;
    found->switches = found->before = record->switch_count;
    if (record->switch_count > RT_SWITCHES)
        return;
    take_from(&s.list, record);
    print(&s, 0, 0, shorter);
    if (fails(&s, shorter, &record)) {
        reduce(&s, shorter);
        merge_all(&s, shorter);
        print(&s, 0, 0, shorter);
        found->shrunk = fails(&s, shorter, &record);
    }
    /* Last comes what is told: once more, if it is the schedule that was found. */
    if (found->shrunk) {
        found->switches = s.list.count;
        size_t length = strlen(shorter);
        snprintf(found->token, sizeof found->token, "%s", shorter);
        rt_checks_print(record, found->token + length, sizeof found->token - length);
    } else {
        fails(&s, token, &record);
    }
    clear(&s.list);
}

void rt_switch_print(const struct rt_record *r, uint32_t i, char *text, size_t room)
{
    char from[400], to[400];
    const struct rt_record_switch *s = &r->switches[i];
    rt_path_print(r, s->from, from, sizeof from);
    rt_path_print(r, s->to, to, sizeof to);
    if (s->from == 0)
        snprintf(text, room, "when nobody runs, goroutine %s goes on", to);
    else
        snprintf(text, room, "goroutine %s %s %s: goroutine %s goes on", from, s->waits ? "waits in" : "is held before",
                 s->where, to);
}
