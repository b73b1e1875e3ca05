/* Cycles of lock orders that are called predicted, against an oracle: small random runs of actors with locks, variables (a
 * write tells, a read hears), creation and join are told to the core; for every prediction all schedules of the run are
 * searched for one that ends in just that deadlock. Schedules keep the order inside of an actor, locks, and for every read
 * what it read. There must be one; how many of the deadlocks that schedules have are predicted is counted, and must not
 * become less.
 *
 * Seen to fail: when what was learnt between the first lock held and the request is left out of the part that is played; when
 * sections that somebody was left in are not looked for; when the exception of the actor's own lock is made for the other
 * one, too.
 */
#include "../../detector/actor.h"
#include "../../detector/lock_order.h"
#include "recorder.h"

#define THREADS 4
#define LOCKS 4
#define VARIABLES 2
#define EVENTS 14 /* of one actor, at most */

enum what { LOCK, TRY, UNLOCK, WRITE, READ, FORK, JOIN };

struct event {
    enum what what;
    uint8_t object; /* lock, variable, actor */
    uint16_t at;    /* its place in the run */
    int16_t writer; /* READ: the place of the write that it reads, -1: none */
};

struct run {
    struct event of[THREADS][EVENTS];
    int n[THREADS];
    int creator[THREADS]; /* -1: none of them */
};

static uint64_t seed;

static unsigned random_below(unsigned n)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(seed >> 33) % n;
}

/* ---- a run ------------------------------------------------------------------------------------------------------- */

struct world {
    struct actor *actor[THREADS];
    uintptr_t lock[LOCKS], variable[VARIABLES];
    int holder[LOCKS]; /* -1: nobody */
    int held[THREADS][LOCKS], nheld[THREADS];
    int last[VARIABLES];
    bool born[THREADS], joined[THREADS]; /* lives; is over */
    uint64_t number[THREADS];
};

#define EXCLUSIVE HOW(THING_MUTEX, HOW_EXCLUSIVE)

static void took(struct world *w, int t, int l, unsigned how)
{
    lock_acquire(w->actor[t], w->lock[l]);
    lock_got(w->actor[t], w->lock[l], how, 0x1000 + 64u * (unsigned)t + (unsigned)l);
    w->holder[l] = t;
    w->held[t][w->nheld[t]++] = l;
}

static void gave(struct world *w, int t, int index)
{
    const int l = w->held[t][index];
    lock_release(w->actor[t], w->lock[l]);
    assert_true(lock_gone(w->actor[t], w->lock[l]));
    w->holder[l] = -1;
    w->nheld[t]--;
    for (int i = index; i < w->nheld[t]; i++)
        w->held[t][i] = w->held[t][i + 1];
}

static void add(struct run *r, int t, enum what what, int object, int at, int writer)
{
    r->of[t][r->n[t]++] = (struct event){what, (uint8_t)object, (uint16_t)at, (int16_t)writer};
}

static void step(struct run *r, struct world *w, int t, int at, int locks)
{
    const unsigned choice = random_below(100);
    if (choice < 50) {
        const int l = (int)random_below((unsigned)locks);
        if (w->holder[l] >= 0 || w->nheld[t] == 3)
            return;
        const bool try = random_below(12) == 0;
        add(r, t, try ? TRY : LOCK, l, at, 0);
        took(w, t, l, EXCLUSIVE | (try ? HOW_TRY : 0));
    } else if (choice < 80) {
        if (!w->nheld[t])
            return;
        const int index = random_below(4) ? w->nheld[t] - 1 : (int)random_below((unsigned)w->nheld[t]);
        add(r, t, UNLOCK, w->held[t][index], at, 0);
        gave(w, t, index);
    } else if (choice < 88) {
        const int v = (int)random_below(VARIABLES);
        if (random_below(2)) {
            add(r, t, WRITE, v, at, 0);
            w->last[v] = at;
            sync_release_merge(w->actor[t], w->variable[v]);
        } else {
            add(r, t, READ, v, at, w->last[v]);
            sync_acquire(w->actor[t], w->variable[v]);
        }
    } else if (choice < 94) {
        for (int c = 1; c < THREADS; c++)
            if (!w->born[c] && !w->joined[c]) {
                w->born[c] = true;
                r->creator[c] = t;
                w->actor[c] = actor_born(w->actor[t], 1);
                w->number[c] = w->actor[c]->number;
                add(r, t, FORK, c, at, 0);
                return;
            }
    } else if (choice < 96) {
        for (int c = 1; c < THREADS; c++)
            if (w->born[c] && c != t && !w->nheld[c] && r->creator[c] == t && r->n[c] > 4) {
                w->joined[c] = true;
                w->born[c] = false;
                actor_ends(w->actor[c]);
                actor_joins(w->actor[t], w->actor[c]);
                add(r, t, JOIN, c, at, 0);
                return;
            }
    }
}

