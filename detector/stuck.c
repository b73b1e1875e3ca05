/* Who can never go on, looked at while the program runs (verbs in locks.h, the rule in left.c).
 *
 * All that could move a pointer has to stand still. The world is stopped: whoever comes into the core stands at its gate, and so
 * does whoever comes out of a wait or of a call in which it sleeps (parked.h). None of that is waited for: who sleeps
 * is as good as one at the gate. So the program is not interrupted, and no call of it fails. Who neither sleeps nor comes to
 * the gate, because it computes in code without hooks, is waited for as long as the caller wishes; then nothing is claimed.
 *
 * Of each actor it is known where its stack is in use and that its registers are saved there. Who waits without a time limit for
 * what only the process could give may be stuck; all others are roots. Who was woken but is not yet back still looks like
 * one that waits: but it is awake, so the host is asked whether those that would be called stuck sleep (threads), and who is at
 * the gate might just be waking a goroutine, so of goroutines nothing is claimed while somebody is.
 *
 * A stranger, a thread without an actor, could know anything. */
#include "left.h"

#include "heap.h"
#include "reach.h"
#include "wait.h"

#define GLANCES 20          /* at those that are about to come to the gate, before anybody sleeps for them */
#define LONGEST 20          /* milliseconds that the world stands still for those */
#define GREEN_SLACK 1024    /* a goroutine saves its registers when it is switched away from, not far below where it has told of its wait */
#define BUSY 200            /* looks at goroutines, a millisecond apart, of which one is to find nobody at the gate */
#define ASKED 1000          /* times, a millisecond apart, that threads are asked whether they sleep: one may have no processor yet */
#define DTV_MOST 4096       /* entries of a thread's table of dynamic thread-local storage */

static struct oslock one; /* look at a time */

static struct {
    bool busy; /* somebody is at the gate, and may be just waking a goroutine */
    size_t candidates, green;
} seen;

enum standing { RUNS, WAITS, STANDS, RESTS, SUSPENDED };

static bool in_stack(const struct actor *a, uintptr_t sp)
{
    return sp - a->stack_lo < a->stack_size;
}

static enum standing standing(const struct actor *a)
{
    if (wait_active(a) && !__atomic_load_n(&a->handlers, __ATOMIC_SEQ_CST))
        return WAITS;
    if (__atomic_load_n(&a->parked.is, __ATOMIC_SEQ_CST) && (!actor_green(a) || in_stack(a, a->parked.sp)))
        return a->cancelled ? RUNS : STANDS; /* cleans up, without having come back */
    if (a->rests)
        return RESTS;
    return actor_green(a) && !a->stocks ? SUSPENDED : RUNS;
}

enum interrupted actor_interrupted(struct actor *a, uintptr_t sp, bool slept, struct parked *before)
{
    if (wait_active(a) && slept)
        return INTERRUPTED_WAIT;
    if (a->parked.is)
        return INTERRUPTED_CALL;
    *before = a->parked;
    __atomic_fetch_add(&a->handlers, 1, __ATOMIC_RELAXED);
    actor_parks(a, a->rests ? "" : NULL, -1, sp);
    return INTERRUPTED_WORK;
}

static bool all_stand(const struct actor *by)
{
    bool all = true;
    seen.candidates = seen.green = 0;
    seen.busy = false;
    os_lock(&actors_lock);
    for (const struct actor *a = actors_newest; a && all; a = a->older) {
        if (a->ended || a == by)
            continue;
        enum standing how = standing(a);
        all = how != RUNS;
        seen.candidates += how == WAITS;
        seen.green += how == WAITS && actor_green(a);
        seen.busy |= how == STANDS && !a->parked.call;
    }
    os_unlock(&actors_lock);
    return all;
}

/* With the lock of waits, if true. */
static bool all_come(const struct actor *by, unsigned *tries)
{
    for (unsigned glance = 0;; glance++) {
        waits_lock();
        if (all_stand(by))
            return true;
        waits_unlock();
        if (glance < GLANCES) {
            os_yield();
        } else if (*tries && glance < GLANCES + LONGEST) {
            --*tries;
            os_sleep_ms(1);
        } else {
            return false;
        }
    }
}

/* With the world stopped and the lock of waits, if true. Who does not come may need what one at the gate has: then all go on for
 * a moment. */
static bool stop(struct actor *by, unsigned tries)
{
    for (int busy = 0;; busy++) {
        world_stop(by);
        if (all_come(by, &tries)) {
            if (!seen.busy || !seen.green || !tries || busy == BUSY)
                return true;
            waits_unlock();
        }
        world_start(by);
        if (!tries)
            return false;
        tries--;
        os_sleep_ms(1);
    }
}

