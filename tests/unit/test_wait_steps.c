/* Waits that begin and end without the lock (wait.h), step by step: wait.c and wait_all.c are compiled once more here, with a
 * scheduling point before each atomic operation and each lock in them, and three goroutines are run through all orders of these steps
 * that need at most PREEMPTIONS interruptions. In each order:
 *
 *   - while one of them can go on, nobody says that all are stuck;
 *   - when all wait, it is said (perhaps by two that look at the same time; the filter shows one);
 *   - at each step the count of waits is that of those that are active, but for who is about to change it, and each beginning and end
 *     is a change (which the looks themselves need not notice: a second look sees most of it as well).
 *
 * One waits (sleeper), one ends that wait and then waits itself (waker), one begins to wait (other). main waits all the time. What the
 * sleeper does then is the test's: it goes on for ever, waits again, or hands on to the waker and waits again, so that at each moment
 * somebody is awake, and never the one that is looked at. Or nobody wakes it: it is cancelled while all are looked at. */
#include <ucontext.h>

#include "../../detector/actor.h"
#include "../../detector/lock.h"
#include "../../detector/record.h"
#include "../../detector/wait_report.h"
#include "recorder.h"

enum who { SLEEPER, WAKER, OTHER, EVERYBODY };
enum {
    PREEMPTIONS = 3,
    POINTS = 80 /* in which they are: what comes behind looks again and again at the same */,
    STACK = 1 << 17
};

/* ---- one run ----------------------------------------------------------------------------------------------------------- */

struct goroutine {
    ucontext_t context;
    struct actor *actor;
    bool over;   /* its script has ended: it sleeps, or has not been asked to do anything */
    bool naps;   /* in os_sleep_ms: for its host a thread that sleeps */
    bool awake;  /* could go on: nobody may call it stuck */
    bool called; /* somebody has woken its thread */
    bool begins, ends; /* a wait: between the two parts of that they need not agree */
};

/* At point `at` the one that runs is interrupted, and `to` goes on. */
struct preemption {
    int at;
    enum who to;
};

static struct {
    struct goroutine g[EVERYBODY];
    ucontext_t test;
    enum who now;
    int points, next; /* passed; the preemption to come */
    const struct preemption *preemptions;
    int npreemptions;
    bool may_go[POINTS][EVERYBODY]; /* by point */
    const char *wrong;
    bool itself; /* who is woken ends its wait itself, when its thread runs; else who wakes it does */
    enum { STAYS_AWAKE, WAITS_AGAIN, HANDS_ON, IS_CANCELLED } then;
} run;

static char stacks[EVERYBODY][STACK];

static void go_to(enum who next)
{
    enum who before = run.now;
    if (next == before)
        return;
    run.now = next;
    swapcontext(&run.g[before].context, &run.g[next].context);
}

/* Somebody else, when there is one: the next in turn. */
static void give_way(void)
{
    for (int i = 1; i < EVERYBODY; i++) {
        enum who next = (enum who)((run.now + i) % EVERYBODY);
        if (!run.g[next].over) {
            go_to(next);
            return;
        }
    }
}

static uint64_t tally; /* wait.c */

/* A wait is active before it is counted, and not any more before it is not counted any more. main waits, and so all are. */
static void check_tally(void)
{
    int active = main_actor->wait.active, begins = 0, ends = 0;
    for (int i = 0; i < EVERYBODY; i++) {
        active += run.g[i].actor->wait.active;
        begins += run.g[i].begins;
        ends += run.g[i].ends;
    }
    const int more = active - (int)(uint32_t)tally;
    if (more > begins || -more > ends)
        run.wrong = "the count of waits is wrong";
}

static bool point(void)
{
    int at = run.points++;
    check_tally();
    if (at < POINTS)
        for (int i = 0; i < EVERYBODY; i++)
            run.may_go[at][i] = i != (int)run.now && !run.g[i].over;
    if (run.next < run.npreemptions && run.preemptions[run.next].at == at)
        go_to(run.preemptions[run.next++].to);
    return true;
}

