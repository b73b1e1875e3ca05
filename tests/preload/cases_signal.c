/* Signals: what orders a handler or a waiting thread after the sender, and that handlers keep what POSIX says of them. */
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <ucontext.h>

#include "cases.h"

static struct schedule s;
static int x;
static _Atomic pid_t receiver;
static pthread_t receiver_thread;

static void writes_x(int sig)
{
    (void)sig;
    x++;
    step(&s, 2);
}

/* Takes the signals of the process, in its handler or by waiting. */
static int (*take)(const sigset_t *);
static sigset_t set;

static void *receives(void *arg)
{
    receiver = gettid();
    if (take) {
        step(&s, 1);
        CHECK(take(&set) == SIGUSR1);
        x++;
    } else {
        OK(pthread_sigmask(SIG_UNBLOCK, &set, NULL));
        step(&s, 1);
        await(&s, 2);
    }
    return arg;
}

static void start_receiver(int sig, int (*how)(const sigset_t *))
{
    sigemptyset(&set);
    sigaddset(&set, sig);
    OK(pthread_sigmask(SIG_BLOCK, &set, NULL));
    take = how;
    OK(pthread_create(&receiver_thread, NULL, receives, NULL));
    await(&s, 1);
}

static void handled(int sig)
{
    struct sigaction act = {.sa_handler = writes_x};
    OK(sigaction(sig, &act, NULL));
    start_receiver(sig, NULL);
    x++;
}

static void over(void)
{
    OK(pthread_join(receiver_thread, NULL));
    CHECK(x == 2);
}

/* Sent by a system call of our own: the detector does not see it. */
INVISIBLE void send_unseen(int sig)
{
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "0"((long)SYS_tgkill), "D"((long)getpid()), "S"((long)receiver), "d"((long)sig)
                     : "rcx", "r11", "memory");
    CHECK(result == 0);
}

static void race_sent_unseen(void)
{
    handled(SIGUSR1);
    send_unseen(SIGUSR1);
    await(&s, 2);
    over();
}
static void norace_kill(void)
{
    handled(SIGUSR1);
    OK(kill(getpid(), SIGUSR1));
    over();
}
static void norace_killpg(void)
{
    OK(setpgid(0, 0));
    handled(SIGUSR1);
    OK(killpg(getpgrp(), SIGUSR1));
    over();
}
static void norace_tgkill(void)
{
    handled(SIGUSR1);
    OK(tgkill(getpid(), receiver, SIGUSR1));
    over();
}
static void norace_tgkill_by_number(void)
{
    handled(SIGUSR1);
    OK(syscall(SYS_tgkill, getpid(), receiver, SIGUSR1));
    over();
}
static void norace_pthread_kill(void)
{
    handled(SIGUSR1);
    OK(pthread_kill(receiver_thread, SIGUSR1));
    over();
}
static void norace_sigqueue(void)
{
    handled(SIGRTMIN + 3);
    OK(sigqueue(getpid(), SIGRTMIN + 3, (union sigval){.sival_int = 1}));
    over();
}
static void norace_pthread_sigqueue(void)
{
    handled(SIGRTMIN + 3);
    OK(pthread_sigqueue(receiver_thread, SIGRTMIN + 3, (union sigval){.sival_int = 1}));
    over();
}

/* The signal comes unseen, but its handler was installed after x was written. */
static void *waits_for_handler(void *arg)
{
    receiver = gettid();
    step(&s, 1);
    await(&s, 2);
    return arg;
}
static void norace_install(void)
{
    OK(pthread_create(&receiver_thread, NULL, waits_for_handler, NULL));
    await(&s, 1);
    x++;
    struct sigaction act = {.sa_handler = writes_x};
    OK(sigaction(SIGUSR1, &act, NULL));
    send_unseen(SIGUSR1);
    over();
}

/* ---- waiting ----------------------------------------------------------------------------------------------------- */

