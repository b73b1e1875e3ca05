/* Contexts: cancellation, deadlines and values that go down a tree of calls; and groups of goroutines that end together.
 * Included by goro.h. */
#ifndef GORO_CONTEXT_H
#define GORO_CONTEXT_H

#ifdef __cplusplus
extern "C" {
#endif

/* Counted: each goro_context_with_* gives one reference, freed by goro_context_release; a child holds its parent. The
 * background is never cancelled and need not be released. Panics without memory. */
struct goro_context;
struct goro_context *goro_context_background(void);
struct goro_context *goro_context_with_cancel(struct goro_context *parent);
struct goro_context *goro_context_with_deadline(struct goro_context *parent, int64_t deadline);
struct goro_context *goro_context_with_timeout(struct goro_context *parent, int64_t ns);
/* `key` is compared by address. */
struct goro_context *goro_context_with_value(struct goro_context *parent, const void *key, void *value);
/* A child whose end runs fn(arg) in a goroutine of its own. stop: true: fn will not run. Released before: it will not, either. */
struct goro_context *goro_context_after_func(struct goro_context *parent, void (*fn)(void *arg), void *arg);
bool goro_context_stop_func(struct goro_context *c);
struct goro_context *goro_context_retain(struct goro_context *c);
void goro_context_release(struct goro_context *c);

/* Cancels it and its descendants with -ECANCELED and this cause (0: the same); only the first cancel counts. From anywhere. */
void goro_context_cancel(struct goro_context *c, int cause);
int goro_context_err(struct goro_context *c);   /* 0, -ECANCELED or -ETIMEDOUT */
int goro_context_cause(struct goro_context *c); /* 0, or what it was cancelled with, here or above */
int64_t goro_context_deadline(struct goro_context *c); /* GORO_FOREVER: none */
void *goro_context_value(struct goro_context *c, const void *key); /* NULL: none */
/* Closed when it is cancelled; NULL (never) for the background. Lives as long as the context. */
struct goro_chan *goro_context_done_raw(struct goro_context *c);
/* Sleeps: 0, or the context's error when that ended it. */
int goro_context_sleep(struct goro_context *c, int64_t ns);

/* A scope of goroutines whose functions return 0 or a negative error: wait returns the first error after all have ended. The
 * first error cancels the context, if there is one. Zero is a group without context and limit. */
typedef struct goro_group {
    goro_waitgroup waitgroup;
    struct goro_context *context;
    goro_sem limit;
    int first_error;
    bool limited;
} goro_group;
void goro_group_init(goro_group *g, struct goro_context *parent); /* NULL: the background. -> goro_group_context */
struct goro_context *goro_group_context(goro_group *g);           /* released by goro_group_wait */
void goro_group_limit(goro_group *g, int n);                      /* at most n at once, n < 0: any number; before the first go */
int goro_group_go(goro_group *g, int (*fn)(void *arg), void *arg); /* waits while the limit is reached */
bool goro_group_try_go(goro_group *g, int (*fn)(void *arg), void *arg);
int goro_group_wait(goro_group *g);

#ifdef __cplusplus
}
#else
/* Nothing is ever sent on it. */
#define goro_context_done(c) ((goro_recv_chan_of(char))(void *)goro_context_done_raw(c))
#endif
#endif