static void lock(struct oslock *l)
{
    while (point() && !os_trylock(l))
        give_way();
}

static void nap(void)
{
    run.g[run.now].naps = true;
    give_way();
    run.g[run.now].naps = false;
}

#define __atomic_load_n(place, order) (point() ? __atomic_load_n(place, order) : 0)
#define __atomic_store_n(place, value, order) (point() ? __atomic_store_n(place, value, order) : (void)0)
#define __atomic_fetch_add(place, value, order) (point() ? __atomic_fetch_add(place, value, order) : 0)
#define os_lock(l) lock(l)
#define os_yield() give_way()
#define os_sleep_ms(ms) nap()
#define YIELDS 4
#include "../../detector/wait.c"
#include "../../detector/wait_all.c"
#undef __atomic_load_n
#undef __atomic_store_n
#undef __atomic_fetch_add
#undef os_lock
#undef os_yield
#undef os_sleep_ms

/* Whether all threads sleep, as the host finds by looking at one after the other. */
static enum asleep asleep(enum sleeper (*who)(int tid))
{
    (void)who;
    if (run.then == IS_CANCELLED && !run.g[SLEEPER].awake) { /* from outside, which is no change of waits */
        run.g[SLEEPER].awake = true;
        actor_cancelled(run.g[SLEEPER].actor);
        return ASLEEP_ALL;
    }
    for (int i = 0; i < EVERYBODY; i++) {
        const struct goroutine *g = &run.g[i];
        if (point() && i != (int)run.now && !g->naps && (!g->over || g->called))
            return ASLEEP_NOT_YET;
    }
    return ASLEEP_ALL;
}

static void (*record_finding)(struct actor *, const struct finding *);

static void found(struct actor *by, const struct finding *f)
{
    for (int i = 0; i < EVERYBODY; i++)
        if (run.g[i].awake)
            run.wrong = "all are called stuck, and one of them can go on";
    record_finding(by, f);
}

/* ---- what they do ------------------------------------------------------------------------------------------------------------ */

static void wait_for_ever(enum who who)
{
    const uint64_t changes = wait_changes();
    run.g[who].awake = false;
    run.g[who].begins = true;
    wait_begin(run.g[who].actor, &(struct wait_for){.thing = THING_CHANNEL, .key = 0x1000}, 0x100u + who);
    run.g[who].begins = false;
    if (changes == wait_changes())
        run.wrong = "a wait has begun, and it counts as no change";
}

static void end_wait(enum who who, void (*how)(struct actor *))
{
    const uint64_t changes = wait_changes();
    run.g[who].ends = true;
    how(run.g[who].actor);
    run.g[who].ends = false;
    if (changes == wait_changes())
        run.wrong = "a wait has ended, and it counts as no change";
}

static void end_as_waker(struct actor *a)
{
    if (wait_woken(a))
        wait_let_look();
}

static void wake(enum who who)
{
    struct goroutine *g = &run.g[who];
    g->awake = true;
    if (!run.itself)
        end_wait(who, end_as_waker);
    g->called = true;
    g->over = false;
}

static void woken(enum who who)
{
    run.g[who].called = false;
    if (run.itself)
        end_wait(who, wait_end);
}

static void sleeper(int round)
{
    (void)round;
    woken(SLEEPER);
    if (run.then == HANDS_ON) {
        while (!run.g[WAKER].over) /* who is not asleep yet cannot be woken */
            give_way();
        wake(WAKER);
    }
    if (run.then != STAYS_AWAKE)
        wait_for_ever(SLEEPER);
}

static void waker(int round)
{
    if (round == 0) {
        if (run.then != IS_CANCELLED)
            wake(SLEEPER);
        wait_for_ever(WAKER);
    } else {
        woken(WAKER);
    }
}

static void other(int round)
{
    (void)round;
    wait_for_ever(OTHER);
}

static void act(void)
{
    static void (*const scripts[EVERYBODY])(int) = {sleeper, waker, other};
    for (int round = 0;; round++) {
        const enum who self = run.now;
        scripts[self](round);
        run.g[self].over = true;
        while (run.g[self].over) {
            give_way();
            if (run.g[self].over) /* nobody is left to go on */
                swapcontext(&run.g[self].context, &run.test);
        }
    }
}