static void play(struct run *r, struct world *w, uint64_t number)
{
    static uintptr_t memory;
    if (!memory)
        memory = (uintptr_t)fresh_memory(4096);
    mem_fresh(main_actor, memory, 4096);
    seed = number * 0x9e3779b97f4a7c15u + 1;
    *r = (struct run){.n = {0}};
    *w = (struct world){.holder = {-1, -1, -1, -1}, .last = {-1, -1}};
    for (int l = 0; l < LOCKS; l++)
        w->lock[l] = memory + 64 * (uintptr_t)l;
    for (int v = 0; v < VARIABLES; v++)
        w->variable[v] = memory + 64 * (uintptr_t)(LOCKS + v);
    const int locks = 2 + (int)random_below(LOCKS - 1), first = random_below(4) ? THREADS - (int)random_below(2) : 1;
    for (int t = 0; t < first; t++) {
        w->born[t] = true;
        r->creator[t] = -1;
        w->actor[t] = actor_born(main_actor, 1);
        w->number[t] = w->actor[t]->number;
    }
    const int length = 20 + (int)random_below(80);
    for (int at = 0, t = 0; at < length; at++) {
        if (random_below(3) == 0)
            t = (int)random_below(THREADS);
        if (w->born[t] && r->n[t] < EVENTS)
            step(r, w, t, at, locks);
    }
}

static void clean(struct world *w)
{
    for (int t = 0; t < THREADS; t++) {
        if (!w->born[t])
            continue;
        while (w->nheld[t])
            gave(w, t, 0);
        actor_ends(w->actor[t]);
        actor_joins(main_actor, w->actor[t]);
    }
}

/* ---- all its schedules ------------------------------------------------------------------------------------------- */

/* A deadlock: which actors ask for which lock, 4 bits an actor: 0: not in it, 1 + lock. */
struct deadlocks {
    uint16_t at[64];
    int n;
};

struct search {
    const struct run *r;
    bool preserving; /* locks are taken in the order of the run */
    struct deadlocks *found;
    int pc[THREADS], holder[LOCKS], last[VARIABLES], latest[LOCKS];
};

#define SEEN (1u << 20)
static uint64_t seen[SEEN];
static uint32_t used[SEEN / 2], nused;

static bool new_state(const struct search *s)
{
    uint64_t key = 1;
    for (int t = 0; t < THREADS; t++)
        key = key << 4 | (uint64_t)s->pc[t];
    for (int v = 0; v < VARIABLES; v++)
        key = key << 7 | (uint64_t)(s->last[v] + 1);
    uint32_t i = (uint32_t)(key * 0x9e3779b97f4a7c15u >> 44);
    while (seen[i] && seen[i] != key)
        i = (i + 1) % SEEN;
    if (seen[i])
        return false;
    assert_true(nused < SEEN / 2);
    seen[i] = key;
    used[nused++] = i;
    return true;
}

static const struct event *next_of(const struct search *s, int t)
{
    return s->pc[t] < s->r->n[t] ? &s->r->of[t][s->pc[t]] : NULL;
}

static bool is_born(const struct search *s, int t)
{
    const int c = s->r->creator[t];
    if (c < 0)
        return true;
    for (int i = 0; i < s->pc[c]; i++)
        if (s->r->of[c][i].what == FORK && s->r->of[c][i].object == t)
            return true;
    return false;
}

static bool possible(const struct search *s, const struct event *e)
{
    switch (e->what) {
    case LOCK:
    case TRY:
        return s->holder[e->object] < 0 && (!s->preserving || s->latest[e->object] < e->at);
    case READ:
        return s->last[e->object] == e->writer;
    case JOIN:
        return s->pc[e->object] == s->r->n[e->object] && is_born(s, e->object);
    default:
        return true;
    }
}

static void add_deadlock(struct deadlocks *d, uint16_t what)
{
    for (int i = 0; i < d->n; i++)
        if (d->at[i] == what)
            return;
    assert_true(d->n < 64);
    d->at[d->n++] = what;
}

/* Cycles of waits in this state. */
static void look(const struct search *s)
{
    for (int first = 0; first < THREADS; first++) {
        uint16_t what = 0;
        int t = first;
        do {
            const struct event *e = next_of(s, t);
            if (!e || !is_born(s, t) || e->what != LOCK || s->holder[e->object] < 0 || (what >> 4 * t & 15)) {
                t = -1;
                break;
            }
            what |= (uint16_t)((1u + e->object) << 4 * t);
            t = s->holder[e->object];
        } while (t != first);
        if (t >= 0)
            add_deadlock(s->found, what);
    }
}

