/* Select: waits for the first of several channel operations; of several that are ready, a random one with equal chances.
 * Included by goro.h.
 *
 *     goro_select {
 *         goro_recv_case(c, &v) { ... }             or goro_recv_case_ok(c, &v, &ok): ok is false when closed
 *         goro_send_case(d, value) { ... }
 *         goro_timeout_case(100 * GORO_MILLISECOND) { ... }
 *         goro_default_case { ... }                 at once, if no other is ready
 *     }
 *
 * The block runs twice: first each case enters its channel and value (each expression is evaluated once, in order), then the chosen
 * one's body runs. So nothing but cases may stand in it; `break` and `continue` in a body leave the select. A case of a nil
 * channel is never ready; without cases it waits for ever. */
#ifndef GORO_SELECT_H
#define GORO_SELECT_H

#ifdef __cplusplus
extern "C" {
#endif

enum goro_case_kind { GORO_CASE_SEND, GORO_CASE_RECV };

struct goro_case {
    struct goro_chan *chan; /* NULL: never ready */
    void *element;          /* what to send, or where to receive; NULL drops it */
    enum goro_case_kind kind;
    bool ok; /* set for the chosen receive: false when closed */
};

enum goro_select_flags { GORO_SELECT_DEFAULT = 1 /* do not wait */ };

/* The index of the case that was carried out; -EAGAIN with GORO_SELECT_DEFAULT when none is ready. */
int goro_select_cases(struct goro_case *cases, int count, unsigned flags);
/* The same until `deadline`: -ETIMEDOUT. */
int goro_select_until(struct goro_case *cases, int count, int64_t deadline);

/* ---- behind the statement ---- */

#ifndef GORO_SELECT_MAX
#define GORO_SELECT_MAX 8 /* cases of a statement; the functions take any number */
#endif
#define GORO_SELECT_VALUES 128 /* bytes of all values to send in a statement */

struct goro_select_state {
    int pass, count, chosen; /* chosen: index of a case, or -ETIMEDOUT or -EAGAIN */
    unsigned flags;
    int64_t deadline;
    struct goro_case cases[GORO_SELECT_MAX];
    bool *ok[GORO_SELECT_MAX];
    size_t used; /* of values */
    char values[GORO_SELECT_VALUES] __attribute__((aligned(16)));
};

/* The state is nobody's but the statement's: a detector need not look at it. gcc would have the caller read for such a function, with
 * a hook, what it reads through its argument. */
#ifdef __SANITIZE_THREAD__
#define GORO_SELECT_INLINE static __attribute__((unused, no_sanitize("thread"), noipa))
#else
#define GORO_SELECT_INLINE static inline __attribute__((unused, no_sanitize("thread")))
#endif

/* Not an initialiser: that would clear all of it. */
GORO_SELECT_INLINE struct goro_select_state *goro_select_begin(struct goro_select_state *s)
{
    s->pass = s->count = 0;
    s->chosen = 0;
    s->flags = 0;
    s->deadline = GORO_FOREVER;
    s->used = 0;
    return s;
}

GORO_SELECT_INLINE int goro_select_next(struct goro_select_state *s)
{
    return s->pass++;
}
GORO_SELECT_INLINE int goro_select_count(const struct goro_select_state *s)
{
    return s->count;
}
GORO_SELECT_INLINE unsigned goro_select_flags_of(const struct goro_select_state *s)
{
    return s->flags;
}
GORO_SELECT_INLINE int64_t goro_select_limit(const struct goro_select_state *s)
{
    return s->flags & GORO_SELECT_DEFAULT ? GORO_FOREVER : s->deadline;
}
/* Where the user wants to know of the chosen case what goro_select_ok says; NULL: nowhere. */
GORO_SELECT_INLINE bool *goro_select_chose(struct goro_select_state *s, int chosen)
{
    s->chosen = chosen;
    s->count = 0;
    return chosen >= 0 ? s->ok[chosen] : NULL;
}
GORO_SELECT_INLINE bool goro_select_ok(const struct goro_select_state *s)
{
    return s->cases[s->chosen].ok;
}

/* Part of the user's function: the call of the runtime is his, and so is the variable that is written. */
static inline bool goro_select_step(struct goro_select_state *s)
{
    const int pass = goro_select_next(s);
    if (pass == 0)
        return true;
    if (pass > 1)
        return false;
    const int64_t limit = goro_select_limit(s);
    bool *const ok = goro_select_chose(
        s, limit == GORO_FOREVER ? goro_select_cases(s->cases, goro_select_count(s), goro_select_flags_of(s))
                                 : goro_select_until(s->cases, goro_select_count(s), limit));
    if (ok)
        *ok = goro_select_ok(s);
    return true;
}

GORO_SELECT_INLINE bool goro_select_enter(struct goro_select_state *s, struct goro_chan *chan, enum goro_case_kind kind,
                                     void *element, bool *ok)
{
    if (s->count == GORO_SELECT_MAX)
        goro_panic("select: more than %d cases in a statement", GORO_SELECT_MAX);
    s->cases[s->count].chan = chan;
    s->cases[s->count].kind = kind;
    s->cases[s->count].element = element;
    s->cases[s->count].ok = false;
    s->ok[s->count++] = ok;
    return false;
}

GORO_SELECT_INLINE void *goro_select_value(struct goro_select_state *s, size_t size)
{
    void *place = s->values + s->used;
    s->used += (size + 15) & ~(size_t)15;
    if (s->used > GORO_SELECT_VALUES)
        goro_panic("select: more than %d bytes to send in a statement", GORO_SELECT_VALUES);
    return place;
}

GORO_SELECT_INLINE bool goro_select_timeout(struct goro_select_state *s, int64_t ns)
{
    int64_t now = goro_now();
    int64_t deadline = ns <= 0 ? now : ns < GORO_FOREVER - now ? now + ns : GORO_FOREVER;
    if (deadline < s->deadline)
        s->deadline = deadline;
    return false;
}

GORO_SELECT_INLINE bool goro_select_default(struct goro_select_state *s)
{
    s->flags |= GORO_SELECT_DEFAULT;
    return false;
}

GORO_SELECT_INLINE bool goro_select_enters(const struct goro_select_state *s)
{
    return s->pass == 1;
}

/* The next case's turn, when its body is to run. */
GORO_SELECT_INLINE bool goro_select_is(struct goro_select_state *s)
{
    return s->count++ == s->chosen;
}

GORO_SELECT_INLINE bool goro_select_ended(const struct goro_select_state *s, int how)
{
    return s->chosen == how;
}

#ifdef __cplusplus
}
#else

