/* The handlers of the program: which function `handler_trampoline`, which the kernel knows, stands for. Between signals.c, which runs
 * them, and those that install them: wrap_signal.c, signal_trap.c, signal_quit.c. */
#ifndef GORACE_HANDLERS_H
#define GORACE_HANDLERS_H

#include <errno.h>

#include "../detector/os.h"
#include "signals.h"
#include "threads.h"

#define SIGNALS 65
#define KERNEL_MASK_BYTES 8

typedef void (*full_handler)(int, siginfo_t *, void *);

/* Written under tables_lock; read by handlers, atomic. */
extern struct handler {
    full_handler run; /* NULL: there never was one */
    int flags;        /* as the program gave them */
    uint64_t mask;    /* of sa_mask */
} handlers[SIGNALS];

void handler_set(int sig, full_handler run, int flags, uint64_t mask);
/* Calls the program's handler now, or has the signal come again when the thread has left the core. */
void handler_trampoline(int sig, siginfo_t *info, void *context);
/* The calling thread is in the core, or in code of ours that no handler may interrupt. */
bool handler_must_wait(const struct thread *t);
/* In a handler: has the signal come again when it need not wait any more. False: it has to be handled now. */
bool handler_put_off(struct thread *t, int sig, siginfo_t *info, ucontext_t *interrupted);

/* Raised by the interrupted instruction itself, not sent by somebody. */
static inline bool signal_is_fault(int sig, const siginfo_t *info)
{
    return (SIGNAL_BIT(sig) & SIGNAL_FAULTS) && info->si_code > 0;
}
/* To the calling thread, with the siginfo it came with. */
bool signal_queue_again(int sig, siginfo_t *info);
/* Of the calling thread, as the kernel has it. */
void signal_set_mask(uint64_t mask);

static inline bool action_is_function(const struct sigaction *act)
{
    return act->sa_handler != SIG_DFL && act->sa_handler != SIG_IGN && act->sa_handler != SIG_ERR;
}
/* Not by assignment (instrument/slots.h). */
static inline void action_copy(struct sigaction *to, const struct sigaction *from)
{
    copy_bytes(to, from, sizeof *to);
}

/* signal_trap.c: SIGTRAP is ours; sigaction of it then; `set` without it, as a trap that is blocked ends the process or comes too late. */
bool signal_trap_taken(void);
int signal_install_trap(const struct sigaction *act, struct sigaction *old);
const sigset_t *signal_without_trap(int how, const sigset_t *set, sigset_t *copy);

/* signal_quit.c: replaces what the program asks SIGQUIT to do, if that is the default; whether an action is that replacement. */
void signal_quit_stand_in(const struct sigaction *act, struct sigaction *ours);
bool signal_quit_is(const struct sigaction *act);

#endif
