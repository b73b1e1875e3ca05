/* A finding as one line of JSON, for programs; docs/finding.schema.json describes it, and a test holds the two
 * together. What is not known is null. Addresses are hexadecimal strings, because JSON numbers lose digits above 2^53.
 */
#include "report_data.h"

static void key(struct outbuf *o, const char *name)
{
    outbuf_format(o, "\"%s\":", name);
}

/* The comma goes before every field but the first: `first` says which. */
static void next_key(struct outbuf *o, const char *name)
{
    outbuf_char(o, ',');
    key(o, name);
}

static void text(struct outbuf *o, const char *s)
{
    if (s && *s)
        outbuf_json(o, s);
    else
        outbuf_str(o, "null");
}

static void positive(struct outbuf *o, int n)
{
    if (n > 0)
        outbuf_format(o, "%d", n);
    else
        outbuf_str(o, "null");
}

static void address(struct outbuf *o, uintptr_t addr)
{
    outbuf_format(o, "\"0x%lx\"", addr);
}

static void boolean(struct outbuf *o, bool b)
{
    outbuf_str(o, b ? "true" : "false");
}

static void frame(struct outbuf *o, const struct report_frame *at)
{
    const struct symbol_frame *f = at->frame;
    outbuf_char(o, '{');
    key(o, "function");
    text(o, f->function);
    next_key(o, "file");
    text(o, f->file);
    next_key(o, "line");
    positive(o, f->line);
    next_key(o, "column");
    positive(o, f->column);
    next_key(o, "module");
    text(o, f->module);
    next_key(o, "offset");
    outbuf_format(o, "%lu", f->offset);
    next_key(o, "build_id");
    text(o, f->build_id);
    next_key(o, "inlined");
    boolean(o, f->inlined);
    if (at->times > 1) {
        next_key(o, "times");
        outbuf_format(o, "%u", at->times);
    }
    outbuf_char(o, '}');
}

static void stack(struct outbuf *o, const struct report_stack *s)
{
    outbuf_char(o, '[');
    for (int i = 0; i < s->n; i++) {
        if (i)
            outbuf_char(o, ',');
        frame(o, &s->at[i]);
    }
    outbuf_char(o, ']');
}

static const char *access_word(enum access_kind kind)
{
    switch (kind) {
    case ACCESS_READ:
    case ACCESS_ATOMIC_READ:
        return "read";
    case ACCESS_WRITE:
    case ACCESS_ATOMIC_WRITE:
        return "write";
    case ACCESS_FREE:
        return "free";
    }
    return "";
}

static const char *object_word(const struct report *r)
{
    switch (r->finding->object.kind) {
    case OBJECT_HEAP:
        return "heap";
    case OBJECT_STACK:
        return "stack";
    case OBJECT_TLS:
        return "tls";
    case OBJECT_FD:
        return "fd";
    case OBJECT_GLOBAL:
    case OBJECT_UNKNOWN:
        break;
    }
    return r->has_variable ? "global" : "unknown";
}

static void lock(struct outbuf *o, const struct finding_lock *l, const struct report_lock *named)
{
    outbuf_char(o, '{');
    key(o, "type");
    text(o, thing_name(l->thing));
    next_key(o, "address");
    address(o, l->addr);
    next_key(o, "name");
    text(o, named->name);
    next_key(o, "mode");
    outbuf_str(o, l->exclusive ? "\"exclusive\"" : "\"shared\"");
    next_key(o, "stack");
    stack(o, &named->taken);
    outbuf_char(o, '}');
}

static void locks(struct outbuf *o, const struct report *r, int side)
{
    const struct finding_access *a = &r->finding->access[side];
    outbuf_char(o, '[');
    for (int i = 0; i < report_locks(a); i++) {
        if (i)
            outbuf_char(o, ',');
        lock(o, &a->locks[i], &r->lock[side][i]);
    }
    outbuf_char(o, ']');
}

static void access_side(struct outbuf *o, const struct report *r, int side)
{
    const struct finding_access *a = &r->finding->access[side];
    outbuf_char(o, '{');
    key(o, "when");
    outbuf_str(o, side ? "\"earlier\"" : "\"now\"");
    next_key(o, "kind");
    text(o, access_word(a->kind));
    next_key(o, "atomic");
    boolean(o, a->kind == ACCESS_ATOMIC_READ || a->kind == ACCESS_ATOMIC_WRITE);
    next_key(o, "address");
    address(o, a->addr);
    next_key(o, "size");
    outbuf_format(o, "%zu", a->size);
    next_key(o, "actor");
    outbuf_format(o, "%lu", a->actor.number);
    next_key(o, "stack");
    stack(o, &r->access[side]);
    next_key(o, "locks_held");
    if (a->locks_lost)
        outbuf_str(o, "null");
    else
        outbuf_format(o, "%d", a->nlocks);
    next_key(o, "locks");
    locks(o, r, side);
    outbuf_char(o, '}');
}

