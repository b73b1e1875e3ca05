/* One-time initialisation: pthread_once, and the guards of C++ local statics. Edge: the end of the initialisation ->
 * every return that relies on it.
 *
 * pthread_once gives its function no argument, so which one to run is left in the thread's record. After an exception
 * or longjmp out of the initialisation the entry points to a frame that has gone; it is never followed, because every
 * call that may run something sets it anew first. */
#include "delay.h"
#include "interpose.h"
#include "library.h"
#include "once.h"

#include "../detector/locks.h"

struct running {
    struct actor *me;
    uintptr_t flag, sp;
};

/* Also when the function is left by an exception or by cancellation: then it counts as not done. */
static void run_over(struct running *r)
{
    if (!r->me)
        return;
    lock_gone(r->me, r->flag);
    context_unwound(r->me, r->sp + 1);
}

void once_run(void)
{
    struct once_call call = *thread_self()->once;
    struct actor *me = current();
    const uintptr_t sp = (uintptr_t)__builtin_frame_address(0);
    struct running running __attribute__((cleanup(run_over), unused)) = {me, call.flag, sp};
    if (me) {
        wait_end(me);
        /* Held while it runs: who comes meanwhile waits for it. Nobody has waited to get here. */
        lock_got(me, call.flag, HOW(THING_ONCE, HOW_EXCLUSIVE | HOW_TRY), call.pc);
        context_called_back(me, call.pc, sp);
    }
    call.run();
    me = current();
    if (me)
        sync_release(me, call.flag);
}

/* glibc: 2 when it has been done. Also then it was asked for under what the caller holds: in another schedule it might
 * have been the first to ask. */
void once_begins(struct actor *me, const struct once_call *call)
{
    lock_missed(me, call->flag, HOW(THING_ONCE, HOW_EXCLUSIVE), call->pc);
    if (__atomic_load_n((const int *)call->flag, __ATOMIC_ACQUIRE) == 2)
        return;
    wait_begin(me, &(struct wait_for){.thing = THING_ONCE, .how = HOW_EXCLUSIVE, .key = call->flag}, call->pc);
}

void once_over(struct actor *me)
{
    wait_end(me);
}

INTERPOSE(int, pthread_once, (pthread_once_t * flag, void (*run)(void)))
{
    delay_here(CALLER);
    struct actor *me = current();
    struct thread *t = me ? thread_self() : NULL;
    if (!t)
        return REAL(pthread_once)(flag, run);
    PARKED_REGISTERS();
    struct once_call call = {run, (uintptr_t)flag, CALLER, t->once};
    t->once = &call;
    once_begins(me, &call);
    int result = REAL(pthread_once)(flag, once_run);
    once_over(me);
    t->once = call.outer;
    if (result == 0)
        sync_acquire(me, (uintptr_t)flag);
    return result;
}

/* The C++ runtime may come later than us, by dlopen and out of the global scope. */
#define GUARD(name) (__builtin_expect(real_##name != NULL, 1) ? real_##name : late_##name(CALLER))
#define LATE(ret, name) \
    static ret (*late_##name(uintptr_t pc))(int64_t *) \
    { \
        static struct library_row row = {#name, NULL, NULL, NULL}; \
        interpose_resolve(); \
        return real_##name ? real_##name : (ret(*)(int64_t *))library_function(&row, LIBRARY_CXX, pc); \
    }
LATE(int, __cxa_guard_acquire)
LATE(void, __cxa_guard_release)
LATE(void, __cxa_guard_abort)

/* The first byte of a guard is looked at by the code that needs the variable, with a plain move. */
INTERPOSE(int, __cxa_guard_acquire, (int64_t * guard))
{
    struct actor *me = current();
    if (me)
        sync_mark_guard(me, (uintptr_t)guard);
    int mine = GUARD(__cxa_guard_acquire)(guard);
    if (me)
        sync_acquire(me, (uintptr_t)guard);
    return mine;
}

INTERPOSE(void, __cxa_guard_release, (int64_t * guard))
{
    struct actor *me = current();
    if (me)
        sync_release(me, (uintptr_t)guard);
    GUARD(__cxa_guard_release)(guard);
}

INTERPOSE(void, __cxa_guard_abort, (int64_t * guard))
{
    struct actor *me = current();
    if (me)
        sync_release(me, (uintptr_t)guard);
    GUARD(__cxa_guard_abort)(guard);
}
