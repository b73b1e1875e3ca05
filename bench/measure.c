/* Runs a command and appends one line to a file: wall seconds, user+system seconds, peak resident kilobytes, status.
 *
 *   measure FILE COMMAND ARGUMENT...
 *
 * wait4's rusage is that of the whole process, threads included; a shell's `time` has no memory in it, and time(1) is
 * not on every machine. The command's status (128+n for a signal) is passed on, and so is SIGTERM to the command, by which a
 * server is ended. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static double seconds(struct timeval t)
{
    return t.tv_sec + t.tv_usec / 1e6;
}

static volatile pid_t command;

static void pass_on(int signal)
{
    if (command > 0)
        kill(command, signal);
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: measure FILE COMMAND ARGUMENT...\n");
        return 2;
    }
    double start = now();
    pid_t pid = fork();
    command = pid;
    if (pid < 0) {
        perror("measure: fork");
        return 2;
    }
    if (pid == 0) {
        execvp(argv[2], argv + 2);
        perror(argv[2]);
        _exit(127);
    }
    int status;
    struct rusage used;
    signal(SIGTERM, pass_on);
    if (wait4(pid, &status, 0, &used) != pid) {
        perror("measure: wait4");
        return 2;
    }
    double wall = now() - start;
    int code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);

    FILE *f = fopen(argv[1], "a");
    if (!f) {
        perror(argv[1]);
        return 2;
    }
    fprintf(f, "%.3f %.3f %ld %d\n", wall, seconds(used.ru_utime) + seconds(used.ru_stime), used.ru_maxrss, code);
    fclose(f);
    return code;
}
