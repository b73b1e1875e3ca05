/* Every way to another process, from a program whose threads are busy with locks and the heap all the time: fork, fork
 * and exec, vfork, posix_spawn, system, popen. The processes do their own threaded work and give the right answers. */
#include <pthread.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BUSY = 4, ROUNDS = 5, ANSWER = 42 };
extern char **environ;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_int stop;
static long total;

static void *busy(void *arg)
{
    while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
        char *block = malloc(100);
        memset(block, 1, 100);
        pthread_mutex_lock(&lock);
        total += block[99];
        pthread_mutex_unlock(&lock);
        free(block);
    }
    return arg;
}

static void *add(void *arg)
{
    for (int i = 0; i < 1000; i++) {
        pthread_mutex_lock(&lock);
        ++*(int *)arg;
        pthread_mutex_unlock(&lock);
    }
    return NULL;
}

/* What a child does: threads of its own, on a mutex of its own. */
static int child_work(void)
{
    pthread_t thread[2];
    int sum = 0;
    pthread_mutex_init(&lock, NULL); /* a busy thread may have held it at the fork */
    for (int i = 0; i < 2; i++)
        pthread_create(&thread[i], NULL, add, &sum);
    for (int i = 0; i < 2; i++)
        pthread_join(thread[i], NULL);
    return sum == 2000 ? ANSWER : 1;
}

static int answer_of(pid_t pid)
{
    int status = 0;
    if (pid <= 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
        return -1;
    return WEXITSTATUS(status);
}

static int by_fork(char **argv)
{
    (void)argv;
    pid_t pid = fork();
    if (pid == 0)
        exit(child_work());
    return answer_of(pid);
}

static int by_fork_exec(char **argv)
{
    pid_t pid = fork();
    if (pid == 0) {
        execv("/proc/self/exe", argv);
        _exit(127);
    }
    return answer_of(pid);
}

static int by_vfork(char **argv)
{
    pid_t pid = vfork();
    if (pid == 0) {
        execve("/proc/self/exe", argv, environ);
        _exit(127);
    }
    return answer_of(pid);
}

static int by_spawn(char **argv)
{
    pid_t pid = 0;
    return posix_spawn(&pid, "/proc/self/exe", NULL, NULL, argv, environ) == 0 ? answer_of(pid) : -1;
}

static int by_system(char **argv)
{
    char command[64];
    snprintf(command, sizeof command, "exec /proc/%d/exe child", (int)getpid());
    (void)argv;
    int status = system(command);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int by_popen(char **argv)
{
    char line[64] = "";
    (void)argv;
    FILE *pipe = popen("echo 42; exit 42", "r");
    if (!pipe || !fgets(line, sizeof line, pipe) || strcmp(line, "42\n") != 0)
        return -1;
    int status = pclose(pipe);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int main(int argc, char **argv)
{
    static int (*const way[])(char **) = {by_fork, by_fork_exec, by_vfork, by_spawn, by_system, by_popen};
    static const char *const name[] = {"fork", "fork and exec", "vfork", "posix_spawn", "system", "popen"};
    char *child_argv[] = {argv[0], "child", NULL};
    pthread_t thread[BUSY];
    int wrong = 0;
    if (argc > 1)
        return child_work();
    for (int i = 0; i < BUSY; i++)
        pthread_create(&thread[i], NULL, busy, NULL);
    for (int round = 0; round < ROUNDS; round++)
        for (size_t i = 0; i < sizeof way / sizeof way[0]; i++) {
            int answer = way[i](child_argv);
            if (answer != ANSWER) {
                printf("round %d: %s gave %d\n", round, name[i], answer);
                wrong = 1;
            }
        }
    atomic_store(&stop, 1);
    for (int i = 0; i < BUSY; i++)
        pthread_join(thread[i], NULL);
    return wrong || total == 0;
}
