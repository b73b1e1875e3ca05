/* A finding as text, for people. No logic here: what is shown was decided by report.c. */
#include "report_data.h"

const char *report_kind(enum finding_kind kind)
{
    switch (kind) {
    case FINDING_RACE:
        return "data-race";
    case FINDING_LOCK_ORDER:
        return "lock-order-cycle";
    case FINDING_DEADLOCK:
        return "deadlock";
    case FINDING_STUCK:
        return "stuck";
    case FINDING_MISUSE:
        return "misuse";
    }
    return "";
}

const char *report_tier(enum finding_tier tier)
{
    switch (tier) {
    case TIER_HAPPENED:
        return "happened";
    case TIER_PREDICTED:
        return "predicted";
    case TIER_ORDER_ONLY:
        return "order-only";
    case TIER_SUSPECTED:
        return "suspected";
    case TIER_POSSIBLE:
        return "possible";
    case TIER_NONE:
        break;
    }
    return "";
}

const char *base_name(const char *path)
{
    const char *base = path;
    for (; *path; path++)
        if (*path == '/' && path[1])
            base = path + 1;
    return base;
}

/* "write", "atomic read" ... */
static const char *verb(enum access_kind kind)
{
    switch (kind) {
    case ACCESS_READ:
        return "read";
    case ACCESS_WRITE:
        return "write";
    case ACCESS_ATOMIC_READ:
        return "atomic read";
    case ACCESS_ATOMIC_WRITE:
        return "atomic write";
    case ACCESS_FREE:
        return "free";
    }
    return "";
}

static const char *capital_verb(enum access_kind kind)
{
    switch (kind) {
    case ACCESS_READ:
        return "Read";
    case ACCESS_WRITE:
        return "Write";
    case ACCESS_ATOMIC_READ:
        return "Atomic read";
    case ACCESS_ATOMIC_WRITE:
        return "Atomic write";
    case ACCESS_FREE:
        return "Free";
    }
    return "";
}

static void say_number(struct outbuf *o, uint64_t number, uint64_t goroutine)
{
    if (goroutine)
        outbuf_format(o, "goroutine %lu", goroutine);
    else if (number == 0)
        outbuf_str(o, "main thread");
    else
        outbuf_format(o, "thread T%lu", number);
}

void report_say_actor(struct outbuf *o, const struct finding_actor *a)
{
    say_number(o, a->number, a->goroutine);
}

const char *report_state(const struct finding_actor *a)
{
    return a->ended ? "ended" : a->waits ? "waiting" : "running";
}

/* "goroutine 17 (worker, running)" */
static void say_goroutine_state(struct outbuf *o, const struct finding_actor *a)
{
    outbuf_str(o, " (");
    if (a->name[0]) {
        outbuf_name(o, a->name);
        outbuf_str(o, ", ");
    }
    outbuf_format(o, "%s)", report_state(a));
}

/* "thread T1 'worker' (tid 12, running)" */
void report_say_actor_fully(struct outbuf *o, const struct finding_actor *a)
{
    report_say_actor(o, a);
    if (a->goroutine) {
        say_goroutine_state(o, a);
        return;
    }
    if (a->name[0] && !a->is_main) {
        outbuf_str(o, " '");
        outbuf_name(o, a->name);
        outbuf_char(o, '\'');
    }
    if (a->tid)
        outbuf_format(o, " (tid %d, %s)", a->tid, report_state(a));
    else
        outbuf_format(o, " (%s)", report_state(a));
}

static void say_file_line(struct outbuf *o, const char *file, int line)
{
    outbuf_name(o, file);
    if (line)
        outbuf_format(o, ":%d", line);
}

/* What was touched, for the sentence. */
static void say_subject(struct outbuf *o, const struct report *r)
{
    const struct finding_object *object = &r->finding->object;
    const struct symbol_variable *v = &r->variable;
    if (object->kind == OBJECT_HEAP) {
        outbuf_format(o, "a heap block of %zu bytes", object->size);
        const struct report_stack *s = &r->allocated;
        if (s->n && s->at[0].frame->file) {
            outbuf_str(o, " (allocated at ");
            say_file_line(o, base_name(s->at[0].frame->file), s->at[0].frame->line);
            outbuf_char(o, ')');
        }
    } else if (object->kind == OBJECT_STACK) {
        outbuf_str(o, "the stack of ");
        report_say_actor(o, &object->actor);
    } else if (r->has_variable && v->name) {
        outbuf_name(o, v->name);
        if (r->finding->access[0].addr != v->base)
            outbuf_format(o, "+%zu", r->finding->access[0].addr - v->base);
        outbuf_str(o, " (global");
        if (v->file) {
            outbuf_str(o, ", ");
            say_file_line(o, base_name(v->file), v->line);
        }
        outbuf_char(o, ')');
    } else if (r->has_variable) {
        outbuf_format(o, "%s+0x%lx", base_name(v->module), v->offset);
    } else {
        outbuf_format(o, "0x%lx", r->finding->access[0].addr);
    }
}

