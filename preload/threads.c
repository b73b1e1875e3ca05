/* The registry of threads. See threads.h.
 *
 * A pthread_t is given to a new thread as soon as the old one was joined, or has ended detached, so an id is no name
 * for a thread but only for its present holder. A record is entered exactly once, by whoever comes first: the creator
 * after the real pthread_create, or the new thread before the program's function runs (the id is unknown earlier).
 * It leaves when the thread was joined, or has ended and is detached, whatever comes last; so the registry is as large
 * as the number of threads that live or wait to be joined. For a moment two records may hold one id (joined, not yet
 * taken out, id given on): the newer one is in front, and join and detach work on the record that they pinned before.
 *
 * The lock guards this registry and the small tables of other files in preload/ (barriers, timers, signal handlers). It
 * is a private futex, held for a few instructions. A thread that holds it counts as busy, so no signal handler of the
 * program runs on top of it. Across fork it is held by the forking thread. Records come from address space of our own
 * in slabs and are used again, last freed first; nothing here calls malloc. */
#include "threads.h"

#include <limits.h>
#include <link.h>
#include <linux/futex.h>
#include <sys/auxv.h>
#include <sys/resource.h>

#include "../detector/locks.h"
#include "../detector/os.h"
#include "at_fork.h"
#include "mappings.h"
#include "mutex.h"
#include "process.h"
#include "raw.h"
#include "signals.h"

#define BUCKETS 4096
#define SLAB ((size_t)64 << 10)

static struct oslock lock;
static struct thread *buckets[BUCKETS];
static struct thread *unused;
static uint32_t running; /* threads that have begun and not ended; lock */
static pthread_key_t self_key;
static uint32_t started; /* atomic; 1 once self_key is valid */

static struct thread **bucket_of(pthread_t id)
{
    return &buckets[(uint64_t)id * 0x9e3779b97f4a7c15u >> 52];
}

struct thread *tables_lock(void)
{
    struct thread *self = busy_begin();
    os_lock(&lock);
    return self;
}

void tables_unlock(struct thread *self)
{
    os_unlock(&lock);
    busy_end(self);
}

/* Requires the lock. */
static struct thread *record_new(void)
{
    if (!unused) {
        struct thread *slab = os_reserve(SLAB);
        if (!slab)
            return NULL;
        for (size_t i = SLAB / sizeof *slab; i-- > 0;) {
            slab[i].next = unused;
            unused = &slab[i];
        }
    }
    struct thread *t = unused;
    unused = t->next;
    zero_bytes(t, sizeof *t);
    return t;
}

/* Requires the lock. */
static void record_unpin(struct thread *t)
{
    if (--t->pins == 0) {
        t->next = unused;
        unused = t;
    }
}

/* Requires the lock. */
static void list(struct thread *t, pthread_t id)
{
    if (t->listed)
        return;
    struct thread **bucket = bucket_of(id);
    t->id = id;
    t->listed = true;
    t->next = *bucket;
    *bucket = t;
}

/* Requires the lock. Gives up the registry's pin. */
static void unlist(struct thread *t)
{
    if (!t->listed)
        return;
    struct thread **link = bucket_of(t->id);
    while (*link != t)
        link = &(*link)->next;
    *link = t->next;
    t->listed = false;
    record_unpin(t);
}

struct thread *thread_self(void)
{
    return __atomic_load_n(&started, __ATOMIC_ACQUIRE) ? pthread_getspecific(self_key) : NULL;
}

/* ---- birth ------------------------------------------------------------------------------------------------------ */

struct thread *thread_prepare(struct actor *child, bool detached)
{
    struct thread *self = tables_lock();
    struct thread *t = record_new();
    if (t) {
        t->actor = child;
        t->detached = detached;
        t->pins = 2; /* the registry's and the creator's */
        t->busy = 1; /* until it has begun */
        t->delays = delay_stream_new(self ? &self->delays : NULL);
    }
    tables_unlock(self);
    return t;
}

void thread_created(struct thread *t, pthread_t id)
{
    struct thread *self = tables_lock();
    list(t, id);
    record_unpin(t);
    tables_unlock(self);
}

void thread_not_created(struct thread *t)
{
    struct thread *self = tables_lock();
    t->pins = 1;
    record_unpin(t);
    tables_unlock(self);
}

/* Bytes below the thread pointer (on x86-64 the pthread_t) that static TLS takes; the same in every thread. */
#define LOCALS_MAX ((uintptr_t)1 << 20)
static uintptr_t locals_size;

