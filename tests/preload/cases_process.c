/* Whole processes: fork in all its forms with threads about, the ways to end, and that a child goes on detecting. */
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "cases.h"

extern char **environ;

static struct schedule s;
static int x;

static int status_of(pid_t pid)
{
    int status;
    CHECK(pid > 0);
    CHECK(waitpid(pid, &status, 0) == pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void *write_x(void *arg)
{
    await(&s, 1);
    x = 2;
    step(&s, 2);
    return arg;
}

static void race_here(void)
{
    pthread_t t;
    OK(pthread_create(&t, NULL, write_x, NULL));
    x = 1;
    step(&s, 1);
    await(&s, 2);
    OK(pthread_join(t, NULL));
}

/* ---- ends -------------------------------------------------------------------------------------------------------- */

static void race_then_exit(void)
{
    race_here();
    exit(0);
}
static void race_then__exit(void)
{
    race_here();
    _exit(0);
}
static void race_then__Exit(void)
{
    race_here();
    _Exit(0);
}
static void race_then_quick_exit(void)
{
    race_here();
    quick_exit(0);
}
static void race_then_exit_group(void)
{
    race_here();
    syscall(SYS_exit_group, 0);
}
static void *ends_the_process(void *arg)
{
    (void)arg;
    exit(0);
}
static void race_then_exit_elsewhere(void)
{
    pthread_t t;
    race_here();
    OK(pthread_create(&t, NULL, ends_the_process, NULL));
    for (;;)
        pause();
}
static void norace_own_status(void)
{
    for (int how = 0; how < 5; how++) {
        pid_t pid = fork();
        if (pid == 0) {
            if (how == 0)
                exit(7);
            else if (how == 1)
                _exit(7);
            else if (how == 2)
                _Exit(7);
            else if (how == 3)
                quick_exit(7);
            else
                syscall(SYS_exit_group, 7);
        }
        CHECK(status_of(pid) == 7);
    }
}

/* A thread that leaves by the bare system call can still be joined, and what it did is known. */
static void *leaves(void *arg)
{
    x = 1;
    syscall(SYS_exit, 0);
    return arg;
}
static void norace_thread_leaves(void)
{
    pthread_t t;
    OK(pthread_create(&t, NULL, leaves, NULL));
    OK(pthread_join(t, NULL));
    x = 2;
}

/* ---- fork -------------------------------------------------------------------------------------------------------- */

static void norace_fork_orders(void)
{
    x = 1;
    pid_t pid = fork();
    if (pid == 0) {
        x = 2;
        exit(x == 2 ? 0 : 1);
    }
    CHECK(status_of(pid) == 0 && x == 1);
}

static void child_finds(pid_t pid)
{
    if (pid == 0) {
        race_here();
        exit(0);
    }
    CHECK(status_of(pid) == 66);
}
/* The child's race is the child's: it reports and ends with the detector's status, the parent does not. */
static void race_in_child_only(void)
{
    pid_t pid = fork();
    child_finds(pid);
    _exit(66);
}
static void race_in_child_of__Fork(void)
{
    child_finds(_Fork());
    _exit(66);
}

static void race_in_child_of_syscall(void)
{
    child_finds((pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
    child_finds((pid_t)syscall(SYS_fork));
    _exit(66);
}
static int cloned(void *arg)
{
    CHECK(arg == &x);
    race_here();
    exit(0);
}
static void race_in_child_of_clone(void)
{
    static char stack[256 << 10] __attribute__((aligned(16)));
    pid_t pid = clone(cloned, stack + sizeof stack, SIGCHLD, &x);
    CHECK(status_of(pid) == 66);
    _exit(66);
}

static atomic_int stop;
static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static void *busy(void *arg)
{
    int *mine = arg;
    while (!stop) {
        pthread_mutex_lock(&m);
        x++;
        pthread_mutex_unlock(&m);
        int *block = malloc(64);
        *block = ++*mine;
        free(block);
    }
    return arg;
}
static void prepare(void)
{
    pthread_mutex_lock(&m);
    x++;
}
static void release(void)
{
    x++;
    pthread_mutex_unlock(&m);
}
static void *adds(void *arg)
{
    pthread_mutex_lock(&m);
    x++;
    pthread_mutex_unlock(&m);
    return arg;
}
static void norace_fork_among_threads(void)
{
    pthread_t t[3];
    int counts[3] = {0};
    OK(pthread_atfork(prepare, release, release));
    for (int i = 0; i < 3; i++)
        OK(pthread_create(&t[i], NULL, busy, &counts[i]));
    for (int i = 0; i < 40; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            pthread_t child;
            OK(pthread_create(&child, NULL, adds, NULL));
            adds(NULL);
            OK(pthread_join(child, NULL));
            _exit(5);
        }
        CHECK(status_of(pid) == 5);
    }
    stop = 1;
    for (int i = 0; i < 3; i++)
        OK(pthread_join(t[i], NULL));
}

static void *forks(void *arg)
{
    pid_t pid = fork();
    if (pid == 0) {
        x = 2;
        exit(x == 2 ? 3 : 1);
    }
    CHECK(status_of(pid) == 3);
    return arg;
}
/* In the child, the thread that forked is the only one: what the others did cannot race with it. */
static void norace_fork_in_thread(void)
{
    pthread_t t;
    OK(pthread_create(&t, NULL, forks, NULL));
    x = 1;
    OK(pthread_join(t, NULL));
}

/* glibc: a mutex for which somebody sleeps. */
#define WANTED 2

static pthread_mutex_t *both; /* in memory of parent and child */

static void *holds_over_fork(void *arg)
{
    OK(pthread_mutex_lock(&both[1]));
    step(&s, 1);
    await(&s, 2);
    OK(pthread_mutex_unlock(&both[1]));
    return arg;
}

/* What the parent's threads hold at fork, in memory that both processes see, they hold: the child waits for it as anybody does. */
static void norace_locks_of_parent(void)
{
    pthread_mutexattr_t attr;
    pthread_t t;
    OK(pthread_mutexattr_init(&attr));
    OK(pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED));
    both = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(both != MAP_FAILED);
    for (int i = 0; i < 2; i++)
        OK(pthread_mutex_init(&both[i], &attr));
    OK(pthread_create(&t, NULL, holds_over_fork, NULL));
    await(&s, 1);
    OK(pthread_mutex_lock(&both[0]));
    pid_t pid = fork();
    if (pid == 0) {
        for (int i = 0; i < 2; i++) {
            OK(pthread_mutex_lock(&both[i]));
            OK(pthread_mutex_unlock(&both[i]));
        }
        exit(9);
    }
    for (int i = 0; i < 2; i++) {
        while (__atomic_load_n(&both[i].__data.__lock, __ATOMIC_RELAXED) != WANTED)
            sched_yield();
        if (i == 0)
            OK(pthread_mutex_unlock(&both[0]));
        else
            step(&s, 2);
    }
    CHECK(status_of(pid) == 9);
    OK(pthread_join(t, NULL));
}

static void norace_nested_forks(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        pid_t grandchild = fork();
        if (grandchild == 0)
            exit(9);
        exit(status_of(grandchild));
    }
    CHECK(status_of(pid) == 9);
}

/* ---- other processes --------------------------------------------------------------------------------------------- */

static void norace_vfork(void)
{
    for (int i = 0; i < 20; i++) {
        pid_t pid = vfork();
        if (pid == 0) {
            signal(SIGPIPE, SIG_DFL);
            _exit(4);
        }
        CHECK(status_of(pid) == 4);
        pid = vfork();
        if (pid == 0) {
            execl("/bin/true", "true", (char *)NULL);
            _exit(127);
        }
        CHECK(status_of(pid) == 0);
    }
}

/* The end of a child of vfork is not ours, even when we have something to report. */
static void race_then_vfork(void)
{
    race_here();
    pid_t pid = vfork();
    if (pid == 0)
        _exit(4);
    CHECK(status_of(pid) == 4);
}

static void norace_spawn(void)
{
    pid_t pid;
    char *argv[] = {"false", NULL};
    OK(posix_spawn(&pid, "/bin/false", NULL, NULL, argv, environ));
    CHECK(status_of(pid) == 1);
    OK(posix_spawnp(&pid, "true", NULL, NULL, argv, environ));
    CHECK(status_of(pid) == 0);
    CHECK(posix_spawn(&pid, "/etc/passwd", NULL, NULL, argv, environ) == EACCES);
    CHECK(WEXITSTATUS(system("exit 6")) == 6);
    char line[16] = "";
    FILE *p = popen("echo hello", "r");
    CHECK(fgets(line, sizeof line, p) && strcmp(line, "hello\n") == 0);
    CHECK(pclose(p) == 0);
}

/* A script without #! is no program; glibc's first posix_spawn gave it to the shell. */
static void norace_spawn_of_text(void)
{
    char path[] = "/tmp/gorace-text-XXXXXX", *argv[] = {"text", NULL};
    int fd = mkstemp(path);
    pid_t pid;
    CHECK(fd >= 0 && write(fd, "exit 0\n", 7) == 7 && fchmod(fd, 0700) == 0);
    OK(close(fd));
    CHECK(posix_spawn(&pid, path, NULL, NULL, argv, environ) == ENOEXEC);
    OK(unlink(path));
}

static void norace_spawn_among_threads(void)
{
    pthread_t t[2];
    int counts[2] = {0};
    for (int i = 0; i < 2; i++)
        OK(pthread_create(&t[i], NULL, busy, &counts[i]));
    for (int i = 0; i < 5; i++)
        norace_spawn();
    stop = 1;
    for (int i = 0; i < 2; i++)
        OK(pthread_join(t[i], NULL));
}

static void norace_exec(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        execl("/bin/sh", "sh", "-c", "exit 11", (char *)NULL);
        _exit(127);
    }
    CHECK(status_of(pid) == 11);
}

