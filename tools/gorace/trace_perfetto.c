/* A trace as JSON for Perfetto and Chrome ("Trace Event Format"): an actor is a thread there. Slices say when a goroutine ran
 * and what an actor waited for; locks that it holds are asynchronous slices, for they need not nest; the rest are instants,
 * and arrows lead from the birth of an actor to the first that it does. Times are microseconds. */
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>

#include "command.h"
#include "trace.h"

struct drawn {
    uint64_t since; /* of `slice`, ns */
    char *slice;    /* what it is in, or NULL */
    bool born;      /* an arrow waits for its first event */
};

struct drawing {
    FILE *to;
    const struct trace_process *process;
    struct trace_actors actors;
    struct drawn *drawn; /* by actor */
    struct trace_names *names;
    const char *separator;
};

/* Takes `event`. */
static void emit(struct drawing *d, json_t *event)
{
    if (!event)
        die("no memory");
    fputs(d->separator, d->to);
    json_dumpf(event, d->to, JSON_COMPACT);
    d->separator = ",\n";
    json_decref(event);
}

static json_t *event_at(struct drawing *d, uint64_t actor, uint64_t ns, const char *phase, const char *name)
{
    return json_pack("{s:s, s:s, s:f, s:I, s:I}", "ph", phase, "name", name, "ts", (double)ns / 1e3, "pid",
                     (json_int_t)d->process->pid, "tid", (json_int_t)actor);
}

static struct drawn *drawn_of(struct drawing *d, uint64_t actor)
{
    return &d->drawn[trace_actor_find(&d->actors, actor) - d->actors.at];
}

static void end_slice(struct drawing *d, uint64_t actor, uint64_t now)
{
    struct drawn *drawn = drawn_of(d, actor);
    if (!drawn->slice)
        return;
    json_t *slice = event_at(d, actor, drawn->since, "X", drawn->slice);
    json_object_set_new(slice, "dur", json_real((double)(now - drawn->since) / 1e3));
    emit(d, slice);
    free(drawn->slice);
    drawn->slice = NULL;
}

static void begin_slice(struct drawing *d, uint64_t actor, uint64_t now, char *name)
{
    end_slice(d, actor, now);
    drawn_of(d, actor)->since = now;
    drawn_of(d, actor)->slice = name;
}

static void hold(struct drawing *d, const struct trace_event *e, uint64_t now, const char *phase, const char *name)
{
    char id[64];
    snprintf(id, sizeof id, "%" PRIu64 ":%" PRIx64, e->actor, e->object);
    json_t *held = event_at(d, e->actor, now, phase, name);
    json_object_set_new(held, "cat", json_string("lock"));
    json_object_set_new(held, "id", json_string(id));
    emit(d, held);
}

static void arrow(struct drawing *d, uint64_t actor, uint64_t child, uint64_t now, const char *phase)
{
    json_t *step = event_at(d, actor, now, phase, "creates");
    json_object_set_new(step, "cat", json_string("birth"));
    json_object_set_new(step, "id", json_integer((json_int_t)child));
    if (*phase == 'f')
        json_object_set_new(step, "bp", json_string("e"));
    emit(d, step);
}

static void instant(struct drawing *d, const struct trace_event *e, uint64_t now)
{
    const char *of = trace_variable(d->names, e->object);
    char *name = *of ? must_format("%s %s", trace_kind_text(e->kind), of)
                     : must_format("%s 0x%" PRIx64, trace_kind_text(e->kind), e->object);
    json_t *point = event_at(d, e->actor, now, "i", name);
    json_object_set_new(point, "s", json_string("t"));
    if (e->pc)
        json_object_set_new(point, "args", json_pack("{s:s}", "at", trace_place(d->names, e->pc)));
    emit(d, point);
    free(name);
}

static void draw(struct drawing *d, const struct trace_event *e)
{
    uint64_t now = trace_time(d->process, e);
    struct drawn *drawn = drawn_of(d, e->actor);
    if (drawn->born && e->kind != TRACE_NAME) {
        drawn->born = false;
        arrow(d, e->actor, e->actor, now, "f");
    }
    switch (e->kind) {
    case TRACE_MODULE:
    case TRACE_NAME:
        break;
    case TRACE_BORN:
        drawn_of(d, e->object)->born = true;
        arrow(d, e->actor, e->object, now, "s");
        instant(d, e, now);
        break;
    case TRACE_RUN:
        begin_slice(d, e->actor, now, must_copy("runs"));
        break;
    case TRACE_WAIT:
        begin_slice(d, e->actor, now, must_format("waits for %s", trace_thing_text(d->names, e->object, e->value)));
        break;
    case TRACE_WAITED:
    case TRACE_END:
        end_slice(d, e->actor, now);
        break;
    case TRACE_PARK: /* a wait goes on */
        if (drawn->slice && drawn->slice[0] == 'r')
            end_slice(d, e->actor, now);
        break;
    case TRACE_GOT:
        hold(d, e, now, "b", trace_thing_text(d->names, e->object, e->value));
        break;
    case TRACE_GONE:
        hold(d, e, now, "e", "lock");
        break;
    default:
        instant(d, e, now);
    }
}

static void draw_process(struct drawing *d)
{
    d->actors = trace_actors_of(d->process);
    d->names = trace_names_new(d->process);
    d->drawn = must_grow(NULL, (d->actors.n + 1) * sizeof *d->drawn);
    for (size_t i = 0; i < d->actors.n; i++) {
        const struct trace_actor *a = &d->actors.at[i];
        d->drawn[i] = (struct drawn){0};
        json_t *name = event_at(d, a->number, 0, "M", "thread_name");
        json_object_set_new(name, "args", json_pack("{s:s}", "name", trace_actor_text(a)));
        emit(d, name);
    }
    for (size_t i = 0; i < d->process->n; i++)
        draw(d, &d->process->events[i]);
    for (size_t i = 0; i < d->actors.n; i++)
        end_slice(d, d->actors.at[i].number, d->process->last.ns - d->process->first.ns);
    trace_names_free(d->names);
    free(d->drawn);
    free(d->actors.at);
}

void trace_write_perfetto(FILE *to, const struct trace *t)
{
    struct drawing d = {.to = to, .separator = ""};
    fputs("{\"traceEvents\":[\n", to);
    for (size_t i = 0; i < t->n; i++) {
        d.process = &t->processes[i];
        draw_process(&d);
    }
    fputs("\n],\"displayTimeUnit\":\"ns\"}\n", to);
}
