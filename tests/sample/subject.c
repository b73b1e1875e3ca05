/* What runs under sample=, unmodified: subject MODE [FILE]. With FILE it goes on until something is in it, else as long as it says. */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SILENT_SECONDS 2 /* of the processors' time, so that a loaded machine gives as many samples */

static long shared;
static char bytes[64];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static volatile int traps;
static int stopped;
static void (*job)(void);
static int blocks_signals;

/* ---- what the threads do ---------------------------------------------------------------------------------------------- */

static void update(void) /* in one instruction, which is not atomic */
{
    __asm__ volatile("incq %0" : "+m"(shared));
}

static void move(void) /* as a relaxed atomic load and store would be */
{
    long value;
    __asm__ volatile("movq %1, %0\n\tincq %0\n\tmovq %0, %1" : "=&r"(value), "+m"(shared));
}

static void update_locked(void)
{
    pthread_mutex_lock(&mutex);
    __asm__ volatile("incq %0" : "+m"(shared));
    pthread_mutex_unlock(&mutex);
}

static void update_atomic(void)
{
    __atomic_fetch_add(&shared, 1, __ATOMIC_SEQ_CST);
}

/* One thread writes one byte, the other the one beside it. */
static void update_neighbour(void)
{
    static __thread char *mine;
    static int taken;
    if (!mine)
        mine = &bytes[__atomic_fetch_add(&taken, 1, __ATOMIC_SEQ_CST)];
    __asm__ volatile("incb %0" : "+m"(*mine));
}

/* Plain moves would be seen as accesses that may race. */
static int stop(int now)
{
    __asm__ volatile("lock xaddl %0, %1" : "+r"(now), "+m"(stopped));
    return now;
}

static void *work(void *arg)
{
    if (blocks_signals) {
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, NULL);
    }
    while (!stop(0))
        for (int i = 0; i < 1000; i++)
            job();
    return arg;
}

/* ---- for how long --------------------------------------------------------------------------------------------------------- */

/* Seconds of the process's processor time: what a machine that is loaded, or stands still, does not stretch. */
static double used(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* True when a system call was interrupted. */
static int rest(void)
{
    return poll(NULL, 0, 20) < 0 && errno == EINTR;
}

static int run(const char *file)
{
    pthread_t t[2];
    struct stat s;
    int interrupted = 0;
    for (int i = 0; i < 2; i++)
        pthread_create(&t[i], NULL, work, NULL);
    for (const double end = used() + SILENT_SECONDS; file ? stat(file, &s) || !s.st_size : used() < end;)
        interrupted += rest();
    stop(1);
    for (int i = 0; i < 2; i++)
        pthread_join(t[i], NULL);
    return interrupted;
}

/* ---- modes ------------------------------------------------------------------------------------------------------------------ */

/* 0: this machine can do what sample= needs. */
static int probe(void)
{
    struct perf_event_attr a = {.size = sizeof a,
                                .type = PERF_TYPE_BREAKPOINT,
                                .exclude_kernel = 1,
                                .exclude_hv = 1,
                                .sigtrap = 1,
                                .remove_on_exec = 1,
                                .inherit = 1,
                                .inherit_thread = 1,
                                .disabled = 1,
                                .bp_type = HW_BREAKPOINT_W,
                                .bp_addr = (uintptr_t)&shared,
                                .bp_len = 8,
                                .sample_period = 1};
    const int fd = (int)syscall(SYS_perf_event_open, &a, 0, -1, -1, 0);
    return fd < 0;
}

static void trapped(int sig)
{
    (void)sig;
    traps++;
}

/* The program's own use of the signal stays its own. */
static int own_trap(const char *file)
{
    struct sigaction old, act = {.sa_handler = trapped};
    sigaction(SIGTRAP, NULL, &old);
    if (old.sa_handler != SIG_DFL)
        return 1;
    sigaction(SIGTRAP, &act, &old);
    run(file);
    raise(SIGTRAP);
    __asm__ volatile("int3");
    sigaction(SIGTRAP, NULL, &old);
    return traps != 2 || old.sa_handler != trapped;
}

static int forked(const char *file)
{
    int status;
    const pid_t child = fork();
    if (child == 0)
        _exit(run(file));
    return waitpid(child, &status, 0) != child || !WIFEXITED(status) ? 1 : WEXITSTATUS(status);
}

/* As daemons do. What the detector has open is not to be seen. */
static int closing(const char *file)
{
    for (int fd = 3; fd < 1024; fd++)
        if (close(fd) == 0 && fd > 64)
            return 1;
    close_range(3, ~0u, 0);
    closefrom(3);
    return run(file);
}

static void *ends_while(void *arg)
{
    work(arg);
    return NULL;
}

/* The process ends while its threads are sampled. */
static int exits(void)
{
    pthread_t t[2];
    for (int i = 0; i < 2; i++)
        pthread_create(&t[i], NULL, ends_while, NULL);
    rest();
    return 7;
}

static int execs(const char *self)
{
    pthread_t t;
    pthread_create(&t, NULL, ends_while, NULL);
    rest();
    execl(self, self, "nothing", NULL);
    return 1;
}

/* The kernel ends who calls ioctl, futex apart, from now on. */
static int confined(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof code / sizeof *code, code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0))
        return 1;
    return run(NULL);
}

