/* See wait.h. */
#include "wait.h"

#include "lock.h"
#include "record.h"
#include "wait_report.h"

static struct oslock waits;
static uint32_t nblocked; /* active without a time limit */
static uint64_t serial;
static uint64_t changes; /* waits begun and ended; atomic */

bool wait_active(const struct actor *a)
{
    return __atomic_load_n(&a->wait.active, __ATOMIC_SEQ_CST);
}

static bool timed(const struct actor *a)
{
    return a->wait.f.how & HOW_TIMED;
}

static bool cancelled(const struct actor *a)
{
    return __atomic_load_n(&a->cancelled, __ATOMIC_SEQ_CST);
}

void actor_cancelled(struct actor *a)
{
    __atomic_store_n(&a->cancelled, true, __ATOMIC_SEQ_CST);
}

/* ---- who could end a wait that has holders --------------------------------------------------------------------------- */

/* Calls visit(ctx, holder) for each; stops when it returns true. `holder` may be running. */
struct visitor {
    bool (*visit)(struct visitor *v, struct actor *waits, struct actor *holder);
    void *found;
};

static bool visit_owner(struct visitor *v, struct actor *w, uintptr_t addr)
{
    struct lock *l = lock_find(addr);
    struct actor *owner = l ? __atomic_load_n(&l->owner, __ATOMIC_RELAXED) : NULL;
    return owner && v->visit(v, w, owner);
}

/* Readers, and for a read lock that lets writers pass, writers that wait. Caller holds actors_lock. */
static bool visit_others(struct visitor *v, struct actor *w)
{
    const struct wait_for *f = &w->wait.f;
    bool found = false;
    for (struct actor *o = actors_newest; o && !found; o = o->older) {
        if (o->ended || !(o == w || wait_active(o)))
            continue;
        const struct held *h = held_find(o, f->key);
        if (f->how & HOW_EXCLUSIVE)
            found = h && v->visit(v, w, o);
        else if (!(f->how & HOW_READERS_FIRST) && o != w)
            found = o->wait.f.thing == THING_RWLOCK && o->wait.f.key == f->key && o->wait.f.how & HOW_EXCLUSIVE &&
                    v->visit(v, w, o);
    }
    return found;
}

static bool visit_holders(struct visitor *v, struct actor *w)
{
    const struct wait_for *f = &w->wait.f;
    switch (f->thing) {
    case THING_MUTEX:
    case THING_SPIN:
    case THING_ONCE:
        return !timed(w) && visit_owner(v, w, f->key);
    case THING_RWLOCK:
        return !timed(w) && (visit_owner(v, w, f->key) || visit_others(v, w));
    case THING_THREAD:
        return !timed(w) && !cancelled(w) && f->target && v->visit(v, w, f->target);
    case THING_COND:
        return f->mutex && visit_owner(v, w, f->mutex); /* also after a time limit */
    default:
        return false;
    }
}

bool wait_has_holders(const struct actor *w)
{
    return w->wait.f.thing <= THING_SPIN || w->wait.f.thing == THING_THREAD || w->wait.f.thing == THING_ONCE;
}

/* ---- a cycle --------------------------------------------------------------------------------------------------------- */

struct search {
    struct visitor v;
    struct actor *start, *last; /* of the queue */
};

static bool reach(struct visitor *v, struct actor *w, struct actor *holder)
{
    struct search *s = (struct search *)v;
    if (holder == s->start) {
        v->found = w;
        return true;
    }
    if (holder->wait.mark == serial || !wait_active(holder))
        return false;
    holder->wait.mark = serial;
    holder->wait.from = w;
    holder->wait.queue = NULL;
    s->last->wait.queue = holder;
    s->last = holder;
    return false;
}

/* The one who waits for `a` at the end of a chain that begins with it, or NULL; the chain is in wait.from. */
static struct actor *cycle_with(struct actor *a)
{
    struct search s = {{reach, NULL}, a, a};
    a->wait.mark = ++serial;
    a->wait.from = a->wait.queue = NULL;
    os_lock(&actors_lock);
    for (struct actor *w = a; w && !s.v.found; w = w->wait.queue)
        visit_holders(&s.v, w);
    os_unlock(&actors_lock);
    return s.v.found;
}