static int measure_locals(struct dl_phdr_info *info, size_t size, void *arg)
{
    uintptr_t below = (uintptr_t)pthread_self() - (uintptr_t)info->dlpi_tls_data;
    (void)size;
    (void)arg;
    if (info->dlpi_tls_data && below < LOCALS_MAX && below > locals_size)
        locals_size = below;
    return 0;
}

extern void *__libc_stack_end; /* of the first stack: what the kernel has put there, names and environment, lies above */

#define PAGE ((uintptr_t)4096)
#define UNLIMITED_STACK ((size_t)64 << 20) /* what is taken for the stack when it has no limit */

/* The stack of the process's first thread, as far as it may grow, if `here` lies in it. pthread_getattr_np would read
 * /proc by stdio, hence allocate, and the malloc of a library that was loaded before us may be what waits for us. The
 * last string on that stack is the name of the executed file; one word follows. */
static bool first_stack(uintptr_t here, uintptr_t *lo, size_t *size)
{
    uintptr_t name = getauxval(AT_EXECFN);
    struct rlimit limit;
    if (!name || raw_syscall(SYS_prlimit64, 0, RLIMIT_STACK, 0, (long)&limit, 0, 0))
        return false;
    uintptr_t end = (name + raw_length((const char *)name) + 1 + sizeof(void *) + PAGE - 1) & ~(PAGE - 1);
    bool limited = limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur < end / 2;
    *size = limited ? limit.rlim_cur & ~(PAGE - 1) : UNLIMITED_STACK;
    *lo = end - *size;
    return here - *lo < *size;
}

/* Bounds of the calling thread's stack, the thread's static TLS included. Inside only. */
static bool stack_bounds(uintptr_t *lo, size_t *size, bool *detached)
{
    *detached = false;
    if (first_stack((uintptr_t)__builtin_frame_address(0), lo, size))
        return true;
    pthread_attr_t attr;
    void *base;
    int state = PTHREAD_CREATE_JOINABLE;
    if (pthread_getattr_np(pthread_self(), &attr))
        return false;
    bool known = pthread_attr_getstack(&attr, &base, size) == 0;
    pthread_attr_getdetachstate(&attr, &state);
    pthread_attr_destroy(&attr);
    *lo = (uintptr_t)base;
    *detached = state == PTHREAD_CREATE_DETACHED;
    return known;
}

/* The calling thread becomes t->actor. Requires: inside, and t->busy, so that no handler finds it half done. */
static void settle(struct thread *t)
{
    uintptr_t lo = 0;
    size_t size = 0;
    bool detached = false;
    pthread_setspecific(self_key, t);
    if (!stack_bounds(&lo, &size, &detached))
        lo = size = 0;
    t->rounds = PTHREAD_DESTRUCTOR_ITERATIONS - 1;
    t->stack_lo = lo;
    t->stack_size = size;
    os_lock(&lock);
    running++;
    actor_starts(t->actor, (int)raw_syscall(SYS_gettid, 0, 0, 0, 0, 0, 0), lo, size);
    if (t->is_main)
        actor_has_frames_below(t->actor, (uintptr_t)__libc_stack_end);
    actor_has_locals(t->actor, (uintptr_t)pthread_self() - locals_size, locals_size);
    if (detached && !t->detached) {
        t->detached = true;
        actor_detached(t->actor);
    }
    list(t, pthread_self());
    os_unlock(&lock);
    signal_let_trap();
    if (size && !t->is_main)
        mem_fresh(t->actor, lo, size); /* what lies there belongs to threads that have gone */
}

/* Those of libc itself (cancellation, setuid) are never blocked. */
#define LIBC_SIGNALS (UINT64_C(3) << 31)

/* What an instruction of the thread itself raises; the kernel ends a process that blocks it. A system call of ours that the
 * program's seccomp filter traps (Firefox's does) comes back by SIGSYS. */
#define FAULTS \
    (UINT64_C(1) << (SIGSEGV - 1) | UINT64_C(1) << (SIGBUS - 1) | UINT64_C(1) << (SIGFPE - 1) | \
     UINT64_C(1) << (SIGILL - 1) | UINT64_C(1) << (SIGTRAP - 1) | UINT64_C(1) << (SIGSYS - 1))

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
        set_signal_mask(SIG_BLOCK, ~(LIBC_SIGNALS | FAULTS), &t->birth_mask);
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
    set_signal_mask(SIG_BLOCK, ~(LIBC_SIGNALS | FAULTS), &mask);
    release_robust(a);
    pthread_setspecific(self_key, NULL);
    os_lock(&lock);
    const bool last = --running == 0;
    t->ended = true; /* from here on nobody else looks at the actor, but to join or detach it */
    if (t->detached)
        unlist(t);
    os_unlock(&lock);
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
        if (__atomic_load_n(&t->cancelled, __ATOMIC_ACQUIRE))
            sync_acquire(t->actor, (uintptr_t)&t->cancelled);
    }
    t->rounds--;
}