static int by_sigwait(const sigset_t *which)
{
    int sig;
    OK(sigwait(which, &sig));
    return sig;
}
static int by_sigwaitinfo(const sigset_t *which)
{
    siginfo_t info;
    int sig = sigwaitinfo(which, &info);
    CHECK(info.si_signo == sig);
    return sig;
}
static int by_sigtimedwait(const sigset_t *which)
{
    struct timespec limit = {1000, 0};
    return sigtimedwait(which, NULL, &limit);
}
static void waited(int (*how)(const sigset_t *))
{
    start_receiver(SIGUSR1, how);
    x++;
    OK(kill(getpid(), SIGUSR1));
    over();
}
static void norace_sigwait(void)
{
    waited(by_sigwait);
}
static void norace_sigwaitinfo(void)
{
    waited(by_sigwaitinfo);
}
static void norace_sigtimedwait(void)
{
    waited(by_sigtimedwait);
}

static int by_signalfd(const sigset_t *which)
{
    struct signalfd_siginfo info;
    int fd = signalfd(-1, which, SFD_CLOEXEC);
    step(&s, 2);
    CHECK(read(fd, &info, sizeof info) == sizeof info);
    OK(close(fd));
    return (int)info.ssi_signo;
}
static void norace_signalfd(void)
{
    start_receiver(SIGUSR1, by_signalfd);
    x++;
    await(&s, 2);
    OK(kill(getpid(), SIGUSR1));
    over();
}

/* ---- timers ------------------------------------------------------------------------------------------------------ */

static void norace_alarm(void)
{
    handled(SIGALRM);
    ualarm(1000, 0);
    over();
    CHECK(alarm(0) == 0);
}
static void norace_setitimer(void)
{
    struct itimerval soon = {.it_value = {.tv_usec = 1000}};
    handled(SIGALRM);
    OK(setitimer(ITIMER_REAL, &soon, NULL));
    over();
}
static struct itimerspec soon = {.it_value = {.tv_nsec = 1000000}};
static void norace_timer_signal(void)
{
    timer_t timer;
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
    handled(SIGUSR1);
    OK(timer_create(CLOCK_MONOTONIC, &event, &timer));
    x--;
    x++;
    OK(timer_settime(timer, 0, &soon, NULL));
    over();
    OK(timer_delete(timer));
}
static void notified(union sigval value)
{
    CHECK(value.sival_ptr == &set);
    x++;
    step(&s, 1);
}
static void notify_by_thread(void)
{
    timer_t timer;
    struct sigevent event = {
        .sigev_notify = SIGEV_THREAD, .sigev_notify_function = notified, .sigev_value = {.sival_ptr = &set}};
    OK(timer_create(CLOCK_MONOTONIC, &event, &timer));
    x++;
    OK(timer_settime(timer, 0, &soon, NULL));
    await(&s, 1);
    OK(timer_delete(timer));
}
static void norace_timer_thread(void)
{
    notify_by_thread();
    CHECK(__atomic_load_n(&s.done, __ATOMIC_ACQUIRE) == 1);
}
static void race_timer_thread(void)
{
    notify_by_thread();
    x++;
}

/* ---- what handlers are promised ---------------------------------------------------------------------------------- */

static volatile int calls, last_value, last_code;
static void with_info(int sig, siginfo_t *info, void *context)
{
    CHECK(sig == info->si_signo && context);
    calls++;
    last_value = info->si_value.sival_int;
    last_code = info->si_code;
}
static void counts(int sig)
{
    (void)sig;
    calls++;
}

