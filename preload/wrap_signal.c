/* Installing handlers of signals, and masks. Edge: installing a handler -> the handler. What then runs is signals.c.
 *
 * The kernel's table of actions stays the truth (a child of vfork changes its own, but shares our memory): here is only
 * remembered which function the trampoline stands for, and its flags (handlers.h). */
#include "handlers.h"
#include "interpose.h"
#include "mappings.h"

static uint64_t interrupting; /* siginterrupt(sig, 1) was called; bit sig - 1, atomic */

static int install(int sig, const struct sigaction *act, struct sigaction *old)
{
    struct sigaction ours, before;
    struct actor *me = current();
    if (current_inside || sig <= 0 || sig >= SIGNALS)
        return REAL(sigaction)(sig, act, old);
    if (sig == SIGTRAP && signal_trap_taken())
        return signal_install_trap(act, old);
    struct thread *self = tables_lock();
    full_handler last = handlers[sig].run;
    int last_flags = handlers[sig].flags;
    uint64_t last_mask = handlers[sig].mask;
    if (act) {
        action_copy(&ours, act);
        if (action_is_function(act) && act->sa_sigaction != handler_trampoline) {
            if (me)
                sync_release_merge(me, signal_key(sig));
            handler_set(sig, act->sa_sigaction, act->sa_flags, *(const uint64_t *)&act->sa_mask);
            ours.sa_sigaction = handler_trampoline;
            ours.sa_flags = (act->sa_flags | SA_SIGINFO) & ~SA_RESETHAND;
        } else if (sig == SIGQUIT) {
            signal_quit_stand_in(act, &ours);
        }
    }
    int result = REAL(sigaction)(sig, act ? &ours : NULL, &before);
    if (result != 0)
        handler_set(sig, last, last_flags, last_mask);
    tables_unlock(self);
    if (result == 0 && old) {
        action_copy(old, signal_quit_is(&before) ? &(struct sigaction){.sa_handler = SIG_DFL} : &before);
        if (before.sa_sigaction == handler_trampoline) {
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
    bool interrupts = sig > 0 && sig < SIGNALS && (__atomic_load_n(&interrupting, __ATOMIC_RELAXED) & SIGNAL_BIT(sig));
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
        __atomic_fetch_or(&interrupting, SIGNAL_BIT(sig), __ATOMIC_RELAXED);
    else if (result == 0)
        __atomic_fetch_and(&interrupting, ~SIGNAL_BIT(sig), __ATOMIC_RELAXED);
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
    return mask_told(me, old, REAL(sigprocmask)(how, signal_without_trap(how, set, &copy), old), CALLER);
}

INTERPOSE(int, pthread_sigmask, (int how, const sigset_t *set, sigset_t *old))
{
    sigset_t copy;
    struct actor *me = current();
    mask_given(me, set, CALLER);
    return mask_told(me, old, REAL(pthread_sigmask)(how, signal_without_trap(how, set, &copy), old), CALLER);
}

INTERPOSE(int, sigpending, (sigset_t * set))
{
    struct actor *me = current();
    return mask_told(me, set, REAL(sigpending)(set), CALLER);
}