/* ---- lookup ----------------------------------------------------------------------------------------------------- */

struct thread *thread_find(pthread_t id)
{
    struct thread *self = tables_lock();
    struct thread *t = *bucket_of(id);
    while (t && !pthread_equal(t->id, id))
        t = t->next;
    if (t)
        t->pins++;
    tables_unlock(self);
    return t;
}

void thread_named(pthread_t id, const char *name)
{
    struct thread *self = tables_lock();
    struct thread *t = *bucket_of(id);
    while (t && !pthread_equal(t->id, id))
        t = t->next;
    if (t && !t->ended)
        actor_set_name(t->actor, name);
    tables_unlock(self);
}

void thread_unpin(struct thread *t)
{
    if (!t)
        return;
    struct thread *self = tables_lock();
    record_unpin(t);
    tables_unlock(self);
}

struct join_wait join_wait_begins(struct actor *me, struct thread *t, uintptr_t pc)
{
    struct join_wait w = {NULL, NULL};
    if (!t)
        return w;
    struct thread *self = tables_lock();
    /* libc refuses to join oneself, and one who is joining oneself. */
    if (t == self) {
        tables_unlock(self);
        misuse(me, MISUSE_JOINS_ITSELF, THING_THREAD, 0, NULL, pc);
        return w;
    }
    bool waits = self && t->joins != self && !t->ended;
    if (waits)
        self->joins = t;
    tables_unlock(self);
    if (!waits)
        return w;
    w.me = me;
    w.self = self;
    wait_begin(me, &(struct wait_for){.thing = THING_THREAD, .key = (uintptr_t)t, .target = t->actor}, pc);
    return w;
}

void join_wait_over(struct join_wait *w)
{
    if (!w->me)
        return;
    wait_end(w->me);
    tables_lock();
    w->self->joins = NULL;
    tables_unlock(w->self);
}

void thread_joined(struct actor *me, struct thread *t)
{
    struct thread *self = tables_lock();
    bool ended = t->ended;
    bool first = t->listed;
    t->ended = true;
    unlist(t);
    os_unlock(&lock);
    if (first) {
        if (!ended) /* it left by the bare system call */
            actor_ends(t->actor);
        actor_joins(me, t->actor);
    }
    busy_end(self);
    thread_unpin(t);
}

void thread_detached(struct thread *t)
{
    struct thread *self = tables_lock();
    struct actor *child = t->detached ? NULL : t->actor;
    t->detached = true;
    if (t->ended)
        unlist(t);
    if (child)
        actor_detached(child);
    record_unpin(t);
    tables_unlock(self);
}

void thread_cancelled(struct thread *t)
{
    struct thread *self = tables_lock();
    if (!t->ended)
        actor_cancelled(t->actor);
    tables_unlock(self);
}

/* ---- fork ------------------------------------------------------------------------------------------------------- */

/* Registered before any handler of the program: the first registered is prepared last and released first, so handlers
 * of the program never run while the world stands still. */
static struct thread *forking;

void threads_before_fork(void)
{
    struct actor *me = current();
    struct thread *self = tables_lock();
    forking = self;
    if (me)
        world_stop(me);
}

void threads_after_fork_in_parent(void)
{
    struct thread *self = forking;
    struct actor *me = current();
    if (me)
        world_start(me);
    tables_unlock(self);
}

void threads_after_fork_in_child(void)
{
    struct thread *self = forking;
    struct actor *me = current();
    process_forked();
    for (size_t b = 0; b < BUCKETS; b++)
        for (struct thread *t = buckets[b], *next; t; t = next) {
            next = t->next;
            if (t != self)
                unlist(t);
        }
    running = self ? 1 : 0;
    if (me) {
        world_only(me);
        world_start(me);
        if (self && !self->hosts)
            actor_starts(me, (int)raw_syscall(SYS_gettid, 0, 0, 0, 0, 0, 0), self->stack_lo, self->stack_size);
    }
    tables_unlock(self);
}

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
        dl_iterate_phdr(measure_locals, NULL);
        at_fork(threads_before_fork, threads_after_fork_in_parent, threads_after_fork_in_child);
        __atomic_store_n(&started, 1, __ATOMIC_RELEASE);
    }
    os_unlock(&once);
    inside_end(in);
}
