/* See search.h.
 *
 * Deadlocks that are suspected (predict.h) come first: who would have to be held is known, and one schedule says whether it happens.
 *
 * Half of the others come from the frontier: systematic search with few interruptions first (Musuvathi, Qadeer, "Iterative
 * Context Bounding for Systematic Testing of Multithreaded Programs", PLDI 2007), only where an object is met that others use.
 * It does not try anything twice, and small programs are soon searched through; large ones never are.
 *
 * The other half is the mixture. No strategy finds all bugs: a walk at random misses those that need one goroutine to go on for long, priorities
 * with few changes those that need many switches (Thomson, Donaldson, Betts, "Concurrency Testing Using Controlled Schedulers",
 * TOPC 2016: both are needed). So of ten schedules four are random, three have priorities, two draw priorities by operation, one goes
 * by slices.
 *
 * Shrinking. A schedule is what nobody's being interrupted would give, plus a list of switches (schedule.h). Parts of the list are left out
 * as long as the run still fails in the same way (Zeller, Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", TSE 2002;
 * complements only), then neighbours are made one. A switch is named by its goroutine's own decisions, so it keeps its meaning when others are left out. */
#include "search.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const mixture[] = {"random", "pct:2", "pos",    "random", "pct:3",
                                      "slice",  "random", "pct:3", "pos",    "random"};

void rt_portfolio_token(const struct rt_portfolio *p, uint64_t number, char *token, size_t room)
{
    struct rt_schedule s = {.seed = p->seed + number, .steps = p->steps};
    const char *strategy = p->strategy;
    if (number == 0)
        strategy = "switches";
    else if (!strategy)
        strategy = mixture[(number - 1) % (sizeof mixture / sizeof *mixture)];
    rt_strategy_parse(&s, strategy);
    rt_schedule_print(&s, token, room);
}

static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 32) * UINT64_C(0xd6e8feb86659fd93);
    return x ^ x >> 32;
}

uint64_t rt_hash_text(const char *text)
{
    uint64_t hash = 1;
    for (; *text; text++)
        hash = mix(hash ^ (unsigned char)*text);
    return hash;
}

static void put(struct rt_seen *seen, uint64_t hash)
{
    size_t i = mix(hash) & (seen->room - 1);
    while (seen->slots[i])
        i = (i + 1) & (seen->room - 1);
    seen->slots[i] = hash;
}

static bool has(const struct rt_seen *seen, uint64_t hash)
{
    size_t i = mix(hash) & (seen->room - 1);
    while (seen->slots[i] && seen->slots[i] != hash)
        i = (i + 1) & (seen->room - 1);
    return seen->slots[i] != 0;
}

bool rt_seen_add(struct rt_seen *seen, uint64_t hash)
{
    hash = hash ? hash : 1;
    if (seen->room > 0 && has(seen, hash))
        return false;
    if (2 * seen->used >= seen->room) {
        struct rt_seen more = {.room = seen->room ? 2 * seen->room : 1024, .used = seen->used};
        more.slots = calloc(more.room, sizeof *more.slots);
        if (!more.slots)
            abort();
        for (size_t i = 0; i < seen->room; i++)
            if (seen->slots[i])
                put(&more, seen->slots[i]);
        free(seen->slots);
        *seen = more;
    }
    put(seen, hash);
    seen->used++;
    return true;
}

void rt_seen_free(struct rt_seen *seen)
{
    free(seen->slots);
    *seen = (struct rt_seen){0};
}

/* ---- the frontier ---- */

static bool has_room(struct rt_frontier *f, unsigned cost)
{
    if (cost >= RT_COSTS || f->count[cost] == RT_FRONTIER)
        return false;
    if (!f->at[cost] && !(f->at[cost] = malloc(RT_FRONTIER * sizeof *f->at[cost])))
        abort();
    return true;
}

/* One who holds a lock and is about to lock, send or wait for something costs 1; another write that is held up 2, a read, which may see an older value for it, 3; another order of those that can go on when one
 * waits, 2. Twice in a row the same object is likelier to be a conflict than two of them. */
static unsigned price(const struct rt_record_point *p, const struct rt_candidate *parent)
{
    unsigned price = p->kind == RT_POINT_HOLDS ? 1 : p->kind == RT_POINT_READ ? 3 : 2;
    return price - (parent->list[0] && p->object && p->object == parent->object);
}

static bool is_directed(const char *list)
{
    return !strncmp(list, RT_HOLD, sizeof RT_HOLD - 1);
}

static bool is_mine(const struct rt_frontier *f, const char *list)
{
    return f->shares == 0 || rt_hash_text(list) % f->shares == f->share;
}