#define goro_select \
    for (struct goro_select_state goro_s, *goro_sp = goro_select_begin(&goro_s); goro_select_step(goro_sp);)
#define goro_recv_case_ok(c, p, okp) \
    if (__extension__({ \
            GORO_CAN_RECV(c); \
            bool goro_mine; \
            if (goro_select_enters(goro_sp)) { \
                struct goro_chan *const goro_c = GORO_RAW(c); /* arguments of a call have no order */ \
                void *const goro_e = GORO_ELEM_PTR(c, p); \
                goro_mine = goro_select_enter(goro_sp, goro_c, GORO_CASE_RECV, goro_e, (okp)); \
            } else { \
                goro_mine = goro_select_is(goro_sp); \
            } \
            goro_mine; \
        }))
#define goro_recv_case(c, p) goro_recv_case_ok(c, p, NULL)
#define goro_send_case(c, ...) \
    if (__extension__({ \
            GORO_CAN_SEND(c); \
            bool goro_mine; \
            if (goro_select_enters(goro_sp)) { \
                __typeof__(c) goro_c = (c); \
                GORO_ELEM(c) *goro_v = goro_select_value(goro_sp, sizeof *goro_v); \
                *goro_v = (__VA_ARGS__); \
                goro_mine = goro_select_enter(goro_sp, GORO_RAW(goro_c), GORO_CASE_SEND, goro_v, NULL); \
            } else { \
                goro_mine = goro_select_is(goro_sp); \
            } \
            goro_mine; \
        }))
#define goro_timeout_case(ns) \
    if (goro_select_enters(goro_sp) ? goro_select_timeout(goro_sp, (ns)) : goro_select_ended(goro_sp, -ETIMEDOUT))
#define goro_default_case \
    if (goro_select_enters(goro_sp) ? goro_select_default(goro_sp) : goro_select_ended(goro_sp, -EAGAIN))

#endif
#endif
