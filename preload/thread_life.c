/* How a thread begins and ends. See threads.h.
 *
 * A thread begins with all signals blocked, until it has its record: no handler of the program finds it half made. It ends in the last
 * round of key destructors, behind those of the program; what libc still does in it then is none of the program's business. */
#include <limits.h>
#include <linux/futex.h>

#include "../detector/locks.h"
#include "../detector/os.h"
#include "at_fork.h"
#include "mappings.h"
#include "mutex.h"
#include "process.h"
#include "raw.h"
#include "registry.h"
#include "signals.h"
#include "thread_stack.h"

extern void *__libc_stack_end; /* of the first stack: what the kernel has put there, names and environment, lies above */

static pthread_key_t self_key;
static uint32_t started; /* atomic; 1 once self_key is valid */

struct thread *thread_self(void)
{
    return __atomic_load_n(&started, __ATOMIC_ACQUIRE) ? pthread_getspecific(self_key) : NULL;
}

/* ---- birth ------------------------------------------------------------------------------------------------------ */

/* The calling thread becomes t->actor. Requires: inside, and t->busy, so that no handler finds it half done. */
static void settle(struct thread *t)
{
    uintptr_t lo = 0;
    size_t size = 0;
    bool detached = false;
    pthread_setspecific(self_key, t);
    if (!thread_stack_bounds(&lo, &size, &detached))
        lo = size = 0;
    t->rounds = PTHREAD_DESTRUCTOR_ITERATIONS - 1;
    t->stack_lo = lo;
    t->stack_size = size;
    struct thread *self = tables_lock();
    thread_enters(t);
    actor_starts(t->actor, (int)raw_syscall(SYS_gettid, 0, 0, 0, 0, 0, 0), lo, size);
    if (t->is_main)
        actor_has_frames_below(t->actor, (uintptr_t)__libc_stack_end);
    actor_has_locals(t->actor, (uintptr_t)pthread_self() - thread_locals_size, thread_locals_size);
    if (detached && !t->detached) {
        t->detached = true;
        actor_detached(t->actor);
    }
    tables_unlock(self);
    signal_let_trap();
    if (size && !t->is_main)
        mem_fresh(t->actor, lo, size); /* what lies there belongs to threads that have gone */
}

/* Those of libc itself (cancellation, setuid) are never blocked. */
#define LIBC_SIGNALS (UINT64_C(3) << 31)

static void set_signal_mask(int how, uint64_t mask, uint64_t *old)
{
    raw_syscall(SYS_rt_sigprocmask, how, (long)&mask, (long)old, sizeof mask, 0, 0);
}

/* Whether threads with these attributes, NULL for the usual ones, have a mask of their own: pthread_attr_setsigmask_np, glibc
 * 2.32. */
static bool has_mask(const pthread_attr_t *attr)
{
#ifdef PTHREAD_ATTR_NO_SIGMASK_NP
    sigset_t mask;
    pthread_attr_t usual;
    if (attr)
        return pthread_attr_getsigmask_np(attr, &mask) == 0;
    if (pthread_getattr_default_np(&usual))
        return false;
    bool given = pthread_attr_getsigmask_np(&usual, &mask) == 0;
    pthread_attr_destroy(&usual);
    return given;
#else
    (void)attr;
    return false;
#endif
}

void thread_creation_begins(struct thread *t, const pthread_attr_t *attr)
{
    t->masked = !has_mask(attr);
    if (t->masked)
        set_signal_mask(SIG_BLOCK, ~(LIBC_SIGNALS | SIGNAL_FAULTS), &t->birth_mask);
}

void thread_creation_over(struct thread *t)
{
    if (t->masked)
        set_signal_mask(SIG_SETMASK, t->birth_mask, NULL);
}

void thread_begins(struct thread *t)
{
    struct inside in = inside_begin();
    settle(t);
    inside_end(in);
    current_set(t->actor);
    busy_end(t);
    if (t->masked)
        set_signal_mask(SIG_SETMASK, t->birth_mask & ~LIBC_SIGNALS, NULL);
    signal_let_trap();
}

