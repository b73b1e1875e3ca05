/* SIGQUIT prints all goroutines, and the program goes on. SIGSEGV and SIGBUS in a guard page are a stack overflow, and told as such
 * before the process ends by the signal. Both only where the program has not taken the signal for itself.
 *
 * The handlers run on the M's signal stack: a goroutine that has overflowed has none left. */
#include "signals.h"

#include <signal.h>
#include <string.h>

#include "dump.h"
#include "out.h"
#include "sched.h"
#include "trace.h"

static const int faults[] = {SIGSEGV, SIGBUS};
static struct sigaction fault_before[2], quit_before;
static bool quit_ours;

static void on_quit(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)info;
    goro_dump(2);
    rt_emit_shows(context);
}

struct search {
    const char *stack;
    const struct rt_g *found;
};

static void owns_stack(struct rt_g *g, void *arg)
{
    struct search *search = arg;
    if (g->stack == search->stack)
        search->found = g;
}

static void tell_overflow(const char *stack)
{
    struct rt_out out = {.fd = 2};
    struct search search = {stack, NULL};
    rt_tasks_each(owns_stack, &search);
    const struct rt_g *g = search.found;
    rt_out_text(&out, "fatal error: stack overflow\n");
    if (g) {
        size_t size = rt_stack_size(g->stack_class) + RT_PAGE;
        rt_dump_line(&out, g);
        rt_out_format(&out, "    used all %zu bytes of its stack; goro_go_opt((.stack = %zu), ...) gives it more, "
                            "GORO_STACK=%zu all goroutines\n",
                      size, 4 * size, 4 * size);
    }
    rt_trace_here(&out);
    rt_out_flush(&out);
}

static void on_fault(int signal, siginfo_t *info, void *context)
{
    const struct sigaction *before = &fault_before[signal == SIGBUS];
    const char *stack = info->si_code > 0 ? rt_stack_guard(info->si_addr) : NULL;
    if (stack) {
        tell_overflow(stack);
    } else if (before->sa_flags & SA_SIGINFO) {
        before->sa_sigaction(signal, info, context);
        return;
    } else if (before->sa_handler != SIG_DFL && before->sa_handler != SIG_IGN) {
        before->sa_handler(signal);
        return;
    }
    /* Again, and nobody catches it: the core file shows the place. */
    struct sigaction default_action = {.sa_handler = SIG_DFL};
    sigaction(signal, &default_action, NULL);
}

void rt_signals_start(void)
{
    struct sigaction fault = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    struct sigaction quit = {.sa_sigaction = on_quit, .sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK};
    for (int i = 0; i < 2; i++)
        sigaction(faults[i], &fault, &fault_before[i]);
    sigaction(SIGQUIT, NULL, &quit_before);
    quit_ours = !(quit_before.sa_flags & SA_SIGINFO) && quit_before.sa_handler == SIG_DFL;
    if (quit_ours)
        sigaction(SIGQUIT, &quit, NULL);
}

void rt_signals_stop(void)
{
    for (int i = 0; i < 2; i++)
        sigaction(faults[i], &fault_before[i], NULL);
    if (quit_ours)
        sigaction(SIGQUIT, &quit_before, NULL);
}
