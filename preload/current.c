/* See current.h: attaching OS threads that the wrappers did not see being created. */
#include "current.h"

#include "../detector/os.h"
#include "../detector/parked.h"
#include "../detector/record.h"
#include "../sample/sample.h"
#include "init.h"
#include "recording.h"
#include "sync_keys.h"
#include "threads.h"

__thread struct actor *current_actor TLS_IE;
__thread int current_inside TLS_IE;
__thread bool current_put_off TLS_IE;
static __thread bool over TLS_IE; /* the thread's actor has ended: what comes later is not seen */

#define CALLS_A_LOOK 64
static __thread unsigned calls TLS_IE; /* of wrapped functions, while nobody detects */

struct actor *current_attach(void)
{
    if (current_inside || over)
        return NULL;
    if (!detector_running()) {
        if (!(++calls % CALLS_A_LOOK))
            sample_again();
        return NULL;
    }
    struct inside in = inside_begin();
    threads_start();
    static bool first;
    const bool unseen = __atomic_exchange_n(&first, true, __ATOMIC_RELAXED); /* created behind our back */
    if (unseen)
        accesses_count(false);
    struct actor *a = actor_born(NULL, 0);
    if (a) {
        thread_attached(a);
        recording_modules(a);
        if (unseen)
            sync_acquire(a, libc_threads_key());
    }
    inside_end(in);
    current_actor = a;
    return a;
}

void current_set(struct actor *a)
{
    current_actor = a;
    over = a == NULL;
}

/* The thread's own actor, which lends its caches to the goroutines that run here; NULL: it does not host any. */
static __thread struct actor *host TLS_IE;

void current_hosts(struct actor *a)
{
    host = a;
    current_actor = NULL;
    over = true;
}

struct actor *current_host(void)
{
    return host;
}

void current_runs(struct actor *a)
{
    struct actor *before = current_actor;
    current_actor = NULL; /* a signal handler in between is nobody's */
    if (before) {
        if (unlikely(record_on))
            record_parks(before);
        actor_suspend(before);
    }
    if (a) {
        actor_resume(a, host);
        /* None begins to run while the world stands still. Who has stopped it sees that this one runs, or this one sees that. */
        while (actor_stopped(a)) {
            actor_suspend(a);
            actor_pass(a);
            actor_resume(a, host);
        }
        if (unlikely(record_on))
            record_runs(a, host);
    }
    current_actor = a;
}

/* Signals wait meanwhile: there is no actor that a handler could be. */
static struct actor *changes(void)
{
    struct actor *before = current_actor;
    current_inside++;
    current_actor = NULL;
    return before;
}

static void changed(struct actor *to)
{
    current_actor = to;
    current_inside--;
    if (current_put_off && to) {
        current_put_off = false;
        actor_defer(to);
    }
}

struct actor *current_lend(struct actor *a)
{
    struct actor *saved = changes();
    if (saved)
        actor_suspend(saved);
    actor_resume(a, host ? host : saved);
    changed(a);
    return saved;
}

void current_lend_back(struct actor *saved)
{
    struct actor *a = changes();
    if (a)
        actor_suspend(a);
    if (saved)
        actor_resume(saved, host ? host : saved);
    changed(saved);
    if (saved)
        actor_poll(saved);
}

void current_gone(void)
{
    current_actor = NULL;
}
