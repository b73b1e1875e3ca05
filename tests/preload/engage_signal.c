/* Signals and timers: sending is known to the handler, or to who waits. */
#include <sys/syscall.h>

#include "engage.h"

static volatile int handled;

static void handler(int sig)
{
    (void)sig;
    handled++;
}

static void handles(void)
{
    struct sigaction a = {.sa_handler = handler};
    CHECK(sigaction(SIGUSR1, &a, NULL) == 0);
    from_here();
}

static void delivered(bool sent)
{
    CHECK(sent && handled == 1);
    EDGE();
}

/* ---- handlers ------------------------------------------------------------------------------------------------------- */

CASE(sigaction)
{
    struct sigaction a = {.sa_handler = handler}, old;
    CHECK(CALL(sigaction)(SIGUSR1, &a, &old) == 0 && old.sa_handler == SIG_DFL);
    READS(&a, sizeof a);
    WRITES(&old, sizeof old);
    CHECK(raise(SIGUSR1) == 0);
    delivered(true);
    CHECK(CALL(sigaction)(SIGUSR1, NULL, &old) == 0 && old.sa_handler == handler);
}

/* For other libraries than the program's own code. */
CASE(__sigaction)
{
    struct sigaction a = {.sa_handler = handler}, old;
    CHECK(CALL(__sigaction)(SIGUSR1, &a, &old) == 0 && old.sa_handler == SIG_DFL);
    CHECK(raise(SIGUSR1) == 0);
    delivered(true);
}

#define INSTALLS(name) \
    CASE(name) \
    { \
        CHECK(CALL(name)(SIGUSR1, handler) == SIG_DFL); \
        CHECK(raise(SIGUSR1) == 0); \
        delivered(true); \
    }

INSTALLS(signal)
INSTALLS(bsd_signal)
INSTALLS(ssignal)
INSTALLS(sysv_signal)
INSTALLS(__sysv_signal)
INSTALLS(sigset)

CASE(sigaltstack)
{
    static char room[1 << 16];
    stack_t stack = {.ss_sp = room, .ss_size = sizeof room}, old = {0};
    CHECK(CALL(sigaltstack)(&stack, NULL) == 0);
    READS(&stack, sizeof stack);
    CHECK(CALL(sigaltstack)(NULL, &old) == 0 && old.ss_sp == room);
    WRITES(&old, sizeof old);
}

CASE(siginterrupt)
{
    struct sigaction a;
    handles();
    CHECK(CALL(siginterrupt)(SIGUSR1, 0) == 0 && sigaction(SIGUSR1, NULL, &a) == 0 && a.sa_flags & SA_RESTART);
    CHECK(CALL(siginterrupt)(SIGUSR1, 1) == 0 && sigaction(SIGUSR1, NULL, &a) == 0 && !(a.sa_flags & SA_RESTART));
}

/* ---- masks ----------------------------------------------------------------------------------------------------------- */

#define MASKS(name) \
    CASE(name) \
    { \
        sigset_t set, old, now; \
        sigemptyset(&set); \
        sigaddset(&set, SIGUSR2); \
        CHECK(CALL(name)(SIG_BLOCK, &set, &old) == 0 && !sigismember(&old, SIGUSR2)); \
        READS(&set, 8); \
        WRITES(&old, 8); \
        CHECK(CALL(name)(SIG_SETMASK, NULL, &now) == 0 && sigismember(&now, SIGUSR2)); \
    }

CASE(sigpending)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    CHECK(sigprocmask(SIG_BLOCK, &set, NULL) == 0 && raise(SIGUSR2) == 0);
    from_here();
    sigset_t waiting;
    CHECK(CALL(sigpending)(&waiting) == 0 && sigismember(&waiting, SIGUSR2) && !sigismember(&waiting, SIGUSR1));
    WRITES(&waiting, 8);
}

MASKS(sigprocmask)
MASKS(pthread_sigmask)

/* ---- sending ----------------------------------------------------------------------------------------------------------- */

#define SENDS(name, ...) \
    CASE(name) \
    { \
        handles(); \
        delivered(CALL(name)(__VA_ARGS__) == 0); \
    }

SENDS(kill, getpid(), SIGUSR1)
SENDS(tgkill, getpid(), gettid(), SIGUSR1)
SENDS(sigqueue, getpid(), SIGUSR1, (union sigval){0})
SENDS(pthread_kill, pthread_self(), SIGUSR1)
SENDS(pthread_sigqueue, pthread_self(), SIGUSR1, (union sigval){0})

CASE(killpg)
{
    CHECK(setpgid(0, 0) == 0);
    handles();
    delivered(CALL(killpg)(getpgrp(), SIGUSR1) == 0);
}

/* ---- accepting ----------------------------------------------------------------------------------------------------------- */

static sigset_t set;

static void pending(void)
{
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    from_here();
    CHECK(kill(getpid(), SIGUSR1) == 0);
}