void report_sentence(struct outbuf *o, const struct report *r)
{
    const struct finding_access *now = &r->finding->access[0], *earlier = &r->finding->access[1];
    if (r->finding->kind != FINDING_RACE) {
        report_steps_sentence(o, r);
        return;
    }
    if (now->kind == ACCESS_FREE)
        outbuf_str(o, "free of ");
    else
        outbuf_format(o, "%s of %zu byte%s at ", verb(now->kind), now->size, now->size == 1 ? "" : "s");
    say_subject(o, r);
    outbuf_str(o, " by ");
    report_say_actor(o, &now->actor);
    outbuf_format(o, " and earlier %s by ", verb(earlier->kind));
    report_say_actor(o, &earlier->actor);
    outbuf_str(o, ", unordered");
}

static void say_module(struct outbuf *o, const struct symbol_frame *f)
{
    if (*f->module)
        outbuf_format(o, "(%s+0x%lx)", base_name(f->module), f->offset);
    else
        outbuf_format(o, "(0x%lx)", f->offset);
}

const struct symbol_frame *report_frame(const struct report *r)
{
    const struct report_stack *s = r->nsteps ? &r->step[0].stack : &r->access[0];
    return s->n ? s->at[0].frame : NULL;
}

void report_place(struct outbuf *o, const struct report *r)
{
    const struct symbol_frame *f = report_frame(r);
    if (f && f->file)
        say_file_line(o, base_name(f->file), f->line);
    else if (f)
        say_module(o, f);
    else
        outbuf_str(o, "at an unknown place");
    if (f && f->function) {
        outbuf_str(o, " in ");
        outbuf_name(o, f->function);
    }
}

static void say_frame(struct outbuf *o, int number, const struct symbol_frame *f, int indent)
{
    for (int i = 0; i < indent; i++)
        outbuf_char(o, ' ');
    outbuf_format(o, "#%d ", number);
    if (f->function) {
        outbuf_name(o, f->function);
        outbuf_char(o, ' ');
    }
    if (f->file_short) {
        say_file_line(o, f->file_short, f->line);
        if (f->line && f->column)
            outbuf_format(o, ":%d", f->column);
        outbuf_char(o, ' ');
    }
    say_module(o, f);
    outbuf_char(o, '\n');
}

void report_say_stack(struct outbuf *o, const struct report_stack *s, int indent)
{
    int number = 0;
    if (s->n == 0)
        outbuf_format(o, "%s<stack not known>\n", indent > 4 ? "      " : "    ");
    for (int i = 0; i < s->n; i++) {
        say_frame(o, number, s->at[i].frame, indent);
        number += (int)s->at[i].times;
        if (s->at[i].times > 1)
            outbuf_format(o, "%s   (%u times)\n", indent > 4 ? "      " : "    ", s->at[i].times);
    }
    if (s->more)
        outbuf_format(o, "%s...\n", indent > 4 ? "      " : "    ");
}

static void say_locks(struct outbuf *o, const struct report *r, int side)
{
    const struct finding_access *a = &r->finding->access[side];
    int shown = report_locks(a);
    for (int i = 0; i < shown; i++) {
        const struct report_lock *l = &r->lock[side][i];
        outbuf_str(o, "    Lock ");
        if (l->name) {
            outbuf_name(o, l->name);
            outbuf_char(o, ' ');
        }
        outbuf_format(o, "0x%lx held %s, taken at:\n", a->locks[i].addr,
                      a->locks[i].exclusive ? "exclusively" : "for reading");
        report_say_stack(o, &l->taken, 6);
    }
    if (a->nlocks > shown)
        outbuf_format(o, "    and %d more locks\n", a->nlocks - shown);
}

