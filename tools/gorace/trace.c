/* gorace trace: reads what `record=` has written. A summary, the events one by one, and files for other tools. */
#include "trace.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "locks.h"
#include "whole_file.h"

#define KEY_TIMELINE 0x1000
#define KEY_ACTOR 0x1001
#define KEY_PERFETTO 0x1002
#define KEY_STD 0x1003

struct arguments {
    const char *file, *perfetto, *std;
    bool timeline, one;
    uint64_t actor;
};

static const struct argp_option options[] = {
    {"timeline", KEY_TIMELINE, NULL, 0, "every event, with its time, in the order in which they happened", 1},
    {"actor", KEY_ACTOR, "N", 0, "in the timeline only the actor of this number (the summary has them)", 1},
    {"perfetto", KEY_PERFETTO, "FILE", 0, "JSON for ui.perfetto.dev and chrome://tracing", 2},
    {"std", KEY_STD, "FILE", 0, "the STD format of the RAPID tools", 2},
    {0}};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct arguments *a = state->input;
    char *end;
    switch (key) {
    case KEY_TIMELINE:
        a->timeline = true;
        return 0;
    case KEY_ACTOR:
        a->timeline = a->one = true;
        a->actor = strtoull(argument, &end, 10);
        if (end == argument || *end)
            argp_error(state, "--actor wants a number, not '%s'", argument);
        return 0;
    case KEY_PERFETTO:
        a->perfetto = argument;
        return 0;
    case KEY_STD:
        a->std = argument;
        return 0;
    case ARGP_KEY_ARG:
        if (a->file)
            argp_error(state, "one trace at a time");
        a->file = argument;
        return 0;
    case ARGP_KEY_END:
        if (!a->file)
            argp_error(state, "no trace");
        return 0;
    }
    return ARGP_ERR_UNKNOWN;
}

/* ---- actors -------------------------------------------------------------------------------------------------------- */

static int by_number(const void *a, const void *b)
{
    const struct trace_actor *l = a, *r = b;
    return l->number < r->number ? -1 : l->number > r->number;
}

const struct trace_actor *trace_actor_find(const struct trace_actors *all, uint64_t number)
{
    struct trace_actor key = {.number = number};
    return bsearch(&key, all->at, all->n, sizeof key, by_number);
}

static struct trace_actor *actor_at(struct trace_actors *all, size_t *room, uint64_t number)
{
    /* Numbers are given in order of birth, so a new one mostly goes to the end. */
    size_t at = all->n;
    while (at > 0 && all->at[at - 1].number > number)
        at--;
    if (at > 0 && all->at[at - 1].number == number)
        return &all->at[at - 1];
    if (all->n == *room) {
        *room = *room ? 2 * *room : 64;
        all->at = must_grow(all->at, *room * sizeof *all->at);
    }
    memmove(all->at + at + 1, all->at + at, (all->n - at) * sizeof *all->at);
    all->n++;
    all->at[at] = (struct trace_actor){.number = number, .name = ""};
    return &all->at[at];
}

struct trace_actors trace_actors_of(const struct trace_process *p)
{
    struct trace_actors all = {0};
    size_t room = 0;
    for (size_t i = 0; i < p->n; i++) {
        const struct trace_event *e = &p->events[i];
        actor_at(&all, &room, e->actor)->events++;
        if (e->kind == TRACE_BORN)
            actor_at(&all, &room, e->object)->green = e->value;
        if (e->kind == TRACE_NAME) {
            struct trace_actor *named = actor_at(&all, &room, e->object);
            named->goroutine = e->value;
            named->name = e->text;
        }
    }
    return all;
}

const char *trace_actor_text(const struct trace_actor *a)
{
    static char text[128];
    if (a->green)
        snprintf(text, sizeof text, *a->name ? "goroutine %" PRIu64 " (%s)" : "goroutine %" PRIu64, a->goroutine,
                 a->name);
    else if (a->number)
        snprintf(text, sizeof text, "T%" PRIu64, a->number);
    else
        snprintf(text, sizeof text, "main thread");
    return text;
}

const char *trace_thing_text(struct trace_names *names, uint64_t object, uint64_t how)
{
    static const char *const things[THINGS] = {
        [THING_MUTEX] = "mutex",     [THING_RWLOCK] = "read-write lock",
        [THING_SPIN] = "spin lock",  [THING_SEM] = "semaphore",
        [THING_COND] = "condition",  [THING_BARRIER] = "barrier",
        [THING_THREAD] = "thread",   [THING_ONCE] = "once",
        [THING_CHANNEL] = "channel", [THING_GROUP] = "wait group",
        [THING_SELECT] = "select",   [THING_FUTEX] = "futex",
        [THING_OTHER] = "object",
    };
    static char text[256];
    uint64_t thing = how >> HOW_THING_SHIFT;
    const char *kind = thing < THINGS ? things[thing] : "object", *name = trace_variable(names, object);
    if (*name)
        snprintf(text, sizeof text, "%s %s", kind, name);
    else
        snprintf(text, sizeof text, "%s 0x%" PRIx64, kind, object);
    return text;
}

/* ---- summary ------------------------------------------------------------------------------------------------------- */

struct lock_use {
    uint64_t object, how;
    size_t taken;
};

static int by_taken(const void *a, const void *b)
{
    const struct lock_use *l = a, *r = b;
    return l->taken < r->taken ? 1 : -(l->taken > r->taken);
}

static int by_object(const void *a, const void *b)
{
    const struct lock_use *l = a, *r = b;
    return l->object < r->object ? -1 : l->object > r->object;
}

