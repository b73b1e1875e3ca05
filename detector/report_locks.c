/* Text of the findings that are made of steps: deadlocks, cycles of lock order, misuse, who is stuck. */
#include "report_data.h"

const char *thing_name(enum thing thing)
{
    static const char *const names[THINGS] = {[THING_MUTEX] = "mutex",     [THING_RWLOCK] = "read-write lock",
                                              [THING_SPIN] = "spin lock",  [THING_SEM] = "semaphore",
                                              [THING_COND] = "condition",  [THING_BARRIER] = "barrier",
                                              [THING_THREAD] = "thread",   [THING_ONCE] = "once",
                                              [THING_CHANNEL] = "channel", [THING_GROUP] = "wait group",
                                              [THING_SELECT] = "select",   [THING_FUTEX] = "futex",
                                              [THING_OTHER] = "object"};
    return thing < THINGS ? names[thing] : "object";
}

const char *report_role(enum step_role role)
{
    switch (role) {
    case STEP_WAITS:
        return "waits";
    case STEP_ACQUIRES:
        return "acquires";
    case STEP_MISUSES:
        return "misuses";
    case STEP_TOOK:
        return "took";
    case STEP_WAITED:
        return "waited";
    case STEP_DESTROYED:
        return "destroyed";
    case STEP_MADE:
        return "initialised";
    case STEP_COPIED:
        return "copied";
    }
    return "";
}

static const struct {
    const char *word, *sentence; /* "thread T1 <sentence>", with the object in the place of # */
} misuses[MISUSES] = {
    [MISUSE_UNLOCK_UNLOCKED] = {"unlock-unlocked", "unlocks # that is not locked"},
    [MISUSE_UNLOCK_OTHERS] = {"unlock-not-owner", "unlocks # that another thread holds"},
    [MISUSE_DESTROY_LOCKED] = {"destroy-locked", "destroys # that is held"},
    [MISUSE_DESTROY_WAITED] = {"destroy-waited", "destroys # on which another thread waits"},
    [MISUSE_INIT_LOCKED] = {"init-locked", "initialises # that is held"},
    [MISUSE_LOCKED_TWICE] = {"locked-twice", "takes # that it holds, which is refused"},
    [MISUSE_JOINS_ITSELF] = {"joins-itself", "joins itself"},
    [MISUSE_FREE_LOCKED] = {"free-locked", "frees the memory of # that is held"},
    [MISUSE_USE_DESTROYED] = {"use-destroyed", "uses # that was destroyed"},
    [MISUSE_COPIED] = {"copied", "uses a copy of #"},
    [MISUSE_ENDS_HOLDING] = {"ends-holding", "ends while it holds #"},
    [MISUSE_TWO_MUTEXES] = {"two-mutexes", "waits on # with another mutex than others do"},
    [MISUSE_WAIT_UNLOCKED] = {"wait-unlocked", "waits on # with a mutex that it does not hold"},
    [MISUSE_IN_HANDLER] = {"in-signal-handler", "takes # in a signal handler that may interrupt who holds it"},
    [MISUSE_HELD_ACROSS_SWITCH] = {"held-across-switch", "is switched away from while it holds #"},
    [MISUSE_NEGATIVE_COUNTER] = {"negative-counter", "makes the counter of # negative"},
    [MISUSE_CLOSE_CLOSED] = {"close-closed", "closes # that is closed"},
    [MISUSE_CLOSE_NIL] = {"close-nil", "closes # that is nil"},
    [MISUSE_SEND_CLOSED] = {"send-closed", "sends on # that is closed"},
    [MISUSE_OTHER] = {"other", "breaks a rule of #"},
};

const char *report_misuse(enum misuse what)
{
    return misuses[what].word;
}

static void say_object(struct outbuf *o, enum thing thing, uint64_t addr, const char *name)
{
    outbuf_str(o, thing_name(thing));
    if (name) {
        outbuf_char(o, ' ');
        outbuf_name(o, name);
    }
    if (addr && addr >> 63 == 0)
        outbuf_format(o, " 0x%lx", addr);
}

static void say_step_object(struct outbuf *o, const struct report_step *s)
{
    say_object(o, s->step->thing, s->step->addr, s->name);
}

/* Names alone, for the sentence: addresses differ from run to run. */
static void say_short(struct outbuf *o, const struct report_step *s)
{
    const char *article = s->step->thing == THING_OTHER ? "an " : "a ";
    if (!s->name)
        outbuf_str(o, article);
    say_object(o, s->step->thing, 0, s->name);
}