static void norace_actions_are_seen(void)
{
    struct sigaction act = {.sa_sigaction = with_info, .sa_flags = SA_SIGINFO | SA_RESTART}, old;
    sigaddset(&act.sa_mask, SIGHUP);
    OK(sigaction(SIGUSR1, &act, &old));
    CHECK(old.sa_handler == SIG_DFL);
    OK(sigaction(SIGUSR1, NULL, &old));
    CHECK(old.sa_sigaction == with_info && (old.sa_flags & (SA_SIGINFO | SA_RESTART)) == (SA_SIGINFO | SA_RESTART));
    CHECK(sigismember(&old.sa_mask, SIGHUP) && !sigismember(&old.sa_mask, SIGINT));
    OK(sigqueue(getpid(), SIGUSR1, (union sigval){.sival_int = 42}));
    CHECK(calls == 1 && last_value == 42 && last_code == SI_QUEUE);

    CHECK(signal(SIGUSR1, counts) == (sighandler_t)(void *)with_info);
    OK(sigaction(SIGUSR1, NULL, &old));
    CHECK(old.sa_handler == counts && !(old.sa_flags & SA_SIGINFO) && (old.sa_flags & SA_RESTART));
    OK(raise(SIGUSR1));
    CHECK(calls == 2);
    OK(sigaction(SIGUSR1, &old, NULL));
    CHECK(signal(SIGUSR1, SIG_IGN) == counts);
    OK(raise(SIGUSR1));
    CHECK(signal(SIGUSR1, SIG_DFL) == SIG_IGN && calls == 2);
    CHECK(signal(SIGKILL, counts) == SIG_ERR && errno == EINVAL);
    CHECK(sigaction(0, &act, NULL) == -1 && errno == EINVAL);
    CHECK(sigaction(SIGUSR1, NULL, &old) == 0 && old.sa_handler == SIG_DFL);
}

static void norace_reset_hand(void)
{
    struct sigaction act = {.sa_handler = counts, .sa_flags = (int)SA_RESETHAND}, old;
    OK(sigaction(SIGUSR1, &act, NULL));
    OK(sigaction(SIGUSR1, NULL, &old));
    CHECK(old.sa_flags & (int)SA_RESETHAND);
    OK(raise(SIGUSR1));
    CHECK(calls == 1);
    OK(sigaction(SIGUSR1, NULL, &old));
    CHECK(old.sa_handler == SIG_DFL);
    CHECK(sysv_signal(SIGUSR1, counts) == SIG_DFL);
    OK(raise(SIGUSR1));
    CHECK(calls == 2 && signal(SIGUSR1, SIG_DFL) == SIG_DFL);
}

static void norace_sigset(void)
{
    sigset_t mask;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
    CHECK(sigset(SIGUSR1, counts) == SIG_DFL);
    CHECK(sigset(SIGUSR1, SIG_HOLD) == counts);
    OK(pthread_sigmask(SIG_BLOCK, NULL, &mask));
    CHECK(sigismember(&mask, SIGUSR1) == 1);
    CHECK(sigset(SIGUSR1, SIG_IGN) == SIG_HOLD);
    OK(pthread_sigmask(SIG_BLOCK, NULL, &mask));
    CHECK(sigismember(&mask, SIGUSR1) == 0);
    CHECK(sigset(SIGUSR1, SIG_DFL) == SIG_IGN);
#pragma GCC diagnostic pop
}

static void *interrupts(void *main_thread)
{
    await(&s, 1);
    while (__atomic_load_n(&s.done, __ATOMIC_ACQUIRE) < 2) {
        OK(pthread_kill(*(pthread_t *)main_thread, SIGUSR1));
        usleep(1000);
    }
    return main_thread;
}
static void norace_siginterrupt(void)
{
    pthread_t t, self = pthread_self();
    int ends[2];
    char byte;
    OK(pipe(ends));
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
    OK(siginterrupt(SIGUSR1, 1));
#pragma GCC diagnostic pop
    CHECK(signal(SIGUSR1, counts) == SIG_DFL);
    OK(pthread_create(&t, NULL, interrupts, &self));
    step(&s, 1);
    CHECK(read(ends[0], &byte, 1) == -1 && errno == EINTR);
    step(&s, 2);
    OK(pthread_join(t, NULL));
}