static bool first_holder(struct visitor *v, struct actor *w, struct actor *holder)
{
    (void)w;
    v->found = holder;
    return true;
}

/* ---- everybody ----------------------------------------------------------------------------------------------------------- */

static bool is_stuck(struct visitor *v, struct actor *w, struct actor *holder)
{
    (void)v;
    (void)w;
    return !holder->ended && holder->wait.stuck;
}

/* A wait that anybody may end, by somebody outside, or because it has been. */
static bool could_end(const struct wait_for *f)
{
    if (f->how & HOW_OUTSIDE || (f->available && f->available(f)))
        return true;
    const struct lock *l = f->thing == THING_COND ? lock_find(f->key) : NULL;
    return l && l->pending;
}

void waits_lock(void)
{
    os_lock(&waits);
}

void waits_unlock(void)
{
    os_unlock(&waits);
}

uint32_t waits_without_limit(void)
{
    return __atomic_load_n(&nblocked, __ATOMIC_RELAXED);
}

bool wait_may_end(struct actor *a)
{
    return timed(a) || cancelled(a) || could_end(&a->wait.f);
}

struct each_holder {
    struct visitor v;
    bool (*visit)(struct actor *holder, void *ctx);
    void *ctx;
};

static bool visit_each(struct visitor *v, struct actor *w, struct actor *holder)
{
    struct each_holder *each = (struct each_holder *)v;
    (void)w;
    return each->visit(holder, each->ctx);
}

bool wait_each_holder(struct actor *a, bool (*visit)(struct actor *holder, void *ctx), void *ctx)
{
    struct each_holder each = {{visit_each, NULL}, visit, ctx};
    return visit_holders(&each.v, a);
}

static bool orphaned(const struct wait_for *f)
{
    const struct lock *l = f->thing <= THING_SPIN ? lock_find(f->key) : NULL;
    return l && l->orphan;
}

/* Whether all that live wait for one another. Caller holds `waits`. Sets wait.stuck. *anybody: some wait for what anybody
 * could give. */
static bool all_stuck(bool *anybody)
{
    bool all = true;
    *anybody = false;
    os_lock(&actors_lock);
    for (struct actor *a = actors_newest; a && all; a = a->older) {
        a->wait.stuck = true;
        all = a->ended || (wait_active(a) && !timed(a));
        if (!a->ended && all && !wait_has_holders(a)) {
            *anybody = true;
            all = !cancelled(a) && !could_end(&a->wait.f);
        }
    }
    /* Each wait for a holder must have one that is stuck; without, it is about to go on, or we do not know its holder. */
    for (struct actor *a = actors_newest; a && all; a = a->older) {
        struct visitor v = {is_stuck, NULL};
        if (!a->ended && wait_has_holders(a))
            all = visit_holders(&v, a) || orphaned(&a->wait.f);
    }
    os_unlock(&actors_lock);
    return all;
}

static enum sleeper whose(int tid)
{
    enum sleeper s = SLEEPER_UNKNOWN;
    os_lock(&actors_lock);
    for (struct actor *a = actors_newest; a && s == SLEEPER_UNKNOWN; a = a->older)
        if (!a->ended && actor_tid(a) == tid)
            s = wait_active(a) && wait_has_holders(a) ? SLEEPER_STUCK : SLEEPER_WAITS;
    os_unlock(&actors_lock);
    return s;
}

static void describe_all(struct report_of_waits *r)
{
    int n = 0;
    os_lock(&actors_lock);
    for (struct actor *a = actors_newest; a; a = a->older)
        n += !a->ended && wait_active(a);
    bool room = wait_report_open(r, n);
    for (struct actor *a = actors_newest; a && room; a = a->older) {
        struct visitor v = {first_holder, NULL};
        if (a->ended || !wait_active(a))
            continue;
        visit_holders(&v, a);
        wait_report_add(r, a, v.found, NULL);
    }
    os_unlock(&actors_lock);
}