static const struct report_actor *actor_numbered(const struct report *r, uint64_t number)
{
    for (int i = 0; i < r->nactors; i++)
        if (r->actors[i].who->number == number)
            return &r->actors[i];
    return NULL;
}

static void say_number(struct outbuf *o, const struct report *r, uint64_t number)
{
    const struct report_actor *a = actor_numbered(r, number);
    if (a)
        report_say_actor(o, a->who);
    else if (number == 0)
        outbuf_str(o, "main thread");
    else
        outbuf_format(o, "thread T%lu", number);
}

static void misuse_sentence(struct outbuf *o, const struct report *r)
{
    const struct report_step *s = &r->step[0];
    if (r->finding->text) {
        outbuf_str(o, r->finding->text);
        return;
    }
    report_say_actor(o, &s->step->actor);
    outbuf_char(o, ' ');
    for (const char *c = misuses[r->finding->misuse].sentence; *c; c++)
        if (*c == '#')
            say_short(o, s);
        else
            outbuf_char(o, *c);
}

/* "threads", "goroutines", or both. */
static const char *kind_of_actors(const struct finding *f)
{
    bool threads = false, goroutines = false;
    for (int i = 0; i < f->nsteps; i++)
        if (f->steps[i].role == STEP_WAITS && f->steps[i].actor.goroutine)
            goroutines = true;
        else
            threads = true;
    return !goroutines ? "threads" : threads ? "threads and goroutines" : "goroutines";
}

static void deadlock_sentence(struct outbuf *o, const struct report *r)
{
    const struct finding *f = r->finding;
    if (f->everybody && f->nsteps > 1) {
        outbuf_format(o, "all %d %s wait, and nobody is left to wake one", f->nsteps, kind_of_actors(f));
    } else if (f->everybody) {
        outbuf_format(o, "the only %s waits for ", f->steps[0].actor.goroutine ? "goroutine" : "thread");
        say_short(o, &r->step[0]);
        outbuf_str(o, ", and nobody is left to wake it");
    } else if (r->step[0].step->target_ended) {
        report_say_actor(o, &r->step[0].step->actor);
        outbuf_str(o, " waits for ");
        say_short(o, &r->step[0]);
        outbuf_str(o, " that a thread held when it ended");
    } else if (f->nsteps == 1) {
        report_say_actor(o, &r->step[0].step->actor);
        outbuf_str(o, " waits for ");
        say_short(o, &r->step[0]);
        outbuf_str(o, " that it holds itself");
    } else {
        outbuf_format(o, "%d %s wait for one another", f->nsteps, kind_of_actors(f));
    }
}

static void stuck_sentence(struct outbuf *o, const struct finding *f)
{
    const int n = f->nsteps + f->nmore;
    outbuf_format(o, "%d %s%s ", n, f->steps[0].actor.goroutine ? "goroutine" : "thread", n == 1 ? "" : "s");
    if (f->tier == TIER_SUSPECTED)
        outbuf_format(o, "wait%s, and may be woken yet", n == 1 ? "s" : "");
    else
        outbuf_str(o, "can never go on");
}

void report_steps_sentence(struct outbuf *o, const struct report *r)
{
    const struct finding *f = r->finding;
    switch (f->kind) {
    case FINDING_LOCK_ORDER:
        outbuf_format(o, "%d locks are taken in a cycle: ", f->nsteps);
        for (int i = 0; i < r->nsteps && i < 8; i++) {
            outbuf_str(o, i ? ", " : "");
            say_short(o, &r->step[i]);
        }
        outbuf_str(o, r->nsteps > 8 ? " ..." : "");
        break;
    case FINDING_DEADLOCK:
        deadlock_sentence(o, r);
        break;
    case FINDING_STUCK:
        stuck_sentence(o, f);
        break;
    case FINDING_MISUSE:
        misuse_sentence(o, r);
        break;
    case FINDING_RACE:
        break;
    }
}

static void say_held(struct outbuf *o, const struct report_step *s)
{
    int shown = report_step_locks(s->step);
    for (int i = 0; i < shown; i++) {
        const struct finding_lock *l = &s->step->held[i];
        outbuf_str(o, "    Holds ");
        say_object(o, l->thing, l->addr, s->held[i].name);
        outbuf_str(o, l->exclusive ? ", taken at:\n" : " for reading, taken at:\n");
        report_say_stack(o, &s->held[i].taken, 6);
    }
    if (s->step->nheld > shown)
        outbuf_format(o, "    and %d more locks\n", s->step->nheld - shown);
}

