/* See child.h. */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command.h"

#define CHUNK 4096

static char *read_all(int fd)
{
    char *text = must_grow(NULL, CHUNK + 1);
    size_t used = 0;
    for (;;) {
        ssize_t n = read(fd, text + used, CHUNK);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        used += (size_t)n;
        text = must_grow(text, used + CHUNK + 1);
    }
    text[used] = 0;
    return text;
}

char *child_output(char *const argv[], char *const environment[], int *status)
{
    int ends[2];
    pid_t pid;
    posix_spawn_file_actions_t actions;
    *status = -1;
    if (pipe2(ends, O_CLOEXEC) != 0 || posix_spawn_file_actions_init(&actions) != 0)
        die("cannot start %s: %m", argv[0]);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
    int problem = posix_spawn(&pid, argv[0], &actions, NULL, argv, environment ? environment : environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    char *output = read_all(ends[0]);
    close(ends[0]);
    while (!problem && waitpid(pid, status, 0) < 0 && errno == EINTR)
        ;
    return output;
}
