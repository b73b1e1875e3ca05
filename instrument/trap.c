/* See trap.h. The handler is installed behind the back of preload/wrap_signal.c, which keeps the program's own: it is
 * called through there. */
#include "trap.h"

#include <signal.h>
#include <stddef.h>
#include <ucontext.h>

#include "../preload/arch/x86_64/call_on.h"
#include "../preload/current.h"
#include "../preload/raw.h"
#include "../preload/signals.h"

#define KERNEL_MASK_BYTES 8
#define SA_RESTORER_FLAG 0x04000000ul

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

__asm__(".pushsection .text\n"
        ".type trap_restorer,@function\n"
        ".hidden trap_restorer\n"
        "trap_restorer:\n\t"
        "mov $15, %eax\n\t" /* rt_sigreturn */
        "syscall\n"
        ".popsection");
void trap_restorer(void);

bool trap_start(const char **why)
{
    struct {
        void (*run)(int, siginfo_t *, void *);
        unsigned long flags;
        void (*restorer)(void);
        uint64_t mask;
    } act = {handle, SA_SIGINFO | SA_ONSTACK | SA_NODEFER | SA_RESTORER_FLAG, trap_restorer, ~UINT64_C(0)};
    if (raw_syscall(SYS_rt_sigaction, SIGTRAP, (long)&act, 0, KERNEL_MASK_BYTES, 0, 0)) {
        *why = "instrument=1: no handler for SIGTRAP can be installed: nothing is instrumented";
        return false;
    }
    signal_take_trap();
    return true;
}