#define YIELDS 20 /* given to those who were woken a moment ago, before anybody sleeps for them */

static bool lock_waits(struct actor *by)
{
    if (by && !actor_enter(by))
        return false;
    os_lock(&waits);
    return true;
}

static void unlock_waits(struct actor *by)
{
    os_unlock(&waits);
    if (by)
        actor_leave(by);
}

/* `by` may be NULL: the caller then lets no signal handler run. Outside of the core. */
static void check_everybody(struct actor *by)
{
    for (int tries = 0;; tries++) {
        bool anybody;
        if (!lock_waits(by))
            return;
        uint64_t before = __atomic_load_n(&changes, __ATOMIC_SEQ_CST);
        bool all = nblocked >= actors_alive() && all_stuck(&anybody);
        unlock_waits(by);
        if (!all || (anybody && host.others && host.others()))
            return;
        enum asleep how = ASLEEP_ALL;
        if (anybody && host.asleep)
            how = tries < YIELDS / 4 ? ASLEEP_NOT_YET : host.asleep(whose);
        if (how == ASLEEP_UNKNOWN)
            return;
        if (how == ASLEEP_NOT_YET) {
            if (tries < YIELDS)
                os_yield();
            else
                os_sleep_ms(1);
            if (before != __atomic_load_n(&changes, __ATOMIC_SEQ_CST))
                return; /* who goes on, or comes, asks again when it waits */
            continue;
        }
        struct report_of_waits r = {0};
        bool reported = false;
        if (!lock_waits(by))
            return;
        all = before == __atomic_load_n(&changes, __ATOMIC_SEQ_CST) && all_stuck(&anybody);
        for (struct actor *a = actors_newest; a && all; a = a->older)
            reported |= !a->ended && a->wait.reported;
        if (all && !reported)
            describe_all(&r);
        unlock_waits(by);
        if (all && r.steps) {
            wait_report_hand_over(by, &r, true);
        } else if (all && reported && host.deadlocked) {
            wait_reports_finish();
            host.deadlocked(true);
        }
        return;
    }
}

/* ---- verbs --------------------------------------------------------------------------------------------------------------- */

/* A lock of threads belongs to the thread that took it, and the goroutine may go on with another one. */
static void check_switch(struct actor *a, uintptr_t pc)
{
    for (unsigned i = 0; i < a->nheld; i++)
        if (!a->held[i].green && a->held[i].thing <= THING_SPIN) {
            misuse(a, MISUSE_HELD_ACROSS_SWITCH, (enum thing)a->held[i].thing, a->held[i].addr, NULL, pc);
            return;
        }
}

void wait_begin(struct actor *a, const struct wait_for *f, uintptr_t pc)
{
    if (host.no_waits)
        return;
    uint32_t stack = context_stack(a, pc);
    if (!actor_enter(a))
        return;
    record(a, TRACE_WAIT, f->key, HOW(f->thing, f->how), pc);
    struct report_of_waits r = {0};
    os_lock(&waits);
    a->wait = (struct wait){.f = *f, .stack = stack, .sp = parked_here(), .reported = f->told};
    __atomic_store_n(&a->wait.active, true, __ATOMIC_SEQ_CST);
    __atomic_fetch_add(&changes, 1, __ATOMIC_SEQ_CST);
    bool check = false, found = false, other_mutex = false;
    struct lock *condition = f->thing == THING_COND ? lock_at(f->key, THING_COND) : NULL;
    if (condition) {
        other_mutex = condition->waiters++ && condition->waited_with != f->mutex;
        condition->waited_with = f->mutex;
    }
    if (!timed(a)) {
        nblocked++;
        struct actor *end = cycle_with(a);
        /* A goroutine that waits for a lock of its own may have been promised that somebody else unlocks it. */
        if (end == a && actor_green(a))
            end = NULL;
        found = end && wait_report_cycle(a, end, &r);
        if (!end)
            found = wait_report_orphan(a, &r);
        check = nblocked >= actors_alive();
    }
    os_unlock(&waits);
    actor_leave(a);
    if (actor_green(a))
        check_switch(a, pc);
    if (other_mutex)
        misuse(a, MISUSE_TWO_MUTEXES, THING_COND, f->key, NULL, pc);
    if (found)
        wait_report_hand_over(a, &r, false);
    if (check)
        check_everybody(a);
}