/* ---- all runs ------------------------------------------------------------------------------------------------------------------- */

static const char *play(const struct preemption *preemptions, int n)
{
    recorder_clear(NULL);
    run.points = run.next = 0;
    run.preemptions = NULL;
    run.npreemptions = 0;
    run.wrong = NULL;
    for (int i = 0; i < EVERYBODY; i++) {
        struct goroutine *g = &run.g[i];
        g->over = i == SLEEPER;
        g->actor->cancelled = false;
        g->naps = g->called = g->begins = g->ends = false;
        g->awake = i != SLEEPER;
        getcontext(&g->context);
        g->context.uc_stack = (stack_t){.ss_sp = stacks[i], .ss_size = STACK};
        makecontext(&g->context, act, 0);
    }
    run.now = SLEEPER;
    wait_for_ever(SLEEPER);
    run.points = 0;
    run.preemptions = preemptions;
    run.npreemptions = n;
    run.now = WAKER;
    swapcontext(&run.test, &run.g[WAKER].context);
    run.npreemptions = 0;
    for (int i = 0; i < EVERYBODY; i++)
        if (!run.g[i].over)
            run.wrong = "somebody did not come to an end";
    if (!run.wrong && (nrecorded != 0) != (run.then == WAITS_AGAIN))
        run.wrong = run.then == WAITS_AGAIN ? "nobody says that all are stuck" : "all are called stuck";
    for (int i = 0; i < EVERYBODY; i++) {
        run.g[i].ends = true;
        wait_end(run.g[i].actor);
    }
    return run.wrong;
}

/* All runs that begin with these preemptions; how many. */
static int explore(struct preemption *preemptions, int n)
{
    const char *wrong = play(preemptions, n);
    const int points = run.points < POINTS ? run.points : POINTS, first = n ? preemptions[n - 1].at + 1 : 0;
    bool may_go[POINTS][EVERYBODY];
    int runs = 1;
    memcpy(may_go, run.may_go, sizeof may_go);
    if (wrong) {
        for (int i = 0; i < n; i++)
            print_message("at point %d goroutine %d goes on\n", preemptions[i].at, preemptions[i].to);
        fail_msg("%s", wrong);
    }
    for (int at = first; at < points && n < PREEMPTIONS; at++)
        for (int to = 0; to < EVERYBODY; to++)
            if (may_go[at][to]) {
                preemptions[n] = (struct preemption){at, (enum who)to};
                runs += explore(preemptions, n + 1);
            }
    return runs;
}

static void explore_all(void **state)
{
    struct preemption preemptions[PREEMPTIONS];
    const int which = *(const int *)*state;
    run.itself = which / 4;
    run.then = which % 4;
    print_message("%d orders\n", explore(preemptions, 0));
}

static int start(void **state)
{
    if (recorder_start(state) != 0)
        return -1;
    record_finding = host.found;
    host.found = found;
    host.asleep = asleep;
    for (int i = 0; i < EVERYBODY; i++) {
        run.g[i].actor = actor_born_light(main_actor, 0x10, (uint64_t)i + 1, "g");
        actor_resume(run.g[i].actor, main_actor);
        run.g[i].over = true;
    }
    wait_begin(main_actor, &(struct wait_for){.thing = THING_OTHER, .key = 0x2000}, 0x90);
    return 0;
}

int main(void)
{
    static int which[] = {0, 1, 2, 3, 4, 5, 6};
#define TEST(name, i) \
    { \
        name, explore_all, NULL, NULL, &which[i] \
    }
    const struct CMUnitTest tests[] = {
        TEST("woken, stays awake", 0),       TEST("woken, waits again", 1),       TEST("woken, hands on", 2),
        TEST("cancelled at last", 3),        TEST("ends itself, stays awake", 4), TEST("ends itself, waits again", 5),
        TEST("ends itself, hands on", 6),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
