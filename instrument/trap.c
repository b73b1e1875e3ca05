/* See trap.h. The handler is installed behind the back of preload/signal_trap.c, which keeps the program's own: it is
 * called through there. */
#include "trap.h"

#include <signal.h>
#include <ucontext.h>

#include "../preload/arch/x86_64/call_on.h"
#include "../preload/current.h"
#include "../preload/signals.h"

void trap_call_on(char *top, void (*f)(void *arg), void *arg)
{
    call_on(top, f, arg);
}

static void handle(int sig, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;
    const uintptr_t pc = (uintptr_t)uc->uc_mcontext.gregs[REG_RIP] - 1;
    uintptr_t to = 0;
    if (info->si_code == SI_KERNEL || info->si_code == TRAP_BRKPT) {
        struct inside in = inside_begin();
        to = trap_resolve(pc);
        inside_end(in);
    }
    if (to)
        uc->uc_mcontext.gregs[REG_RIP] = (greg_t)to;
    else
        signal_trap(sig, info, context);
}

bool trap_start(const char **why)
{
    if (signal_take_trap(handle))
        return true;
    *why = "instrument=1: no handler for SIGTRAP can be installed: nothing is instrumented";
    return false;
}