/* ---- what is in use ------------------------------------------------------------------------------------------------------ */

static uintptr_t stack_end(const struct actor *a)
{
    return a->stack_lo + a->stack_size;
}

/* Where its frames end: above are thread-local variables, or what the kernel has put on the first stack. */
static uintptr_t frames_end(const struct actor *a)
{
    if (a->light)
        return stack_end(a);
    if (a->stack_top && in_stack(a, a->stack_top))
        return a->stack_top;
    return a->locals_size && in_stack(a, a->locals_lo) ? a->locals_lo : stack_end(a);
}

static uintptr_t control_block(const struct actor *a)
{
    return a->locals_lo + a->locals_size;
}

/* glibc: the second word of the control block leads to the table; its first entry, the number of the others, lies before that. */
static void dynamic_locals(const struct actor *a)
{
    uintptr_t table, n;
    if (a->locals_lo && os_peek(&table, control_block(a) + 8, sizeof table) && table &&
        os_peek(&n, table - 16, sizeof n) && n < DTV_MOST)
        reach_root(OBJECT_TLS, table, table + 16 + n * 16, a);
}

/* All that lies above sp, and what is its own. */
static void root_of(const struct actor *a, uintptr_t sp)
{
    if (!in_stack(a, sp))
        reach_lose();
    reach_root(OBJECT_STACK, sp, stack_end(a), a);
    if (!a->light)
        reach_root(OBJECT_TLS, a->locals_lo, a->locals_lo ? control_block(a) + LEFT_BLOCK : 0, a);
}

/* A handler of the program could run on top of it: that breaks off waits on semaphores, and knows its thread's variables. */
static bool ends_by_handler(const struct actor *a)
{
    return !actor_green(a) && (a->wait.f.thing == THING_SEM || a->wait.f.thing == THING_FUTEX);
}

/* What POSIX has as a cancellation point. */
static bool ends_by_cancel(const struct actor *a)
{
    const enum thing thing = a->wait.f.thing;
    return !actor_green(a) && (thing == THING_COND || thing == THING_SEM || thing == THING_THREAD || thing == THING_FUTEX);
}

static void waits_here(struct actor *a, bool handlers, bool cancels)
{
    uintptr_t sp = a->wait.sp;
    if (actor_green(a))
        sp = sp - a->stack_lo > GREEN_SLACK ? sp - GREEN_SLACK : a->stack_lo;
    if (!in_stack(a, sp) || wait_may_end(a) || (handlers && ends_by_handler(a)) || (cancels && ends_by_cancel(a))) {
        root_of(a, sp);
        return;
    }
    struct waiting *w = left_add(a, sp, frames_end(a));
    w->key = a->wait.f.key;
    w->by_stack = a->wait.f.thing == THING_SELECT;
    if (a->light || !a->locals_lo)
        return;
    w->block = control_block(a);
    if (handlers) {
        reach_root(OBJECT_TLS, a->locals_lo, w->block, a);
    } else {
        w->locals = a->locals_lo;
        reach_piece(a->locals_lo, w->block, a);
    }
}

static void tell_sleeper(const struct stuck_look *look, const struct actor *a, const char *call, int fd)
{
    struct finding_actor who;
    if (!look->sleeps || !call || !*call)
        return;
    actor_describe_live(a, &who);
    look->sleeps(look->arg, &who, call, fd);
}

static void name_actors(struct actor *by, struct stuck_look *look)
{
    bool handlers = host.others && host.others();
    os_lock(&actors_lock);
    for (struct actor *a = actors_newest; a; a = a->older) {
        enum standing how = a->ended || a == by ? RESTS : standing(a);
        if (a->ended && !a->light && a->locals_lo) /* not joined yet: what it has returned */
            reach_root(OBJECT_TLS, control_block(a), control_block(a) + LEFT_BLOCK, a);
        else if (!a->ended && !a->light)
            dynamic_locals(a);
        if (how == WAITS)
            waits_here(a, handlers, look->cancels);
        else if (how == SUSPENDED && !a->stack_size)
            look->unborn = true;
        else if (how == STANDS || how == SUSPENDED)
            root_of(a, how == STANDS ? a->parked.sp : a->stack_lo);
        if (how == STANDS)
            tell_sleeper(look, a, a->parked.call, a->parked.fd);
        else if (how == WAITS && wait_may_end(a))
            tell_sleeper(look, a, "a wait that may end by itself", -1);
    }
    os_unlock(&actors_lock);
}