static void say_wait(struct outbuf *o, const struct report *r, const struct report_step *s)
{
    outbuf_str(o, " waits for ");
    if (s->step->thing == THING_THREAD) {
        outbuf_str(o, "the end of ");
        say_number(o, r, s->step->target);
    } else {
        say_step_object(o, s);
        if (!s->step->exclusive && s->step->thing == THING_RWLOCK)
            outbuf_str(o, " for reading");
        if (s->step->has_target) {
            outbuf_str(o, s->step->target_ended ? ", held by the ended " : ", held by ");
            say_number(o, r, s->step->target);
        }
    }
    outbuf_str(o, ", at:\n");
}

static void say_step(struct outbuf *o, const struct report *r, const struct report_step *s)
{
    outbuf_str(o, "  ");
    switch (s->step->role) {
    case STEP_WAITS:
        report_say_actor_fully(o, &s->step->actor);
        say_wait(o, r, s);
        break;
    case STEP_ACQUIRES:
        report_say_actor_fully(o, &s->step->actor);
        outbuf_str(o, " takes ");
        say_step_object(o, s);
        outbuf_str(o, s->step->exclusive ? ", at:\n" : " for reading, at:\n");
        break;
    case STEP_MISUSES:
    case STEP_WAITED:
        outbuf_str(o, s->step->role == STEP_WAITED ? "Other wait by " : "By ");
        report_say_actor_fully(o, &s->step->actor);
        outbuf_str(o, " on ");
        say_step_object(o, s);
        outbuf_str(o, ", at:\n");
        break;
    case STEP_TOOK:
        say_step_object(o, s);
        outbuf_str(o, " was taken by ");
        report_say_actor_fully(o, &s->step->actor);
        outbuf_str(o, " at:\n");
        break;
    case STEP_DESTROYED:
        outbuf_str(o, "It was destroyed by ");
        report_say_actor_fully(o, &s->step->actor);
        outbuf_str(o, " at:\n");
        break;
    case STEP_MADE:
        outbuf_str(o, "It was initialised at:\n");
        break;
    case STEP_COPIED:
        outbuf_str(o, "It was copied, from one that lives, at:\n");
        break;
    }
    report_say_stack(o, &s->stack, 4);
    say_held(o, s);
}

/* A link of the way by which the object can be reached. */
static void say_link(struct outbuf *o, const struct report_link *l, bool first)
{
    const struct finding_object *at = l->object;
    outbuf_str(o, first ? "  It can be reached by " : "    from there by ");
    switch (at->kind) {
    case OBJECT_HEAP:
        outbuf_format(o, "a block of %zu bytes at 0x%lx, allocated by ", at->size, at->base);
        report_say_actor_fully(o, &at->actor);
        outbuf_str(o, " at:\n");
        report_say_stack(o, &l->allocated, 6);
        return;
    case OBJECT_STACK:
        outbuf_str(o, "the stack of ");
        report_say_actor_fully(o, &at->actor);
        break;
    case OBJECT_TLS:
        outbuf_str(o, "thread-local storage of ");
        report_say_actor_fully(o, &at->actor);
        break;
    case OBJECT_FD:
        outbuf_format(o, "what the kernel keeps for file descriptor %lu", at->base);
        break;
    case OBJECT_UNKNOWN:
    case OBJECT_GLOBAL:
        if (l->name) {
            outbuf_str(o, "the variable ");
            outbuf_name(o, l->name);
        } else {
            outbuf_format(o, "memory at 0x%lx", at->base);
        }
    }
    outbuf_char(o, '\n');
}

void report_say_steps(struct outbuf *o, const struct report *r)
{
    const struct finding *f = r->finding;
    if (f->kind == FINDING_LOCK_ORDER)
        outbuf_format(o, "  Evidence: %s\n",
                      f->tier == TIER_PREDICTED ? "predicted: the same locks and messages in another order deadlock here"
                      : f->doubtful             ? "order only: another lock may have ordered them"
                                                : "order only: nothing was seen that keeps it from happening");
    for (int i = 0; i < r->nsteps; i++)
        say_step(o, r, &r->step[i]);
    const int more = r->finding->nsteps - r->nsteps + r->finding->nmore;
    if (more)
        outbuf_format(o, "  and %d more\n", more);
    for (int i = 0; i < r->npath; i++)
        say_link(o, &r->path[i], i == 0);
}
