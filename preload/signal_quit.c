/* SIGQUIT shows who is stuck (stuck.h). */
#include "handlers.h"
#include "interpose.h"
#include "raw.h"
#include "stuck.h"

/* A handler of our own stands in for the default action: the program is told that this is what it has. */
static bool quit_shows, quit_ends; /* set once */

static void on_quit(int sig, siginfo_t *info, void *context)
{
    int saved = errno;
    struct thread *t = thread_self();
    if (t && handler_must_wait(t)) {
        handler_put_off(t, sig, info, context);
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

void signal_quit_stand_in(const struct sigaction *act, struct sigaction *ours)
{
    if (quit_shows && is_default(act))
        quit_action(ours);
}

bool signal_quit_is(const struct sigaction *act)
{
    return act->sa_sigaction == on_quit;
}
