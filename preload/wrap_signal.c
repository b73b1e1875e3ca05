/* Signals. Edges: sending -> handler or accepting wait; installing a handler -> the handler.
 *
 * Handlers of the program run through `trampoline`, because they must not run on top of the core: its locks may be held
 * and its data half written by the very thread that was interrupted. A signal that comes then is put off, by letting
 * the kernel do all the work: it is queued again to this thread with the siginfo it came with, everything is blocked in
 * the mask that the kernel restores when the trampoline returns, and when the thread has left the core, putting the old
 * mask back delivers the signal, with a true context, on the right stack and with its own mask. A real-time signal would
 * lose its place in the queue in that way; it is kept, and its handler called when the mask is put back. Faults are
 * never put off: they come from an instruction of the program and cannot wait.
 *
 * The kernel's table of actions stays the truth (a child of vfork changes its own, but shares our memory): here is only
 * remembered which function the trampoline stands for, and its flags. SA_RESETHAND is done here, when the handler is
 * really run: the kernel would do it before the signal is put off. */
#include "../detector/parked.h"
#include "../instrument/slots.h"
#include "interpose.h"
#include "mappings.h"
#include "raw.h"
#include "signals.h"
#include "stuck.h"
#include "threads.h"

#define SIGNALS 65
#define KERNEL_MASK_BYTES 8

typedef void (*full_handler)(int, siginfo_t *, void *);

static struct {
    full_handler run;
    int flags;       /* as the program gave them */
    uint64_t mask;   /* of sa_mask */
} handlers[SIGNALS]; /* written under tables_lock; read by handlers, atomic */

__thread int signal_handled_now TLS_IE;

static uint64_t interrupting; /* siginterrupt(sig, 1) was called; bit sig - 1, atomic */

/* ---- delivery --------------------------------------------------------------------------------------------------- */

#define BIT(sig) (UINT64_C(1) << ((sig)-1))
#define FAULTS (BIT(SIGSEGV) | BIT(SIGBUS) | BIT(SIGFPE) | BIT(SIGILL) | BIT(SIGTRAP) | BIT(SIGSYS))

/* Raised by the interrupted instruction itself, not sent by somebody. */
static bool is_fault(int sig, const siginfo_t *info)
{
    return (BIT(sig) & FAULTS) && info->si_code > 0;
}

static bool must_wait(const struct thread *t)
{
    return t->busy || current_inside || (current_actor && actor_busy(current_actor));
}

static bool queue_again(int sig, siginfo_t *info)
{
    long pid = raw_syscall(SYS_getpid, 0, 0, 0, 0, 0, 0);
    long tid = raw_syscall(SYS_gettid, 0, 0, 0, 0, 0, 0);
    return raw_syscall(SYS_rt_tgsigqueueinfo, pid, tid, sig, (long)info, 0, 0) == 0 ||
           raw_syscall(SYS_tgkill, pid, tid, sig, 0, 0, 0) == 0; /* the queue is full, or a sandbox refuses the first */
}

static bool put_off(struct thread *t, int sig, siginfo_t *info, ucontext_t *interrupted)
{
    if (sig >= SIGRTMIN || !queue_again(sig, info)) {
        if (t->kept.si_signo)
            return false; /* cannot be: everything is blocked while one is kept */
        t->kept = *info;
    }
    uint64_t *mask = (uint64_t *)&interrupted->uc_sigmask;
    if (!t->put_off) {
        t->signal_mask = *mask;
        t->put_off = true;
    }
    *mask = ~FAULTS | BIT(sig);
    if (current_actor)
        actor_defer(current_actor);
    else
        current_put_off = true;
    return true;
}

static void set_mask(uint64_t mask)
{
    raw_syscall(SYS_rt_sigprocmask, SIG_SETMASK, (long)&mask, 0, KERNEL_MASK_BYTES, 0, 0);
}

static void run_handler(int sig, siginfo_t *info, void *context);