static void condition_left(struct actor *a, bool gave_up)
{
    struct lock *l = a->wait.f.thing == THING_COND ? lock_find(a->wait.f.key) : NULL;
    if (!l || !l->waiters)
        return;
    l->waiters--;
    if (!gave_up) {
        l->back++;
        if (l->pending)
            l->pending--;
    }
    if (l->pending > l->waiters)
        l->pending = l->waiters;
}

static void end(struct actor *a, bool gave_up)
{
    if (!wait_active(a))
        return;
    __atomic_store_n(&a->wait.active, false, __ATOMIC_SEQ_CST);
    __atomic_fetch_add(&changes, 1, __ATOMIC_SEQ_CST);
    actor_pass(a); /* who has stopped the world and seen `active` relies on it */
    bool nested = a->inside;
    a->inside = 1;
    compiler_barrier();
    if (a->stocks)
        record(a, TRACE_WAITED, a->wait.f.key, 0, 0);
    os_lock(&waits);
    if (!timed(a))
        nblocked--;
    condition_left(a, gave_up);
    os_unlock(&waits);
    if (!nested)
        actor_leave(a);
}

void wait_end(struct actor *a)
{
    end(a, false);
}

void wait_woken(struct actor *a)
{
    if (!wait_active(a))
        return;
    __atomic_store_n(&a->wait.active, false, __ATOMIC_SEQ_CST);
    __atomic_fetch_add(&changes, 1, __ATOMIC_SEQ_CST);
    os_lock(&waits);
    if (!timed(a))
        nblocked--;
    os_unlock(&waits);
}

void wait_all_asleep(void)
{
    struct report_of_waits r = {0};
    bool reported = false;
    os_lock(&waits);
    for (struct actor *a = actors_newest; a; a = a->older)
        reported |= !a->ended && wait_active(a) && a->wait.reported;
    if (!reported)
        describe_all(&r);
    os_unlock(&waits);
    if (r.steps && r.n) {
        wait_report_hand_over(NULL, &r, true);
    } else if (host.deadlocked) {
        wait_reports_finish();
        host.deadlocked(true);
    }
}

void wait_given_up(struct actor *a)
{
    end(a, true);
}

uint64_t wait_signalling(struct actor *a, uint64_t key)
{
    if (!actor_enter(a))
        return 0;
    const struct lock *l = lock_find(key);
    uint64_t back = l ? __atomic_load_n(&l->back, __ATOMIC_SEQ_CST) : 0;
    actor_leave(a);
    return back;
}

void wait_signalled(struct actor *a, uint64_t key, bool all, uint64_t before)
{
    if (!actor_enter(a))
        return;
    struct lock *l = lock_find(key);
    if (l && __atomic_load_n(&l->waiters, __ATOMIC_SEQ_CST)) {
        os_lock(&waits);
        if (all)
            l->pending = l->waiters;
        else if (l->back == before && l->pending < l->waiters)
            l->pending++;
        os_unlock(&waits);
    }
    actor_leave(a);
}

void wait_check(struct actor *by)
{
    if (nblocked && nblocked >= actors_alive())
        check_everybody(by);
}

void wait_actor_ends(struct actor *a)
{
    os_lock(&waits);
    if (a->wait.active) { /* cancelled in it */
        nblocked -= !timed(a);
        condition_left(a, true);
        a->wait.active = false;
    }
    held_orphaned(a, false);
    os_unlock(&waits);
}

void wait_only(struct actor *a)
{
    nblocked = 0;
    a->wait.active = false;
}

bool condition_waited(struct actor *a, uintptr_t addr)
{
    if (!actor_enter(a))
        return false;
    const struct lock *l = lock_find(addr);
    os_lock(&waits);
    bool waited = l && l->waiters > l->pending;
    os_unlock(&waits);
    actor_leave(a);
    return waited;
}