/* ---- who is stuck ---------------------------------------------------------------------------------------------------------- */

/* For the host: of those that would be called stuck, whether they sleep. */
static enum sleeper whose(int tid)
{
    enum sleeper s = SLEEPER_UNKNOWN;
    os_lock(&actors_lock);
    for (const struct actor *a = actors_newest; a && s == SLEEPER_UNKNOWN; a = a->older)
        if (!a->ended && actor_tid(a) == tid)
            s = a->wait.stuck ? SLEEPER_WAITS : SLEEPER_STUCK;
    os_unlock(&actors_lock);
    return s;
}

static bool they_sleep(void)
{
    enum asleep how = host.asleep ? ASLEEP_NOT_YET : ASLEEP_ALL;
    for (int i = 0; i < ASKED && how == ASLEEP_NOT_YET; i++) {
        if (i)
            os_sleep_ms(1);
        how = host.asleep(whose);
    }
    return how == ASLEEP_ALL;
}

static bool is_stuck(const struct waiting *w)
{
    return !w->reached && wait_active(w->a) && !(seen.busy && actor_green(w->a));
}

#define HOLDS_UP UINT64_MAX /* as wait.mark */

static bool note_holder(struct actor *holder, void *ctx)
{
    (void)ctx;
    holder->wait.mark = HOLDS_UP;
    return false;
}

/* At the end of a process threads may wait for ever for work, in a pool that nobody needs any more, and others for their end. A
 * lock is another matter: who holds it for ever, and who waits for it, are as they should not be. */
static bool for_lock(const struct waiting *w)
{
    return wait_has_holders(w->a) && w->a->wait.f.thing != THING_THREAD;
}

static void note_holders(void)
{
    os_lock(&actors_lock);
    for (size_t i = 0; i < left_count(); i++)
        left_at(i)->a->wait.mark = 0;
    for (size_t i = 0; i < left_count(); i++)
        if (is_stuck(left_at(i)) && for_lock(left_at(i)))
            wait_each_holder(left_at(i)->a, note_holder, NULL);
    os_unlock(&actors_lock);
}

static bool is_idle(const struct waiting *w)
{
    return !for_lock(w) && w->a->wait.mark != HOLDS_UP;
}

static struct left_report *judge(struct stuck_look *look)
{
    struct left_report *reports = NULL;
    bool any = false;
    left_solve();
    for (size_t i = 0; i < left_count(); i++)
        any |= is_stuck(left_at(i));
    look->known = !reach_lost() && (!any || they_sleep());
    note_holders();
    for (size_t i = 0; i < left_count(); i++) {
        struct waiting *w = left_at(i);
        const bool before = wait_active(w->a) && w->a->wait.reported; /* what was proved stays true */
        const bool stuck = before || (look->known && is_stuck(w) && !(look->at_end && is_idle(w)));
        look->proved += stuck;
        look->waiting += !stuck;
        w->reached = !stuck;
        look->undecided += !stuck && !w->reached && !look->at_end;
        w->told |= stuck ? before : !look->suspected;
        w->a->wait.reported |= stuck;
    }
    for (size_t i = 0; i < left_count(); i++)
        if (!left_at(i)->told)
            reports = left_report(reports, i);
    return reports;
}

static uint32_t actors(void)
{
    uint32_t n = 0;
    os_lock(&actors_lock);
    for (const struct actor *a = actors_newest; a; a = a->older)
        n++;
    os_unlock(&actors_lock);
    return n;
}

bool stuck_possible(void)
{
    return waits_possible();
}

void stuck_look(struct actor *by, struct stuck_look *look)
{
    struct left_report *reports = NULL;
    look->known = look->unborn = false;
    look->proved = look->waiting = look->undecided = 0;
    if (host.no_waits || !os_trylock(&one))
        return;
    if (stop(by, look->tries)) {
        if (seen.candidates == 0) {
            look->known = true;
        } else if (left_open(actors()) && reach_begin(look->pages)) {
            if (by) {
                root_of(by, look->sp);
                left_registers(look->registers);
            }
            name_actors(by, look);
            if (look->name_memory)
                look->name_memory(look);
            if (heap_lost())
                reach_lose();
            if (reach_ready())
                reports = judge(look);
            reach_end();
        }
        left_close();
        waits_unlock();
        world_start(by);
    }
    left_hand_over(by, reports);
    os_unlock(&one);
}