static void object(struct outbuf *o, const struct report *r)
{
    const struct finding_object *object = &r->finding->object;
    const struct symbol_variable *v = &r->variable;
    const char *kind = object_word(r);
    bool owned = object->kind == OBJECT_HEAP || object->kind == OBJECT_STACK || object->kind == OBJECT_TLS;
    outbuf_char(o, '{');
    key(o, "kind");
    text(o, kind);
    next_key(o, "address");
    if (r->has_variable)
        address(o, v->base);
    else
        address(o, object->kind == OBJECT_UNKNOWN ? r->finding->access[0].addr : object->base);
    next_key(o, "size");
    outbuf_format(o, "%zu", r->has_variable ? v->size : object->size);
    next_key(o, "name");
    text(o, r->has_variable ? v->name : NULL);
    next_key(o, "file");
    text(o, r->has_variable ? v->file : NULL);
    next_key(o, "line");
    positive(o, r->has_variable ? v->line : 0);
    next_key(o, "module");
    text(o, r->has_variable ? v->module : NULL);
    next_key(o, "actor");
    if (owned)
        outbuf_format(o, "%lu", object->actor.number);
    else
        outbuf_str(o, "null");
    next_key(o, "stack");
    stack(o, &r->allocated);
    outbuf_char(o, '}');
}

static void actor(struct outbuf *o, const struct report_actor *a)
{
    outbuf_char(o, '{');
    key(o, "number");
    outbuf_format(o, "%lu", a->who->number);
    next_key(o, "main");
    boolean(o, a->who->is_main);
    next_key(o, "goroutine");
    positive(o, (int)a->who->goroutine);
    next_key(o, "name");
    text(o, a->who->name);
    next_key(o, "tid");
    positive(o, a->who->tid);
    next_key(o, "state");
    text(o, report_state(a->who));
    next_key(o, "creator");
    if (a->created.n && a->who->parent != CREATOR_TIMER)
        outbuf_format(o, "%lu", a->who->parent);
    else
        outbuf_str(o, "null");
    next_key(o, "stack");
    stack(o, &a->created);
    outbuf_char(o, '}');
}

static void object_of_step(struct outbuf *o, const struct report_step *s)
{
    outbuf_char(o, '{');
    key(o, "type");
    text(o, thing_name(s->step->thing));
    next_key(o, "address");
    if (s->step->addr)
        address(o, s->step->addr);
    else
        outbuf_str(o, "null");
    next_key(o, "name");
    text(o, s->name);
    outbuf_char(o, '}');
}

static void step(struct outbuf *o, const struct report_step *s)
{
    outbuf_char(o, '{');
    key(o, "role");
    text(o, report_role(s->step->role));
    next_key(o, "actor");
    outbuf_format(o, "%lu", s->step->actor.number);
    next_key(o, "object");
    object_of_step(o, s);
    next_key(o, "mode");
    outbuf_str(o, s->step->exclusive ? "\"exclusive\"" : "\"shared\"");
    next_key(o, "target");
    if (s->step->has_target)
        outbuf_format(o, "%lu", s->step->target);
    else
        outbuf_str(o, "null");
    next_key(o, "stack");
    stack(o, &s->stack);
    next_key(o, "locks_held");
    outbuf_format(o, "%d", s->step->nheld);
    next_key(o, "locks");
    outbuf_char(o, '[');
    for (int i = 0; i < report_step_locks(s->step); i++) {
        if (i)
            outbuf_char(o, ',');
        lock(o, &s->step->held[i], &s->held[i]);
    }
    outbuf_str(o, "]}");
}

/* "edges" of a cycle of lock order, "waits" of a deadlock or of who is stuck, "places" of a misuse. */
static void steps(struct outbuf *o, const struct report *r)
{
    enum finding_kind kind = r->finding->kind;
    next_key(o, kind == FINDING_LOCK_ORDER ? "edges" : kind == FINDING_MISUSE ? "places" : "waits");
    outbuf_char(o, '[');
    for (int i = 0; i < r->nsteps; i++) {
        if (i)
            outbuf_char(o, ',');
        step(o, &r->step[i]);
    }
    outbuf_char(o, ']');
    if (kind == FINDING_MISUSE) {
        next_key(o, "misuse");
        text(o, report_misuse(r->finding->misuse));
    }
    if (kind == FINDING_DEADLOCK) {
        next_key(o, "everybody");
        boolean(o, r->finding->everybody);
    }
}

static void accesses(struct outbuf *o, const struct report *r)
{
    next_key(o, "accesses");
    outbuf_char(o, '[');
    access_side(o, r, 0);
    outbuf_char(o, ',');
    access_side(o, r, 1);
    outbuf_char(o, ']');
    next_key(o, "objects");
    outbuf_char(o, '[');
    object(o, r);
    outbuf_char(o, ']');
}

void report_json(struct outbuf *o, const struct report *r)
{
    struct outbuf message;
    outbuf_open(&message, -1);
    report_sentence(&message, r);
    outbuf_char(&message, 0);

    outbuf_char(o, '{');
    key(o, "kind");
    text(o, report_kind(r->finding->kind));
    next_key(o, "tier");
    text(o, report_tier(r->finding->tier));
    next_key(o, "fingerprint");
    text(o, r->fingerprint);
    next_key(o, "pid");
    outbuf_format(o, "%d", r->pid);
    if (r->in_baseline) {
        next_key(o, "baseline");
        boolean(o, true);
    }
    next_key(o, "message");
    text(o, message.data);
    if (*r->replay) {
        next_key(o, "replay");
        text(o, r->replay);
    }
    if (r->finding->kind == FINDING_RACE)
        accesses(o, r);
    else
        steps(o, r);
    next_key(o, "actors");
    outbuf_char(o, '[');
    for (int i = 0; i < r->nactors; i++) {
        if (i)
            outbuf_char(o, ',');
        actor(o, &r->actors[i]);
    }
    outbuf_str(o, "]}\n");
    outbuf_close(&message);
}
