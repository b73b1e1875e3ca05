/* The only place that knows "the current actor of this OS thread" (initial-exec TLS).
 *
 * A wrapper or hook begins with `struct actor *me = current();`. NULL means: forward to the real function and tell the
 * core nothing - the detector is not started, has been switched off, or is itself at work in this thread (symboliser,
 * resolver, reporter), whose calls must not look like the program's. */
#ifndef GORACE_CURRENT_H
#define GORACE_CURRENT_H

#include "../detector/detector.h"

#define TLS_IE __attribute__((tls_model("initial-exec")))

extern __thread struct actor *current_actor TLS_IE; /* NULL while `current_inside` or before the first event */
extern __thread int current_inside TLS_IE;          /* >0: the detector itself is at work in this thread */

/* Slow path: attaches this OS thread (main, or one created behind our back); NULL as described above. */
struct actor *current_attach(void);

static inline struct actor *current(void)
{
    struct actor *me = current_actor;
    return __builtin_expect(me != NULL, 1) ? me : current_attach();
}

/* Binds a fresh actor to this OS thread (start of a created thread, goroutine switch), or NULL at its end. */
void current_set(struct actor *a);

/* This OS thread runs goroutines, and is nobody between them. */
void current_hosts(struct actor *host);
/* It runs `a`, a goroutine, from now on; NULL: none. Only after current_hosts. */
void current_runs(struct actor *a);
/* For what is told for `a`, a goroutine that no thread runs, or by the host itself: it is the current actor between the two. */
struct actor *current_lend(struct actor *a);
void current_lend_back(struct actor *saved);
/* The current actor has ended. */
void current_gone(void);
struct actor *current_host(void);

/* Detector code that calls into libc on its own behalf stands between these two. They nest. */
extern __thread bool current_put_off TLS_IE; /* a signal came while `current_inside`: who leaves has to see to it */

struct inside {
    struct actor *saved;
};
static inline struct inside inside_begin(void)
{
    struct inside in = {current_actor};
    current_inside++;
    current_actor = NULL;
    return in;
}
static inline void inside_end(struct inside in)
{
    current_inside--;
    current_actor = in.saved;
    if (__builtin_expect(current_put_off, 0) && in.saved) {
        current_put_off = false;
        actor_defer(in.saved);
    }
    if (in.saved)
        actor_poll(in.saved); /* a signal may have waited */
}

#endif