/* A fault is handled at once, and the handler may change where the program goes on. */
static volatile int *nowhere;
static sigjmp_buf back;
static void jumps_back(int sig, siginfo_t *info, void *context)
{
    (void)sig;
    (void)context;
    CHECK(info->si_addr == NULL && info->si_code > 0);
    siglongjmp(back, 1);
}
static void norace_fault_and_jump(void)
{
    struct sigaction act = {.sa_sigaction = jumps_back, .sa_flags = SA_SIGINFO};
    OK(sigaction(SIGSEGV, &act, NULL));
    for (volatile int i = 0; i < 1000; i++)
        if (!sigsetjmp(back, 1))
            *nowhere = 1;
}

/* Signals in the midst of the detector's work: nothing is lost, real-time signals keep their order, and what the
 * handler is told is true. */
enum { QUEUED = 3000, HOT = 512 };
static volatile int hot[HOT];
static sem_t posted; /* what a handler may use, and its thread is at work on */
static atomic_int received, stop;
static void in_order(int sig, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;
    sigset_t now;
    CHECK(info->si_signo == sig && info->si_code == SI_QUEUE);
    CHECK(info->si_value.sival_int == received);
    OK(pthread_sigmask(SIG_BLOCK, NULL, &now));
    CHECK(sigismember(&now, sig) && sigismember(&now, SIGHUP) && !sigismember(&now, SIGTERM));
    CHECK(!sigismember(&uc->uc_sigmask, sig) && !sigismember(&uc->uc_sigmask, SIGHUP));
    hot[received % HOT]++;
    OK(sem_post(&posted));
    received++;
}
static void *works(void *arg)
{
    sigset_t now;
    step(&s, 1);
    while (!stop) {
        pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
        for (int i = 0; i < HOT; i++)
            hot[i]++;
        for (int i = 0; i < 100; i++) {
            OK(sem_post(&posted));
            OK(sem_wait(&posted));
        }
        OK(pthread_mutex_lock(&m));
        free(malloc(16));
        OK(pthread_mutex_unlock(&m));
        OK(pthread_sigmask(SIG_BLOCK, NULL, &now));
        CHECK(!sigismember(&now, SIGHUP) && !sigismember(&now, SIGTERM) && !sigismember(&now, SIGRTMIN + 1));
    }
    return arg;
}
static void norace_queued_in_order(void)
{
    struct sigaction act = {.sa_sigaction = in_order, .sa_flags = SA_SIGINFO};
    sigaddset(&act.sa_mask, SIGHUP);
    OK(sem_init(&posted, 0, 0));
    OK(sigaction(SIGRTMIN + 1, &act, NULL));
    OK(pthread_create(&receiver_thread, NULL, works, NULL));
    await(&s, 1);
    for (int i = 0; i < QUEUED; i++) {
        int result;
        while ((result = pthread_sigqueue(receiver_thread, SIGRTMIN + 1, (union sigval){.sival_int = i})) == EAGAIN)
            usleep(100);
        OK(result);
        if (i % 16 == 15)
            while (received <= i - 8)
                usleep(10);
    }
    while (received < QUEUED)
        usleep(1000);
    stop = 1;
    OK(pthread_join(receiver_thread, NULL));
}

#define CASES(X) \
    X(race_sent_unseen) \
    X(norace_kill) \
    X(norace_killpg) \
    X(norace_tgkill) \
    X(norace_tgkill_by_number) \
    X(norace_pthread_kill) \
    X(norace_sigqueue) \
    X(norace_pthread_sigqueue) \
    X(norace_install) \
    X(norace_sigwait) \
    X(norace_sigwaitinfo) \
    X(norace_sigtimedwait) \
    X(norace_signalfd) \
    X(norace_alarm) \
    X(norace_setitimer) \
    X(norace_timer_signal) \
    X(norace_timer_thread) \
    X(race_timer_thread) \
    X(norace_actions_are_seen) \
    X(norace_reset_hand) \
    X(norace_sigset) \
    X(norace_siginterrupt) \
    X(norace_fault_and_jump) \
    X(norace_queued_in_order)
CASES_MAIN