void rt_frontier_add(struct rt_frontier *f, const struct rt_record *r, const struct rt_candidate *parent, unsigned cost)
{
    char from[400], to[400];
    if (is_directed(parent->list))
        return;
    for (uint32_t i = 0; i < r->point_count; i++) {
        const struct rt_record_point *p = &r->points[i];
        if (parent->list[0] && p->step <= parent->step)
            continue;
        for (uint32_t j = 0; j < p->other_count; j++) {
            struct rt_candidate c = {.step = p->step, .object = p->object};
            unsigned all = cost + price(p, parent) + (j > 0);
            if (!has_room(f, all))
                continue;
            rt_path_print(r, p->from, from, sizeof from);
            rt_path_print(r, p->others[j], to, sizeof to);
            if (asprintf(&c.list, "%s%s%s@%u-%s", parent->list, parent->list[0] ? "," : "", from, p->at, to) < 0)
                abort();
            if (is_mine(f, c.list))
                f->at[all][f->count[all]++] = c;
            else
                free(c.list);
        }
    }
}

static void suspect(void *host, enum rt_suspicion how, const char *strategy)
{
    struct rt_frontier *f = host;
    struct rt_suspects *s = &f->suspects[how];
    if (s->count == RT_SUSPECTS || !rt_seen_add(&f->suspected, rt_hash_text(strategy)) || !is_mine(f, strategy))
        return;
    s->lists[s->count] = strdup(strategy);
    if (!s->lists[s->count++])
        abort();
}

/* Of what each goroutine did, whatever the others did meanwhile. */
static uint64_t program_of(const struct rt_record *r)
{
    static uint64_t did[RT_RECORD_TASKS];
    uint64_t program = 0;
    for (uint32_t i = 0; i < r->operation_count; i++)
        did[r->operations[i].task % RT_RECORD_TASKS] = 0;
    for (uint32_t i = 0; i < r->operation_count; i++) {
        const struct rt_record_operation *o = &r->operations[i];
        uint64_t *mine = &did[o->task % RT_RECORD_TASKS], before = *mine;
        *mine = mix(before ^ ((uint64_t)o->object << 32 | o->op << 24 | o->task));
        program += mix(*mine) - (before ? mix(before) : 0);
    }
    return program;
}

void rt_frontier_suspect(struct rt_frontier *f, const struct rt_record *r)
{
    if (f->most_programs > 0 && f->programs.used >= f->most_programs)
        return;
    if (rt_seen_add(&f->programs, program_of(r)))
        rt_predict(r, suspect, f);
}

static char *take_suspect(struct rt_frontier *f, unsigned first, unsigned last)
{
    for (unsigned how = first; how <= last; how++) {
        struct rt_suspects *s = &f->suspects[how];
        if (s->taken < s->count)
            return s->lists[s->taken++];
    }
    return NULL;
}

static struct rt_candidate take_cheapest(struct rt_frontier *f, uint64_t number, unsigned *cost)
{
    for (unsigned i = 0; i < RT_COSTS; i++) {
        if (f->count[i] == 0)
            continue;
        uint32_t chosen = (uint32_t)(mix(mix(number + 1)) % f->count[i]);
        struct rt_candidate c = f->at[i][chosen];
        f->at[i][chosen] = f->at[i][--f->count[i]];
        *cost = i;
        return c;
    }
    return (struct rt_candidate){0};
}

/* Cycles of locks at once; of four schedules two are systematic, one is the mixture's, and one directed at another suspicion. */
struct rt_candidate rt_frontier_take(struct rt_frontier *f, uint64_t number, unsigned *cost)
{
    struct rt_candidate c = {.list = take_suspect(f, RT_SUSPECT_LOCKS, RT_SUSPECT_LOCKS)};
    if (!c.list && number % 4 == 1)
        c.list = take_suspect(f, RT_SUSPECT_WAITS, RT_SUSPECT_ONE);
    if (!c.list && number % 2 == 0)
        c = take_cheapest(f, number, cost);
    return c;
}

void rt_frontier_free(struct rt_frontier *f)
{
    for (unsigned i = 0; i < RT_COSTS; i++) {
        while (f->count[i] > 0)
            free(f->at[i][--f->count[i]].list);
        free(f->at[i]);
        f->at[i] = NULL;
    }
    for (unsigned how = 0; how < RT_SUSPICIONS; how++)
        for (struct rt_suspects *s = &f->suspects[how]; s->taken < s->count; s->taken++)
            free(s->lists[s->taken]);
    rt_seen_free(&f->suspected);
    rt_seen_free(&f->programs);
}

/* ---- shrinking ---- */

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

size_t rt_token_kind(const char *token, char *text, size_t room)
{
    const char *strategy = strchr(token + sizeof "v1/" - 1, '/') + 1;
    size_t length = strcspn(strategy, "/");
    const char *kind = is_directed(strategy) ? "directed" : memchr(strategy, '@', length) ? "systematic" : NULL;
    return (size_t)(kind ? snprintf(text, room, "%s", kind) : snprintf(text, room, "%.*s", (int)length, strategy));
}

void rt_search_confirm(const struct rt_attempts *a, const char *token, const struct rt_failure *failure,
                       struct rt_found *found)
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
