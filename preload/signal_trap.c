/* SIGTRAP is taken by relocated code (signals.h, signal_take_trap); what the program asks for is kept here and told as if it were done. */
#include "handlers.h"
#include "interpose.h"
#include "raw.h"

static bool trap_taken;              /* before there is a second thread */
static struct sigaction trap_action; /* the program's, tables_lock */

bool signal_trap_taken(void)
{
    return trap_taken;
}

void signal_let_trap(void)
{
    const uint64_t trap = SIGNAL_BIT(SIGTRAP);
    if (__builtin_expect(trap_taken, 0))
        raw_syscall(SYS_rt_sigprocmask, SIG_UNBLOCK, (long)&trap, 0, KERNEL_MASK_BYTES, 0, 0);
}

int signal_install_trap(const struct sigaction *act, struct sigaction *old)
{
    struct thread *self = tables_lock();
    struct sigaction before;
    action_copy(&before, &trap_action);
    if (act) {
        action_copy(&trap_action, act);
        handler_set(SIGTRAP, action_is_function(act) ? act->sa_sigaction : NULL, act->sa_flags, *(const uint64_t *)&act->sa_mask);
    }
    tables_unlock(self);
    if (old)
        action_copy(old, &before);
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
    if (handlers[SIGTRAP].run && action_is_function(&trap_action)) {
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
        signal_set_mask(*(const uint64_t *)&interrupted->uc_sigmask | __atomic_load_n(&handlers[sig].mask, __ATOMIC_RELAXED));
        handler_trampoline(sig, info, context);
    } else if (trap_action.sa_handler != SIG_IGN || signal_is_fault(sig, info)) {
        struct sigaction fatal = {.sa_handler = SIG_DFL};
        REAL(sigaction)(sig, &fatal, NULL);
        signal_queue_again(sig, info); /* comes when the handler returns */
    }
}

const sigset_t *signal_without_trap(int how, const sigset_t *set, sigset_t *copy)
{
    if (__builtin_expect(!trap_taken, 1) || !set || how == SIG_UNBLOCK)
        return set;
    *copy = *set;
    sigdelset(copy, SIGTRAP);
    return copy;
}