void signal_deliver(struct thread *t)
{
    if (must_wait(t))
        return;
    uint64_t mask = t->signal_mask;
    siginfo_t info = t->kept;
    int sig = info.si_signo;
    t->kept.si_signo = 0;
    t->put_off = false;
    if (sig) {
        ucontext_t here;
        uint64_t itself = __atomic_load_n(&handlers[sig].flags, __ATOMIC_RELAXED) & SA_NODEFER ? 0 : BIT(sig);
        int saved = errno;
        set_mask(mask | itself | __atomic_load_n(&handlers[sig].mask, __ATOMIC_RELAXED));
        getcontext(&here);
        *(uint64_t *)&here.uc_sigmask = mask;
        run_handler(sig, &info, &here);
        errno = saved;
    }
    set_mask(mask);
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
    struct actor *me = t && must_wait(t) ? NULL : current(); /* a fault in the core is not the program's */
    struct parked parked;
    const int handling = t ? t->handling : 0; /* put back: handlers that are left by a jump count for ever */
    if (t)
        __atomic_store_n(&t->handling, handling + 1, __ATOMIC_SEQ_CST);
    if (me)
        actor_handles(me, &parked);
    if (me)
        sync_acquire(me, signal_key(sig));
    if (me && t && __atomic_load_n(&t->cancelled, __ATOMIC_ACQUIRE))
        sync_acquire(me, (uintptr_t)&t->cancelled);
    full_handler run = __atomic_load_n(&handlers[sig].run, __ATOMIC_ACQUIRE);
    if (__atomic_load_n(&handlers[sig].flags, __ATOMIC_RELAXED) & SA_RESETHAND)
        REAL(sigaction)(sig, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
    int outer = signal_handled_now;
    signal_handled_now = is_fault(sig, info) ? 0 : sig;
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

static bool trap_taken;              /* before there is a second thread */
static struct sigaction trap_action; /* the program's, tables_lock */

void signal_let_trap(void)
{
    const uint64_t trap = BIT(SIGTRAP);
    if (__builtin_expect(trap_taken, 0))
        raw_syscall(SYS_rt_sigprocmask, SIG_UNBLOCK, (long)&trap, 0, KERNEL_MASK_BYTES, 0, 0);
}

static void trampoline(int sig, siginfo_t *info, void *context)
{
    int saved = errno;
    signal_let_trap();
    bool fault = is_fault(sig, info);
    struct thread *t = thread_self();
    if (t && !fault && must_wait(t) && put_off(t, sig, info, context)) {
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
        if (!(BIT(sig) & FAULTS) && __atomic_load_n(&handlers[sig].run, __ATOMIC_RELAXED))
            return true;
    return false;
}

/* ---- installation ----------------------------------------------------------------------------------------------- */

static bool is_function(const struct sigaction *act)
{
    return act->sa_handler != SIG_DFL && act->sa_handler != SIG_IGN && act->sa_handler != SIG_ERR;
}

static void remember(int sig, full_handler run, int flags, uint64_t mask)
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
    remember(sig, act.run, (int)act.flags, act.mask);
    act.run = trampoline;
    act.flags |= SA_SIGINFO;
    raw_syscall(SYS_rt_sigaction, sig, (long)&act, 0, KERNEL_MASK_BYTES, 0, 0);
}

/* Not by assignment (instrument/slots.h). */
static void copy_action(struct sigaction *to, const struct sigaction *from)
{
    copy_bytes(to, from, sizeof *to);
}

static int install_trap(const struct sigaction *act, struct sigaction *old)
{
    struct thread *self = tables_lock();
    struct sigaction before;
    copy_action(&before, &trap_action);
    if (act) {
        copy_action(&trap_action, act);
        remember(SIGTRAP, is_function(act) ? act->sa_sigaction : NULL, act->sa_flags, *(const uint64_t *)&act->sa_mask);
    }
    tables_unlock(self);
    if (old)
        copy_action(old, &before);
    return 0;
}

#define SA_RESTORER_FLAG 0x04000000ul
__asm__(".pushsection .text\n"
        ".type trap_restorer,@function\n"
        ".hidden trap_restorer\n"
        "trap_restorer:\n\t"
        "mov $15, %eax\n\t" /* rt_sigreturn */
        "syscall\n"
        ".popsection");
void trap_restorer(void);

bool signal_take_trap(void (*handle)(int, siginfo_t *, void *))
{
    struct {
        full_handler run;
        unsigned long flags;
        void (*restorer)(void);
        uint64_t mask;
    } act = {handle, SA_SIGINFO | SA_ONSTACK | SA_NODEFER | SA_RESTORER_FLAG, trap_restorer, ~UINT64_C(0)};
    REAL(sigaction)(SIGTRAP, NULL, &trap_action);
    if (handlers[SIGTRAP].run && is_function(&trap_action)) {
        trap_action.sa_sigaction = handlers[SIGTRAP].run;
        trap_action.sa_flags = handlers[SIGTRAP].flags;
    }
    if (raw_syscall(SYS_rt_sigaction, SIGTRAP, (long)&act, 0, KERNEL_MASK_BYTES, 0, 0))
        return false;
    trap_taken = true;
    signal_let_trap();
    return true;
}

void signal_trap(int sig, siginfo_t *info, void *context)
{
    if (__atomic_load_n(&handlers[sig].run, __ATOMIC_ACQUIRE)) {
        const ucontext_t *interrupted = context;
        set_mask(*(const uint64_t *)&interrupted->uc_sigmask | __atomic_load_n(&handlers[sig].mask, __ATOMIC_RELAXED));
        trampoline(sig, info, context);
    } else if (trap_action.sa_handler != SIG_IGN || is_fault(sig, info)) {
        struct sigaction fatal = {.sa_handler = SIG_DFL};
        REAL(sigaction)(sig, &fatal, NULL);
        queue_again(sig, info); /* comes when the handler returns */
    }
}

/* ---- SIGQUIT ---------------------------------------------------------------------------------------------------------- */

/* A handler of our own stands in for the default action: the program is told that this is what it has. */
static bool quit_shows, quit_ends; /* set once */

static void on_quit(int sig, siginfo_t *info, void *context)
{
    int saved = errno;
    struct thread *t = thread_self();
    if (t && must_wait(t)) {
        put_off(t, sig, info, context);
    } else {
        stuck_on_quit(context);
        if (quit_ends) {
            REAL(sigaction)(sig, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
            raw_syscall(SYS_tgkill, raw_syscall(SYS_getpid, 0, 0, 0, 0, 0, 0),
                        raw_syscall(SYS_gettid, 0, 0, 0, 0, 0, 0), sig, 0, 0, 0);
        }
    }
    errno = saved;
}

static void quit_action(struct sigaction *to)
{
    *to = (struct sigaction){.sa_sigaction = on_quit, .sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK};
}

static bool is_default(const struct sigaction *act)
{
    return !(act->sa_flags & SA_SIGINFO) && act->sa_handler == SIG_DFL;
}

void signal_quit_shows(bool end)
{
    struct sigaction ours, before;
    quit_ends = end;
    quit_shows = true;
    quit_action(&ours);
    if (REAL(sigaction)(SIGQUIT, NULL, &before) == 0 && is_default(&before))
        REAL(sigaction)(SIGQUIT, &ours, NULL);
}

static int install(int sig, const struct sigaction *act, struct sigaction *old)
{
    struct sigaction ours, before;
    struct actor *me = current();
    if (current_inside || sig <= 0 || sig >= SIGNALS)
        return REAL(sigaction)(sig, act, old);
    if (sig == SIGTRAP && trap_taken)
        return install_trap(act, old);
    struct thread *self = tables_lock();
    full_handler last = handlers[sig].run;
    int last_flags = handlers[sig].flags;
    uint64_t last_mask = handlers[sig].mask;
    if (act) {
        copy_action(&ours, act);
        if (is_function(act) && act->sa_sigaction != trampoline) {
            if (me)
                sync_release_merge(me, signal_key(sig));
            remember(sig, act->sa_sigaction, act->sa_flags, *(const uint64_t *)&act->sa_mask);
            ours.sa_sigaction = trampoline;
            ours.sa_flags = (act->sa_flags | SA_SIGINFO) & ~SA_RESETHAND;
        } else if (quit_shows && sig == SIGQUIT && is_default(act)) {
            quit_action(&ours);
        }
    }
    int result = REAL(sigaction)(sig, act ? &ours : NULL, &before);
    if (result != 0)
        remember(sig, last, last_flags, last_mask);
    tables_unlock(self);
    if (result == 0 && old) {
        copy_action(old, before.sa_sigaction == on_quit ? &(struct sigaction){.sa_handler = SIG_DFL} : &before);
        if (before.sa_sigaction == trampoline) {
            old->sa_sigaction = last;
            old->sa_flags ^= (old->sa_flags ^ last_flags) & (SA_SIGINFO | SA_RESETHAND);
        }
    }
    return result;
}

INTERPOSE(int, sigaction, (int sig, const struct sigaction *act, struct sigaction *old))
{
    struct actor *me = current();
    if (me && act)
        mem_read(me, act, sizeof *act, CALLER);
    int result = install(sig, act, old);
    if (me && old && result == 0)
        mem_write(me, old, sizeof *old, CALLER);
    return result;
}

INTERPOSE(int, __sigaction, (int sig, const struct sigaction *act, struct sigaction *old))
{
    return install(sig, act, old);
}

static sighandler_t install_simple(int sig, sighandler_t handler, int flags, bool block_itself)
{
    struct sigaction act = {.sa_handler = handler, .sa_flags = flags}, old;
    if (handler == SIG_ERR || sig <= 0 || sig >= SIGNALS) {
        errno = EINVAL;
        return SIG_ERR;
    }
    sigemptyset(&act.sa_mask);
    if (block_itself)
        sigaddset(&act.sa_mask, sig);
    return install(sig, &act, &old) == 0 ? old.sa_handler : SIG_ERR;
}

static sighandler_t install_bsd(int sig, sighandler_t handler)
{
    bool interrupts = sig > 0 && sig < SIGNALS && (__atomic_load_n(&interrupting, __ATOMIC_RELAXED) & BIT(sig));
    return install_simple(sig, handler, interrupts ? 0 : SA_RESTART, true);
}

INTERPOSE(sighandler_t, signal, (int sig, sighandler_t handler))
{
    return install_bsd(sig, handler);
}

INTERPOSE(sighandler_t, bsd_signal, (int sig, sighandler_t handler))
{
    return install_bsd(sig, handler);
}

INTERPOSE(sighandler_t, ssignal, (int sig, sighandler_t handler))
{
    return install_bsd(sig, handler);
}

INTERPOSE(sighandler_t, sysv_signal, (int sig, sighandler_t handler))
{
    return install_simple(sig, handler, SA_RESETHAND | SA_NODEFER, false);
}

INTERPOSE(sighandler_t, __sysv_signal, (int sig, sighandler_t handler))
{
    return install_simple(sig, handler, SA_RESETHAND | SA_NODEFER, false);
}

INTERPOSE(int, siginterrupt, (int sig, int interrupts))
{
    int result = REAL(siginterrupt)(sig, interrupts);
    if (result == 0 && interrupts)
        __atomic_fetch_or(&interrupting, BIT(sig), __ATOMIC_RELAXED);
    else if (result == 0)
        __atomic_fetch_and(&interrupting, ~BIT(sig), __ATOMIC_RELAXED);
    return result;
}

INTERPOSE(int, sigaltstack, (const stack_t *stack, stack_t *old))
{
    struct actor *me = current();
    struct thread *t = thread_self();
    if (me && stack)
        mem_read(me, stack, sizeof *stack, CALLER);
    int result = REAL(sigaltstack)(stack, old);
    if (me && old && result == 0)
        mem_write(me, old, sizeof *old, CALLER);
    if (t && stack && result == 0) {
        const bool used = !(stack->ss_flags & SS_DISABLE);
        mappings_signal_stack(t, (uintptr_t)stack->ss_sp, used ? stack->ss_size : 0);
        t->has_signal_stack = used;
    }
    return result;
}

/* SIG_HOLD blocks the signal and leaves its action alone; anything else unblocks it. The result is the former action,
 * or SIG_HOLD if it was blocked. */
INTERPOSE(sighandler_t, sigset, (int sig, sighandler_t handler))
{
    sigset_t only, before;
    struct sigaction old;
    sigemptyset(&only);
    if (handler == SIG_ERR || sigaddset(&only, sig) != 0) {
        errno = EINVAL;
        return SIG_ERR;
    }
    if (handler == SIG_HOLD) {
        if (REAL(sigprocmask)(SIG_BLOCK, &only, &before) != 0 || install(sig, NULL, &old) != 0)
            return SIG_ERR;
        return sigismember(&before, sig) ? SIG_HOLD : old.sa_handler;
    }
    sighandler_t former = install_simple(sig, handler, 0, false);
    if (former == SIG_ERR || REAL(sigprocmask)(SIG_UNBLOCK, &only, &before) != 0)
        return SIG_ERR;
    return sigismember(&before, sig) ? SIG_HOLD : former;
}

/* ---- masks -------------------------------------------------------------------------------------------------------- */

/* SIGTRAP must not be blocked when it is taken: a trap then ends the process, or comes too late. */
static const sigset_t *without_trap(int how, const sigset_t *set, sigset_t *copy)
{
    if (__builtin_expect(!trap_taken, 1) || !set || how == SIG_UNBLOCK)
        return set;
    *copy = *set;
    sigdelset(copy, SIGTRAP);
    return copy;
}

static void mask_given(struct actor *me, const sigset_t *set, uintptr_t pc)
{
    if (me && set)
        mem_read(me, set, KERNEL_MASK_BYTES, pc);
}

static int mask_told(struct actor *me, sigset_t *old, int result, uintptr_t pc)
{
    if (me && old && result == 0)
        mem_write(me, old, KERNEL_MASK_BYTES, pc);
    return result;
}

INTERPOSE(int, sigprocmask, (int how, const sigset_t *set, sigset_t *old))
{
    sigset_t copy;
    struct actor *me = current();
    mask_given(me, set, CALLER);
    return mask_told(me, old, REAL(sigprocmask)(how, without_trap(how, set, &copy), old), CALLER);
}

INTERPOSE(int, pthread_sigmask, (int how, const sigset_t *set, sigset_t *old))
{
    sigset_t copy;
    struct actor *me = current();
    mask_given(me, set, CALLER);
    return mask_told(me, old, REAL(pthread_sigmask)(how, without_trap(how, set, &copy), old), CALLER);
}
