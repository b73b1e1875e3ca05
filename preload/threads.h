/* The OS threads of the process: which actor stands for which pthread_t, and what a thread has put off.
 *
 * A thread's record is found through a pthread key of our own, whose destructor is also the end of the thread: it arms
 * itself again until the last round, so that it runs after the program's own destructors. */
#ifndef GORACE_THREADS_H
#define GORACE_THREADS_H

#include <pthread.h>
#include <signal.h>

#include "current.h"
#include "delay.h"

struct thread {
    pthread_t id;
    struct actor *actor;
    unsigned pins; /* who looks at the record: the registry, and callers of thread_find; registry lock */
    bool listed;   /* found by its id; registry lock */
    bool detached; /* nobody will join it; registry lock */
    bool ended;    /* its actor has ended; registry lock */
    bool is_main;
    bool hosts;    /* it runs goroutines; the thread itself */
    bool has_signal_stack; /* mappings.h knows one; the thread itself */
    bool cancelled; /* somebody has called pthread_cancel; its address is the sync object of that; atomic */
    int rounds;     /* rounds of key destructors that are still to come; the thread itself */
    uintptr_t stack_lo;
    size_t stack_size;
    struct thread *next; /* in its bucket, or in the list of free records; registry lock */

    /* what it runs: set before it is created */
    void *(*run)(void *);
    int (*run_c11)(void *);
    void *arg;
    bool masked;         /* it is created with all signals blocked, and has to take ... */
    uint64_t birth_mask; /* ... this mask itself: no handler may run before the thread has its record */

    /* the thread itself */
    int busy;               /* > 0: in code of ours that a signal handler must not interrupt */
    int handling;           /* atomic: so many handlers of the program run in it, or were left by a jump */
    bool put_off;           /* a signal waits for the end of that */
    uint64_t signal_mask;   /* to go back to when it is delivered */
    siginfo_t kept;         /* that signal, unless the kernel has it; si_signo 0: none */
    struct once_call *once; /* wrap_barrier.c */
    struct delay_stream delays; /* children: by the thread that creates them, the rest itself */
    struct thread *joins;   /* whom it waits for; registry lock */
};

/* The key and the fork handlers. Called before the first actor is attached; idempotent. */
void threads_start(void);
/* The calling OS thread, which nobody saw being created (main, or made inside of libc), is now `a`. */
void thread_attached(struct actor *a);
/* The record of the calling thread; NULL before it is attached and after its end. Safe in signal handlers. */
struct thread *thread_self(void);

/* A record for a thread about to be created, holding `child`; the creator pins it until thread_created. */
struct thread *thread_prepare(struct actor *child, bool detached);
/* In the creator, round the real creation. `attr` as given to it, NULL: none. */
void thread_creation_begins(struct thread *t, const pthread_attr_t *attr);
void thread_creation_over(struct thread *t);
/* In the creator: the thread exists under this id, which is looked at only while it has not begun: it may be gone by now, and the place of
 * the id with it. */
void thread_created(struct thread *t, const pthread_t *id);
void thread_not_created(struct thread *t);
/* In the new thread, before the program's function. */
void thread_begins(struct thread *t);

/* The record of `id`, pinned, or NULL. */
struct thread *thread_find(pthread_t id);
void thread_unpin(struct thread *t);
void thread_named(pthread_t id, const char *name);
/* Round a join without a time limit of a pinned record. `t` may be NULL. */
struct join_wait {
    struct actor *me; /* NULL: nothing was begun */
    struct thread *self;
};
struct join_wait join_wait_begins(struct actor *me, struct thread *t, uintptr_t pc);
void join_wait_over(struct join_wait *w);
/* After the real join or detach of a pinned record has succeeded. */
void thread_joined(struct actor *me, struct thread *t);
void thread_detached(struct thread *t);
/* Somebody is about to cancel it: its waits may end by that. */
void thread_cancelled(struct thread *t);
/* The calling thread does something because it was cancelled, if it was. */
void thread_heeds_cancel(struct actor *me);
/* The calling thread's actor ends here, now; nothing that it does later is seen. */
void thread_ends(void);

/* The calling thread runs goroutines from now on: it keeps its record and its actor, but does not act. */
void thread_hosts(void);

/* Round a fork: the world stands still, and nobody else holds a lock of ours. fork itself has them as handlers. */
void threads_before_fork(void);
void threads_after_fork_in_parent(void);
void threads_after_fork_in_child(void);

/* The program's signal handlers wait between the two. */
static inline struct thread *busy_begin(void)
{
    struct thread *t = thread_self();
    if (t)
        t->busy++;
    __asm__ volatile("" ::: "memory");
    return t;
}
void signal_deliver(struct thread *t); /* signals.c */
static inline void busy_end(struct thread *t)
{
    __asm__ volatile("" ::: "memory");
    if (t && --t->busy == 0 && __builtin_expect(t->put_off, 0))
        signal_deliver(t);
}

/* The lock of preload's own tables; a busy section as well. Handed from one to the other: the calling thread. */
struct thread *tables_lock(void);
void tables_unlock(struct thread *self);

#endif