static void ticks(void)
{
    struct itimerval often = {.it_interval.tv_usec = 1000, .it_value.tv_usec = 1000};
    CHECK(sigaction(SIGALRM, &(struct sigaction){.sa_handler = handler}, NULL) == 0);
    CHECK(setitimer(ITIMER_REAL, &often, NULL) == 0);
}

CASE(pause)
{
    ticks();
    CHECK(CALL(pause)() == -1 && errno == EINTR && handled);
}

CASE(sigsuspend)
{
    sigset_t none;
    sigemptyset(&none);
    ticks();
    CHECK(CALL(sigsuspend)(&none) == -1 && errno == EINTR && handled);
}

CASE(sigwait)
{
    int sig = 0;
    pending();
    CHECK(CALL(sigwait)(&set, &sig) == 0 && sig == SIGUSR1);
    WRITES(&sig, sizeof sig);
    EDGE();
}

CASE(sigwaitinfo)
{
    siginfo_t info;
    pending();
    CHECK(CALL(sigwaitinfo)(&set, &info) == SIGUSR1 && info.si_pid == getpid());
    WRITES(&info, sizeof info);
    EDGE();
}

CASE(sigtimedwait)
{
    siginfo_t info;
    struct timespec limit = {.tv_sec = 10}, none = {0};
    pending();
    CHECK(CALL(sigtimedwait)(&set, &info, &limit) == SIGUSR1);
    WRITES(&info, sizeof info);
    EDGE();
    CHECK(CALL(sigtimedwait)(&set, &info, &none) == -1 && errno == EAGAIN);
}

CASE(signalfd)
{
    struct signalfd_siginfo info;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    int fd = CALL(signalfd)(-1, &set, SFD_CLOEXEC);
    from_here();
    CHECK(fd >= 0 && kill(getpid(), SIGUSR1) == 0);
    CHECK(read(fd, &info, sizeof info) == sizeof info && info.ssi_signo == SIGUSR1);
    WRITES(&info, sizeof info);
    EDGE();
}

/* ---- timers -------------------------------------------------------------------------------------------------------------- */

static void comes(int sig)
{
    struct sigaction a = {.sa_handler = handler};
    CHECK(sigaction(sig, &a, NULL) == 0);
    sigemptyset(&set);
    sigaddset(&set, sig);
    sigprocmask(SIG_BLOCK, &set, NULL);
    from_here();
}

static void came(void)
{
    sigset_t all;
    sigemptyset(&all);
    while (!handled)
        sigsuspend(&all);
    delivered(true);
}

CASE(alarm)
{
    comes(SIGALRM);
    CALL(alarm)(1);
    came();
    CALL(alarm)(5000);
    unsigned left = CALL(alarm)(0);
    CHECK(left > 0 && left <= 5000);
}

CASE(ualarm)
{
    comes(SIGALRM);
    CALL(ualarm)(1, 0);
    came();
}

CASE(setitimer)
{
    struct itimerval once = {.it_value.tv_usec = 1}, old;
    comes(SIGALRM);
    CHECK(CALL(setitimer)(ITIMER_REAL, &once, &old) == 0);
    READS(&once, sizeof once);
    WRITES(&old, sizeof old);
    came();
}

static timer_t timer;
static struct itimerspec at_once = {.it_value.tv_nsec = 1};

CASE(timer_create)
{
    struct sigevent e = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
    comes(SIGUSR1);
    CHECK(CALL(timer_create)(CLOCK_MONOTONIC, &e, &timer) == 0 && timer_settime(timer, 0, &at_once, NULL) == 0);
    READS(&e, sizeof e);
    WRITES(&timer, sizeof timer);
    came();
}

static void notified(union sigval v)
{
    sem_post(v.sival_ptr);
}

CASE(timer_settime)
{
    sem_t done;
    sem_init(&done, 0, 0);
    struct sigevent e = {
        .sigev_notify = SIGEV_THREAD, .sigev_notify_function = notified, .sigev_value.sival_ptr = &done};
    CHECK(timer_create(CLOCK_MONOTONIC, &e, &timer) == 0);
    from_here();
    struct itimerspec old;
    CHECK(CALL(timer_settime)(timer, 0, &at_once, &old) == 0 && sem_wait(&done) == 0);
    READS(&at_once, sizeof at_once);
    WRITES(&old, sizeof old);
    EDGE();
}

CASE(timer_delete)
{
    struct sigevent e = {.sigev_notify = SIGEV_NONE};
    CHECK(timer_create(CLOCK_MONOTONIC, &e, &timer) == 0);
    from_here();
    CHECK(CALL(timer_delete)(timer) == 0);
    CHECK(timer_settime(timer, 0, &at_once, NULL) == -1 && errno == EINVAL);
}

CASE(timer_gettime)
{
    struct sigevent e = {.sigev_notify = SIGEV_NONE};
    struct itimerspec now;
    CHECK(timer_create(CLOCK_MONOTONIC, &e, &timer) == 0);
    CHECK(CALL(timer_gettime)(timer, &now) == 0 && now.it_value.tv_sec == 0);
    WRITES(&now, sizeof now);
}