static void summarise_locks(const struct trace_process *p, struct trace_names *names)
{
    enum { SHOWN = 10 };
    struct lock_use *uses = must_grow(NULL, (p->n + 1) * sizeof *uses);
    size_t n = 0, kept = 0;
    for (size_t i = 0; i < p->n; i++)
        if (p->events[i].kind == TRACE_GOT)
            uses[n++] = (struct lock_use){p->events[i].object, p->events[i].value, 1};
    qsort(uses, n, sizeof *uses, by_object);
    for (size_t i = 0; i < n; i++) {
        if (kept && uses[kept - 1].object == uses[i].object)
            uses[kept - 1].taken++;
        else
            uses[kept++] = uses[i];
    }
    qsort(uses, kept, sizeof *uses, by_taken);
    for (size_t i = 0; i < kept && i < SHOWN; i++)
        printf("  %10zu times taken  %s\n", uses[i].taken, trace_thing_text(names, uses[i].object, uses[i].how));
    if (kept > SHOWN)
        printf("  and %zu more locks\n", kept - SHOWN);
    free(uses);
}

static void summarise(const struct trace_process *p)
{
    enum { SHOWN = 20 };
    struct trace_actors actors = trace_actors_of(p);
    struct trace_names *names = trace_names_new(p);
    size_t kinds[TRACE_KIND + 1] = {0};
    const char *program = "";
    for (size_t i = 0; i < p->n; i++) {
        kinds[p->events[i].kind]++;
        if (p->events[i].kind == TRACE_MODULE && !*program)
            program = p->events[i].text;
    }
    printf("process %u %s: %zu events of %zu actors, %.6f s\n", p->pid, program, p->n, actors.n,
           (double)(p->last.ns - p->first.ns) / 1e9);
    if (p->stopped)
        printf("  the recording stopped early: %s\n", strerror((int)p->stopped));
    for (size_t k = 0; k < TRACE_KINDS; k++)
        if (kinds[k])
            printf("  %10zu %s\n", kinds[k], trace_kind_text((uint32_t)k));
    for (size_t i = 0; i < actors.n && i < SHOWN; i++)
        printf("  %10zu events of actor %" PRIu64 ", %s\n", actors.at[i].events, actors.at[i].number,
               trace_actor_text(&actors.at[i]));
    if (actors.n > SHOWN)
        printf("  and %zu more actors\n", actors.n - SHOWN);
    summarise_locks(p, names);
    trace_names_free(names);
    free(actors.at);
}

/* ---- timeline ------------------------------------------------------------------------------------------------------ */

static void print_object(const struct trace_event *e, const struct trace_actors *actors, struct trace_names *names)
{
    const struct trace_actor *other;
    switch (e->kind) {
    case TRACE_BORN:
    case TRACE_JOIN:
    case TRACE_MEET:
    case TRACE_NAME:
    case TRACE_RUN:
        other = trace_actor_find(actors, e->object);
        printf(e->kind == TRACE_RUN ? " on %s" : " %s", other ? trace_actor_text(other) : "?");
        break;
    case TRACE_GOT:
    case TRACE_WAIT:
        printf(" %s", trace_thing_text(names, e->object, e->value));
        break;
    case TRACE_MODULE:
        printf(" %s at 0x%" PRIx64, e->text, e->object);
        break;
    case TRACE_DELAY:
        printf(" %" PRIu64 " us, point %" PRIu64, e->object, e->value);
        break;
    case TRACE_BEGIN:
    case TRACE_END:
    case TRACE_PARK:
        break;
    default:
        if (*trace_variable(names, e->object))
            printf(" %s", trace_variable(names, e->object));
        else
            printf(" 0x%" PRIx64, e->object);
        if (e->value)
            printf(", %" PRIu64 " bytes", e->value);
    }
}

static void print_timeline(const struct trace_process *p, const struct arguments *a)
{
    struct trace_actors actors = trace_actors_of(p);
    struct trace_names *names = trace_names_new(p);
    for (size_t i = 0; i < p->n; i++) {
        const struct trace_event *e = &p->events[i];
        if (a->one && e->actor != a->actor)
            continue;
        uint64_t ns = trace_time(p, e);
        printf("%u %" PRIu64 ".%09" PRIu64 " %s %s", p->pid, ns / 1000000000, ns % 1000000000,
               trace_actor_text(trace_actor_find(&actors, e->actor)), trace_kind_text(e->kind));
        print_object(e, &actors, names);
        if (e->pc)
            printf(" at %s", trace_place(names, e->pc));
        putchar('\n');
    }
    trace_names_free(names);
    free(actors.at);
}

/* ---- command ------------------------------------------------------------------------------------------------------- */

static void export(const struct trace *t, const char *path, void (*write)(FILE *to, const struct trace *t))
{
    struct whole_file f;
    if (!path)
        return;
    if (!whole_open(&f, path))
        die("%s: %s", path, strerror(errno));
    write(f.to, t);
    if (!whole_close(&f))
        die("%s: %s", path, strerror(errno));
}

int command_trace(int argc, char **argv)
{
    static const struct argp argp = {
        options, parse, "TRACE", "Reads a trace that `record=` has written: a summary, or what the options say.",
        NULL,    NULL,  NULL};
    struct arguments a = {0};
    command_parse(&argp, argc, argv, 0, &a);
    struct trace t = trace_read(a.file);
    if (t.cut)
        warn_user("%s: ends in the middle of something; the rest is lost", a.file);
    export(&t, a.perfetto, trace_write_perfetto);
    export(&t, a.std, trace_write_std);
    for (size_t i = 0; i < t.n; i++) {
        if (a.timeline)
            print_timeline(&t.processes[i], &a);
        else if (!a.perfetto && !a.std)
            summarise(&t.processes[i]);
    }
    trace_free(&t);
    return 0;
}
