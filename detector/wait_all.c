/* Whether all that live wait for one another: looked at by whoever is the last to block or to end (see wait.h). */
#include "lock.h"
#include "wait.h"
#include "wait_report.h"

#ifndef YIELDS    /* tests/unit/test_wait_steps.c has fewer */
#define YIELDS 20 /* given to those who were woken a moment ago, before anybody sleeps for them */
#endif

static bool is_stuck(struct actor *holder, void *ctx)
{
    (void)ctx;
    return !holder->ended && holder->wait.stuck;
}

static bool note_first(struct actor *holder, void *ctx)
{
    *(struct actor **)ctx = holder;
    return true;
}

/* A wait that anybody may end, by somebody outside, or because it has been. */
static bool could_end(const struct wait_for *f)
{
    if (f->how & HOW_OUTSIDE || (f->available && f->available(f)))
        return true;
    const struct lock *l = f->thing == THING_COND ? lock_find(f->key) : NULL;
    return l && l->pending;
}

bool wait_may_end(struct actor *a)
{
    return wait_timed(a) || wait_cancelled(a) || could_end(&a->wait.f);
}

static bool orphaned(const struct wait_for *f)
{
    const struct lock *l = f->thing <= THING_SPIN ? lock_find(f->key) : NULL;
    return l && l->orphan;
}

/* Whether all that live wait for one another. With the lock of waits. Sets wait.stuck. *anybody: some wait for what anybody
 * could give. */
static bool all_stuck(bool *anybody)
{
    bool all = true;
    *anybody = false;
    os_lock(&actors_lock);
    for (struct actor *a = actors_newest; a && all; a = a->older) {
        a->wait.stuck = true;
        all = a->ended || (wait_active(a) && !wait_timed(a));
        if (!a->ended && all && !wait_has_holders(a)) {
            *anybody = true;
            all = !wait_cancelled(a) && !could_end(&a->wait.f);
        }
    }
    /* Each wait for a holder must have one that is stuck; without, it is about to go on, or we do not know its holder. */
    for (struct actor *a = actors_newest; a && all; a = a->older)
        if (!a->ended && wait_has_holders(a))
            all = wait_each_holder(a, is_stuck, NULL) || orphaned(&a->wait.f);
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
        struct actor *holder = NULL;
        if (a->ended || !wait_active(a))
            continue;
        wait_each_holder(a, note_first, &holder);
        wait_report_add(r, a, holder, NULL);
    }
    os_unlock(&actors_lock);
}

static bool lock_waits(struct actor *by)
{
    if (by && !actor_enter(by))
        return false;
    waits_lock();
    return true;
}

static void unlock_waits(struct actor *by)
{
    waits_unlock();
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
        uint64_t before = wait_changes();
        bool all = waits_without_limit() >= actors_alive() && all_stuck(&anybody);
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
            if (before != wait_changes())
                return; /* who goes on, or comes, asks again when it waits */
            continue;
        }
        struct report_of_waits r = {0};
        bool reported = false;
        if (!lock_waits(by))
            return;
        all = before == wait_changes() && all_stuck(&anybody);
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

void wait_all_asleep(void)
{
    struct report_of_waits r = {0};
    bool reported = false;
    waits_lock();
    for (struct actor *a = actors_newest; a; a = a->older)
        reported |= !a->ended && wait_active(a) && a->wait.reported;
    if (!reported)
        describe_all(&r);
    waits_unlock();
    if (r.steps && r.n) {
        wait_report_hand_over(NULL, &r, true);
    } else if (host.deadlocked) {
        wait_reports_finish();
        host.deadlocked(true);
    }
}

void wait_check(struct actor *by)
{
    const uint32_t blocked = waits_without_limit();
    if (blocked && blocked >= actors_alive())
        check_everybody(by);
}
