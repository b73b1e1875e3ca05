/* Signals of the program: signals.c runs its handlers, wrap_signal.c and wrap_sigsend.c are what it calls. */
#ifndef GORACE_SIGNALS_H
#define GORACE_SIGNALS_H

#include <signal.h>

#include "current.h"
#include "sync_keys.h"

#define SIGNAL_BIT(sig) (UINT64_C(1) << ((sig)-1)) /* in a mask as the kernel has it */

/* What an instruction of the thread itself raises; the kernel ends a process that blocks it. A system call of ours that the
 * program's seccomp filter traps (Firefox's does) comes back by SIGSYS. */
#define SIGNAL_FAULTS \
    (SIGNAL_BIT(SIGSEGV) | SIGNAL_BIT(SIGBUS) | SIGNAL_BIT(SIGFPE) | SIGNAL_BIT(SIGILL) | SIGNAL_BIT(SIGTRAP) | \
     SIGNAL_BIT(SIGSYS))

/* The sync object of all that leads to the delivery of signal `sig`. */
static inline uint64_t signal_key(int sig)
{
    return sync_key(SYNC_SIGNAL, (unsigned)sig);
}

/* For detector_host.deferred: delivers the signal that was put off, now that `a` has left the core. */
void signal_run_pending(struct actor *a);
/* The signal whose handler the calling thread is in, innermost; 0: none, or one of a fault. */
extern __thread int signal_handled_now TLS_IE;
static inline int signal_handling(void)
{
    return signal_handled_now;
}
/* For detector_host.unblocked. */
bool signal_unblocked(uint64_t signals);
/* Whether the program has a handler that a signal from outside, or a timer, may run. */
bool signal_handled(void);
/* Before a signal to this process is sent, or something is set up that will send it. wrap_sigsend.c */
void signal_sent(struct actor *me, int sig);
/* The same for whatever the event says: a signal, or a thread that libc makes. */
void signal_event(struct actor *me, const struct sigevent *event);

/* SIGTRAP is `handle`'s, behind the program's back, which hands over what is the program's by signal_trap; the program's own action
 * is kept here, and the signal is never blocked while a handler runs. False: the kernel does not let us. */
bool signal_take_trap(void (*handle)(int, siginfo_t *, void *));
/* In a thread that may have begun with it blocked. */
void signal_let_trap(void);
void signal_trap(int sig, siginfo_t *info, void *context);

/* SIGQUIT shows who is stuck, as long as the program leaves it its default action; `end`: and ends the process then. */
void signal_quit_shows(bool end);

/* From now on the handler that libc has installed for a signal of its own is called like one of the program. */
void signal_guard(int sig);

#endif