static void say_access(struct outbuf *o, const struct report *r, int side)
{
    const struct finding_access *a = &r->finding->access[side];
    outbuf_format(o, "  %s%s", side ? "Earlier " : "", side ? verb(a->kind) : capital_verb(a->kind));
    if (a->kind == ACCESS_FREE)
        outbuf_format(o, " of the block with 0x%lx by ", a->addr);
    else
        outbuf_format(o, " of size %zu at 0x%lx by ", a->size, a->addr);
    report_say_actor_fully(o, &a->actor);
    if (a->locks_lost)
        outbuf_str(o, ", locks not known:\n");
    else if (a->nlocks == 0)
        outbuf_str(o, ", no locks held:\n");
    else
        outbuf_format(o, ", %d lock%s held:\n", a->nlocks, a->nlocks == 1 ? "" : "s");
    report_say_stack(o, &r->access[side], 4);
    say_locks(o, r, side);
}

static void say_location(struct outbuf *o, const struct report *r)
{
    const struct finding_object *object = &r->finding->object;
    uintptr_t addr = r->finding->access[0].addr;
    const struct symbol_variable *v = &r->variable;
    switch (object->kind) {
    case OBJECT_HEAP:
        outbuf_format(o, "  Location is byte %zu of a heap block of %zu bytes at 0x%lx, allocated by ",
                      addr - object->base, object->size, object->base);
        report_say_actor_fully(o, &object->actor);
        outbuf_str(o, " at:\n");
        report_say_stack(o, &r->allocated, 4);
        return;
    case OBJECT_STACK:
        outbuf_str(o, "  Location is the stack of ");
        report_say_actor_fully(o, &object->actor);
        outbuf_char(o, '\n');
        return;
    case OBJECT_TLS:
        outbuf_str(o, "  Location is thread-local storage of ");
        report_say_actor_fully(o, &object->actor);
        outbuf_char(o, '\n');
        return;
    case OBJECT_FD:
        outbuf_format(o, "  Location is file descriptor %lu\n", object->base);
        return;
    case OBJECT_UNKNOWN:
    case OBJECT_GLOBAL:
        break;
    }
    if (r->has_variable && v->name) {
        outbuf_str(o, "  Location is global '");
        outbuf_name(o, v->name);
        outbuf_format(o, "' of size %zu at 0x%lx", v->size, v->base);
        if (v->file_short) {
            outbuf_str(o, " defined at ");
            say_file_line(o, v->file_short, v->line);
        }
        outbuf_format(o, " (%s+0x%lx)\n", base_name(v->module), v->offset);
    } else if (r->has_variable) {
        outbuf_format(o, "  Location is data of %s (+0x%lx)\n", base_name(v->module), v->offset);
    }
}

static void say_creation(struct outbuf *o, const struct report_actor *a)
{
    if (a->who->is_main)
        return;
    if (a->who->goroutine) {
        outbuf_format(o, "  Goroutine %lu", a->who->goroutine);
        say_goroutine_state(o, a->who);
    } else {
        outbuf_format(o, "  Thread T%lu", a->who->number);
        if (a->who->name[0]) {
            outbuf_str(o, " '");
            outbuf_name(o, a->who->name);
            outbuf_char(o, '\'');
        }
        outbuf_format(o, " (tid %d, %s)", a->who->tid, report_state(a->who));
    }
    if (a->created.n == 0) {
        outbuf_str(o, ": its creation was not seen\n");
        return;
    }
    outbuf_str(o, " created by ");
    if (a->who->parent == CREATOR_TIMER)
        outbuf_str(o, "a timer that was set");
    else
        say_number(o, a->who->parent, a->who->parent_goroutine);
    outbuf_str(o, " at:\n");
    report_say_stack(o, &a->created, 4);
}

void report_text(struct outbuf *o, const struct report *r)
{
    static const char line[] = "==================\n";
    outbuf_str(o, line);
    const enum finding_tier tier = r->finding->tier;
    const bool counts = tier != TIER_SUSPECTED;
    outbuf_format(o, "%s%s: ",
                  tier == TIER_POSSIBLE ? "NOTE: gorace: possible " : counts ? "WARNING: gorace: " : "gorace: ",
                  report_kind(r->finding->kind));
    report_sentence(o, r);
    if (counts)
        outbuf_format(o, " [%s]", r->fingerprint);
    outbuf_char(o, '\n');
    if (r->finding->kind == FINDING_RACE) {
        say_access(o, r, 0);
        say_access(o, r, 1);
        say_location(o, r);
    } else {
        report_say_steps(o, r);
    }
    for (int i = 0; i < r->nactors; i++)
        say_creation(o, &r->actors[i]);
    if (*r->replay)
        outbuf_format(o, "replay: %s\n", r->replay);
    if (counts) {
        outbuf_format(o, "SUMMARY: gorace: %s ", report_kind(r->finding->kind));
        report_place(o, r);
        outbuf_char(o, '\n');
    }
    outbuf_str(o, line);
}