/* ---- two threads that do nothing but wake each other ----------------------------------------------------------------------- */

static int ping[2], pong[2];

static void *answers(void *arg)
{
    char c;
    while (read(ping[0], &c, 1) == 1)
        if (write(pong[1], &c, 1) != 1)
            break;
    return arg;
}

/* Whether the detector has events open. */
static int watched(void)
{
    char name[32], link[32];
    for (int fd = 3; fd < 65536; fd++) {
        snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
        if (readlink(name, link, sizeof link) == 23 && memcmp(link, "anon_inode:[perf_event]", 23) == 0)
            return 1;
    }
    return 0;
}

/* 0: it is left alone after a while, and looked at again later. On one processor, where a switch costs little else. */
static int switching(void)
{
    pthread_t t;
    char c = 0;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(sched_getcpu(), &one);
    if (sched_setaffinity(0, sizeof one, &one) || pipe(ping) || pipe(pong) || !watched() ||
        pthread_create(&t, NULL, answers, NULL))
        return 1;
    for (int turn = 1; turn >= 0; turn--)
        for (const double end = used() + 40; watched() == turn;) {
            for (int i = 0; i < 50000; i++)
                if (write(ping[1], &c, 1) != 1 || read(pong[0], &c, 1) != 1)
                    return 2;
            if (used() > end)
                return 3 + turn;
        }
    return 0;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*job)(void);
    } jobs[] = {{"update", update},
                {"move", move},
                {"locked", update_locked},
                {"atomic", update_atomic},
                {"neighbour", update_neighbour}};
    const char *mode = argc > 1 ? argv[1] : "", *file = argc > 2 ? argv[2] : NULL;
    job = update;
    for (size_t i = 0; i < sizeof jobs / sizeof *jobs; i++)
        if (strcmp(mode, jobs[i].name) == 0) {
            job = jobs[i].job;
            return run(file);
        }
    if (strcmp(mode, "blocked") == 0) {
        blocks_signals = 1;
        return run(file);
    }
    if (strcmp(mode, "identity") == 0) {
        const int refused = setgid(getgid()) || setuid(getuid());
        return refused | run(file);
    }
    return strcmp(mode, "nothing") == 0   ? 0
           : strcmp(mode, "probe") == 0   ? probe()
           : strcmp(mode, "switch") == 0  ? switching()
           : strcmp(mode, "trap") == 0    ? own_trap(file)
           : strcmp(mode, "fork") == 0    ? forked(file)
           : strcmp(mode, "close") == 0   ? closing(file)
           : strcmp(mode, "exit") == 0    ? exits()
           : strcmp(mode, "exec") == 0    ? execs(argv[0])
           : strcmp(mode, "confine") == 0 ? confined()
                                          : 1;
}