void thread_attached(struct actor *a)
{
    threads_start();
    struct thread *t = thread_self();
    if (t) {
        t->actor = a;
        return;
    }
    struct inside in = inside_begin();
    t = thread_prepare(a, false);
    if (t) {
        t->is_main = raw_syscall(SYS_gettid, 0, 0, 0, 0, 0, 0) == raw_syscall(SYS_getpid, 0, 0, 0, 0, 0, 0);
        settle(t);
        thread_unpin(t);
        t->busy = 0;
    }
    inside_end(in);
}

/* ---- end -------------------------------------------------------------------------------------------------------- */

/* The owner of a robust mutex may end without unlocking it; the next one who locks it (EOWNERDEAD) takes over what
 * the owner has done. The kernel knows the list of those that the thread still holds. */
static void release_robust(struct actor *a)
{
    struct robust_list_head *head;
    size_t length;
    if (raw_syscall(SYS_get_robust_list, 0, (long)&head, (long)&length, 0, 0, 0) || !head)
        return;
    struct robust_list *entry = head->list.next;
    for (int left = ROBUST_LIST_LIMIT; left > 0; left--) {
        entry = (struct robust_list *)((uintptr_t)entry & ~(uintptr_t)1); /* bit 0 marks priority inheritance */
        if (!entry || entry == &head->list)
            break;
        uintptr_t mutex = (uintptr_t)entry + (uintptr_t)head->futex_offset;
        lock_release_merge(a, mutex);
        lock_gone(a, mutex);
        entry = entry->next;
    }
}

/* A robust mutex goes to the next one who wants it; a once that a jump has left is nobody's business here. */
static bool excused(uintptr_t addr, enum thing thing)
{
    if (thing == THING_ONCE)
        return true;
    return thing == THING_MUTEX && mutex_robust((const pthread_mutex_t *)addr);
}

static void end(struct thread *t)
{
    struct actor *a = t->actor;
    locks_at_end(a, excused);
    if (t->has_signal_stack)
        mappings_signal_stack(t, 0, 0);
    current_set(NULL); /* for good: what libc still does in this thread is none of the program's business */
    uint64_t mask;
    set_signal_mask(SIG_BLOCK, ~(LIBC_SIGNALS | SIGNAL_FAULTS), &mask);
    release_robust(a);
    pthread_setspecific(self_key, NULL);
    const bool last = thread_leaves(t);
    actor_ends(a);
    wait_check(NULL);
    if (last) /* libc ends the process here: what atexit was given is the program's */
        set_signal_mask(SIG_SETMASK, mask, NULL);
}

void thread_hosts(void)
{
    struct thread *t = thread_self();
    if (!t || t->hosts)
        return;
    t->hosts = true;
    actor_rests(t->actor, true);
    current_hosts(t->actor);
}

void thread_ends(void)
{
    struct thread *t = thread_self();
    if (t)
        end(t);
}

/* Destructor of self_key. The first round comes when all frames of the program's functions have gone, by return, by
 * pthread_exit or by cancellation. */
static void next_round(void *arg)
{
    struct thread *t = arg;
    if (t->rounds == 0) {
        end(t);
        return;
    }
    pthread_setspecific(self_key, t);
    if (t->rounds == PTHREAD_DESTRUCTOR_ITERATIONS - 1) {
        context_unwound(t->actor, t->stack_lo + t->stack_size);
        thread_heeds_cancel(t->actor);
    }
    t->rounds--;
}

/* ---- the key ---------------------------------------------------------------------------------------------------- */

/* Not the first one: that is what a key is which the program has forgotten to make. */
static bool make_key(void)
{
    pthread_key_t first;
    bool spared = pthread_key_create(&first, NULL) == 0;
    bool made = pthread_key_create(&self_key, next_round) == 0;
    if (spared)
        pthread_key_delete(first);
    return made;
}

void threads_start(void)
{
    static struct oslock once;
    if (__atomic_load_n(&started, __ATOMIC_ACQUIRE))
        return;
    struct inside in = inside_begin();
    os_lock(&once);
    if (!__atomic_load_n(&started, __ATOMIC_RELAXED) && make_key()) {
        process_forked();
        thread_locals_measure();
        at_fork(threads_before_fork, threads_after_fork_in_parent, threads_after_fork_in_child);
        __atomic_store_n(&started, 1, __ATOMIC_RELEASE);
    }
    os_unlock(&once);
    inside_end(in);
}
