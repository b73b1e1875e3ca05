/* Delivery of signals to the program's handlers.
 *
 * Handlers of the program run through `trampoline`, because they must not run on top of the core: its locks may be held
 * and its data half written by the very thread that was interrupted. A signal that comes then is put off, by letting
 * the kernel do all the work: it is queued again to this thread with the siginfo it came with, everything is blocked in
 * the mask that the kernel restores when the trampoline returns, and when the thread has left the core, putting the old
 * mask back delivers the signal, with a true context, on the right stack and with its own mask. A real-time signal would
 * lose its place in the queue in that way; it is kept, and its handler called when the mask is put back. Faults are
 * never put off: they come from an instruction of the program and cannot wait.
 *
 * Edge: sending -> handler. SA_RESETHAND is done here, when the handler is really run: the kernel would do it before the
 * signal is put off. */
#include "../detector/parked.h"
#include "../instrument/slots.h"
#include "handlers.h"
#include "interpose.h"
#include "raw.h"

struct handler handlers[SIGNALS];

__thread int signal_handled_now TLS_IE;

bool handler_must_wait(const struct thread *t)
{
    return t->busy || current_inside || (current_actor && actor_busy(current_actor));
}

bool signal_queue_again(int sig, siginfo_t *info)
{
    long pid = raw_syscall(SYS_getpid, 0, 0, 0, 0, 0, 0);
    long tid = raw_syscall(SYS_gettid, 0, 0, 0, 0, 0, 0);
    return raw_syscall(SYS_rt_tgsigqueueinfo, pid, tid, sig, (long)info, 0, 0) == 0 ||
           raw_syscall(SYS_tgkill, pid, tid, sig, 0, 0, 0) == 0; /* the queue is full, or a sandbox refuses the first */
}

bool handler_put_off(struct thread *t, int sig, siginfo_t *info, ucontext_t *interrupted)
{
    if (sig >= SIGRTMIN || !signal_queue_again(sig, info)) {
        if (t->kept.si_signo)
            return false; /* cannot be: everything is blocked while one is kept */
        t->kept = *info;
    }
    uint64_t *mask = (uint64_t *)&interrupted->uc_sigmask;
    if (!t->put_off) {
        t->signal_mask = *mask;
        t->put_off = true;
    }
    *mask = ~SIGNAL_FAULTS | SIGNAL_BIT(sig);
    if (current_actor)
        actor_defer(current_actor);
    else
        current_put_off = true;
    return true;
}

void signal_set_mask(uint64_t mask)
{
    raw_syscall(SYS_rt_sigprocmask, SIG_SETMASK, (long)&mask, 0, KERNEL_MASK_BYTES, 0, 0);
}

static void run_handler(int sig, siginfo_t *info, void *context);

void signal_deliver(struct thread *t)
{
    if (handler_must_wait(t))
        return;
    uint64_t mask = t->signal_mask;
    siginfo_t info = t->kept;
    int sig = info.si_signo;
    t->kept.si_signo = 0;
    t->put_off = false;
    if (sig) {
        ucontext_t here;
        uint64_t itself = __atomic_load_n(&handlers[sig].flags, __ATOMIC_RELAXED) & SA_NODEFER ? 0 : SIGNAL_BIT(sig);
        int saved = errno;
        signal_set_mask(mask | itself | __atomic_load_n(&handlers[sig].mask, __ATOMIC_RELAXED));
        getcontext(&here);
        *(uint64_t *)&here.uc_sigmask = mask;
        run_handler(sig, &info, &here);
        errno = saved;
    }
    signal_set_mask(mask);
}

void signal_run_pending(struct actor *a)
{
    struct thread *t = thread_self();
    if (!t || !t->put_off)
        return;
    if (current_inside)
        actor_defer(a); /* nobody tells us when that ends; the next event will */
    else
        signal_deliver(t);
}

static void run_handler(int sig, siginfo_t *info, void *context)
{
    int saved = errno;
    struct thread *t = thread_self();
    struct actor *me = t && handler_must_wait(t) ? NULL : current(); /* a fault in the core is not the program's */
    struct parked parked;
    const int handling = t ? t->handling : 0; /* put back: handlers that are left by a jump count for ever */
    if (t)
        __atomic_store_n(&t->handling, handling + 1, __ATOMIC_SEQ_CST);
    if (me)
        actor_handles(me, &parked);
    if (me)
        sync_acquire(me, signal_key(sig));
    if (me)
        thread_heeds_cancel(me);
    full_handler run = __atomic_load_n(&handlers[sig].run, __ATOMIC_ACQUIRE);
    if (__atomic_load_n(&handlers[sig].flags, __ATOMIC_RELAXED) & SA_RESETHAND)
        REAL(sigaction)(sig, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
    int outer = signal_handled_now;
    signal_handled_now = signal_is_fault(sig, info) ? 0 : sig;
    struct slots interrupted;
    slots_copy(&interrupted, &slots);
    errno = saved;
    run(sig, info, context); /* a handler of one argument does not look at the others */
    slots_copy(&slots, &interrupted);
    signal_handled_now = outer;
    if (me)
        actor_handled(me, &parked);
    if (t)
        __atomic_store_n(&t->handling, handling, __ATOMIC_SEQ_CST);
}

void handler_trampoline(int sig, siginfo_t *info, void *context)
{
    int saved = errno;
    signal_let_trap();
    bool fault = signal_is_fault(sig, info);
    struct thread *t = thread_self();
    if (t && !fault && handler_must_wait(t) && handler_put_off(t, sig, info, context)) {
        errno = saved;
        return;
    }
    errno = saved;
    run_handler(sig, info, context);
}

bool signal_unblocked(uint64_t signals)
{
    uint64_t blocked = 0;
    raw_syscall(SYS_rt_sigprocmask, SIG_BLOCK, 0, (long)&blocked, KERNEL_MASK_BYTES, 0, 0);
    return signals & ~blocked;
}

/* Handlers of faults do not come by themselves. What was handled once is taken to be handled still. */
bool signal_handled(void)
{
    for (int sig = 1; sig < SIGNALS; sig++)
        if (!(SIGNAL_BIT(sig) & SIGNAL_FAULTS) && __atomic_load_n(&handlers[sig].run, __ATOMIC_RELAXED))
            return true;
    return false;
}

void handler_set(int sig, full_handler run, int flags, uint64_t mask)
{
    __atomic_store_n(&handlers[sig].mask, mask, __ATOMIC_RELAXED);
    __atomic_store_n(&handlers[sig].flags, flags, __ATOMIC_RELAXED);
    __atomic_store_n(&handlers[sig].run, run, __ATOMIC_RELEASE);
}

void signal_guard(int sig)
{
    struct {
        full_handler run;
        unsigned long flags;
        void (*restorer)(void);
        uint64_t mask;
    } act; /* as the kernel has it */
    if (raw_syscall(SYS_rt_sigaction, sig, 0, (long)&act, KERNEL_MASK_BYTES, 0, 0) || (uintptr_t)act.run <= 1)
        return;
    handler_set(sig, act.run, (int)act.flags, act.mask);
    act.run = handler_trampoline;
    act.flags |= SA_SIGINFO;
    raw_syscall(SYS_rt_sigaction, sig, (long)&act, 0, KERNEL_MASK_BYTES, 0, 0);
}
