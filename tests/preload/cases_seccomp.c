/* A sandbox that answers system calls by SIGSYS, as browsers have: what the detector asks of the kernel in the midst of a thread's
 * birth or end comes back through the program's handler, and must not find the signal blocked. */
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <ucontext.h>

#include "cases.h"

INVISIBLE void refused(int sig, siginfo_t *info, void *context)
{
    (void)sig;
    (void)info;
    ((ucontext_t *)context)->uc_mcontext.gregs[REG_RAX] = -ENOSYS;
}

static void trap(int number)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)number, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof code / sizeof *code, code};
    struct sigaction act = {.sa_sigaction = refused, .sa_flags = SA_SIGINFO | SA_NODEFER};
    OK(sigaction(SIGSYS, &act, NULL));
    OK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    OK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program));
}

static void *nothing(void *arg)
{
    return arg;
}

static void births_and_ends(void)
{
    for (int i = 0; i < 100; i++) {
        pthread_t t;
        OK(pthread_create(&t, NULL, nothing, NULL));
        OK(pthread_join(t, NULL));
    }
}

static void norace_membarrier_trapped(void)
{
    trap(SYS_membarrier);
    births_and_ends();
}

static void norace_gettid_trapped(void)
{
    trap(SYS_gettid);
    births_and_ends();
}

static void norace_openat_trapped(void)
{
    trap(SYS_openat);
    births_and_ends();
}

/* As sshd's child before the login: what is not on the list ends the process. The line of coverage needs no more than a write. */
static void norace_end_with_nothing_but_writes(void)
{
#define ALLOW(name) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##name, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        ALLOW(write),
        ALLOW(getpid),
        ALLOW(rt_sigprocmask),
        ALLOW(mmap),
        ALLOW(munmap),
        ALLOW(futex),
        ALLOW(exit_group),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    };
#undef ALLOW
    char *options = getenv("GORACE_OPTIONS");
    if (!options || strcmp(options, "verbosity=1") != 0) {
        OK(setenv("GORACE_OPTIONS", "verbosity=1", 1));
        execl("/proc/self/exe", "cases_seccomp", __func__, (char *)NULL);
        abort();
    }
    struct sock_fprog program = {sizeof code / sizeof *code, code};
    OK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    OK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program));
}

#define CASES(X) \
    X(norace_membarrier_trapped) X(norace_gettid_trapped) X(norace_openat_trapped) X(norace_end_with_nothing_but_writes)
CASES_MAIN