static void search(struct search *s)
{
    if (!new_state(s))
        return;
    look(s);
    for (int t = 0; t < THREADS; t++) {
        const struct event *e = next_of(s, t);
        if (!e || !is_born(s, t) || !possible(s, e))
            continue;
        const struct search before = *s;
        s->pc[t]++;
        if (e->what == LOCK || e->what == TRY) {
            s->holder[e->object] = t;
            s->latest[e->object] = e->at;
        } else if (e->what == UNLOCK) {
            s->holder[e->object] = -1;
        } else if (e->what == WRITE) {
            s->last[e->object] = e->at;
        }
        search(s);
        *s = before;
    }
}

static void all_deadlocks(const struct run *r, bool preserving, struct deadlocks *found)
{
    struct search s = {.r = r, .preserving = preserving, .found = found};
    for (int l = 0; l < LOCKS; l++)
        s.holder[l] = s.latest[l] = -1;
    for (int v = 0; v < VARIABLES; v++)
        s.last[v] = -1;
    found->n = 0;
    nused = 0;
    search(&s);
    for (uint32_t i = 0; i < nused; i++)
        seen[used[i]] = 0;
}

/* ---- what the core says ------------------------------------------------------------------------------------------ */

static bool among(const struct deadlocks *d, uint16_t what)
{
    for (int i = 0; i < d->n; i++)
        if (d->at[i] == what)
            return true;
    return false;
}

static uint16_t deadlock_of(const struct world *w, int finding)
{
    uint16_t what = 0;
    for (int i = 0; i < recorded[finding].nsteps; i++) {
        const struct finding_step *s = &recorded_steps[finding][i];
        int t = 0, l = 0;
        while (w->number[t] != s->actor.number)
            t++;
        while (w->lock[l] != s->addr)
            l++;
        what |= (uint16_t)((1u + (unsigned)l) << 4 * t);
    }
    return what;
}

static void print_run(const struct run *r)
{
    static const char *const words[] = {"lock", "try", "unlock", "write", "read", "fork", "join"};
    for (int at = 0; at < 128; at++)
        for (int t = 0; t < THREADS; t++)
            for (int i = 0; i < r->n[t]; i++)
                if (r->of[t][i].at == at)
                    print_message("%*s%s %d\n", 16 * t, "", words[r->of[t][i].what], r->of[t][i].object);
}

struct count {
    int real, preserving, predicted, possible, doubtful;
};

static int check(uint64_t number, struct count *c)
{
    struct run r;
    struct world w;
    struct deadlocks real, preserving, said[3] = {{.n = 0}};
    recorder_clear(NULL);
    play(&r, &w, number);
    const int n = nrecorded;
    assert_true(n <= RECORDED_STEPPED);
    all_deadlocks(&r, false, &real);
    all_deadlocks(&r, true, &preserving);
    int wrong = 0;
    for (int f = 0; f < n; f++) {
        const uint16_t what = deadlock_of(&w, f);
        add_deadlock(&said[recorded[f].tier == TIER_PREDICTED ? 0 : recorded[f].doubtful ? 2 : 1], what);
        if (recorded[f].tier == TIER_PREDICTED && !among(&real, what)) {
            print_message("run %lu: predicted %04x, which no schedule has:\n", (unsigned long)number, what);
            print_run(&r);
            wrong++;
        }
    }
    for (int i = 0; i < real.n; i++) {
        c->real++;
        c->preserving += among(&preserving, real.at[i]);
        c->predicted += among(&said[0], real.at[i]);
        c->possible += !among(&said[0], real.at[i]) && among(&said[1], real.at[i]);
        c->doubtful += !among(&said[0], real.at[i]) && !among(&said[1], real.at[i]) && among(&said[2], real.at[i]);
    }
    clean(&w);
    return wrong;
}

#define RUNS 20000

static void predictions_are_real(void **state)
{
    struct count c = {0};
    int wrong = 0;
    (void)state;
    for (uint64_t number = 1; number <= RUNS; number++)
        wrong += check(number, &c);
    print_message("%d runs: schedules have %d deadlocks, %d with locks in the run's order; predicted %d, order-only %d, of these"
                  " kept back %d, not reported %d\n",
                  RUNS, c.real, c.preserving, c.predicted, c.possible + c.doubtful, c.doubtful,
                  c.real - c.predicted - c.possible - c.doubtful);
    assert_int_equal(lock_orders_cut(), 0);
    assert_int_equal(wrong, 0);
    assert_true(4 * c.predicted >= 3 * c.preserving);
    assert_true(100 * (c.predicted + c.possible + c.doubtful) >= 90 * c.real);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(predictions_are_real)};
    return cmocka_run_group_tests(tests, recorder_start, NULL);
}