static void norace_abort(void)
{
    pid_t pid = fork();
    if (pid == 0)
        abort();
    CHECK(status_of(pid) == 128 + SIGABRT);
}

static void ends_by_signal(void)
{
    raise(SIGUSR1);
}

/* The last thread ends, and with it the process: what atexit was given runs there, and has the thread's signals. */
static void norace_last_thread_ends(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        OK(atexit(ends_by_signal));
        pthread_exit(NULL);
    }
    CHECK(status_of(pid) == 128 + SIGUSR1);
}

#define CASES(X) \
    X(race_then_exit) \
    X(race_then__exit) \
    X(race_then__Exit) \
    X(race_then_quick_exit) \
    X(race_then_exit_group) \
    X(race_then_exit_elsewhere) \
    X(norace_own_status) \
    X(norace_thread_leaves) \
    X(norace_fork_orders) \
    X(race_in_child_only) \
    X(race_in_child_of__Fork) \
    X(race_in_child_of_syscall) \
    X(race_in_child_of_clone) \
    X(norace_fork_among_threads) \
    X(norace_fork_in_thread) \
    X(norace_locks_of_parent) \
    X(norace_nested_forks) \
    X(norace_vfork) \
    X(race_then_vfork) \
    X(norace_spawn) \
    X(norace_spawn_of_text) \
    X(norace_spawn_among_threads) \
    X(norace_exec) \
    X(norace_abort) \
    X(norace_last_thread_ends)
CASES_MAIN
