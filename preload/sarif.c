/* See sarif.h.
 *
 * The launcher knows SARIF, because it merges the findings of many processes for all formats; a second printer in here
 * would have to be kept like the first. What is called is ../bin/gorace as seen from libgorace.so. The processes of a run
 * take turns by a lock on the file of findings: the last one to end has read what all have written.
 *
 * The child is made by the system call: no handler of pthread_atfork runs, and as its end raises no signal, the program,
 * whose other threads may still run, does not notice it. */
#include "sarif.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../detector/outbuf.h"
#include "raw.h"

#define MAX_VARIABLES 4096

extern const char __ehdr_start[] __attribute__((visibility("hidden")));

static bool launcher_path(char real[PATH_MAX])
{
    static const char *const from_library[] = {"../bin/gorace", "../../bin/gorace"};
    Dl_info self;
    char library[PATH_MAX], path[PATH_MAX + 32];
    if (!dladdr(__ehdr_start, &self) || !self.dli_fname || !realpath(self.dli_fname, library))
        return false;
    *strrchr(library, '/') = 0;
    for (size_t i = 0; i < sizeof from_library / sizeof *from_library; i++) {
        snprintf(path, sizeof path, "%s/%s", library, from_library[i]);
        if (realpath(path, real) && access(real, X_OK) == 0)
            return true;
    }
    return false;
}

/* The environment without what would put the launcher under the detector. */
static void clean_environment(const char **to)
{
    size_t n = 0;
    for (char **e = environ; e && *e && n < MAX_VARIABLES; e++)
        if (strncmp(*e, "LD_PRELOAD=", 11) && strncmp(*e, "GORACE_OPTIONS=", 15))
            to[n++] = *e;
    to[n] = NULL;
}

static bool run(const char *const argv[], const char *const environment[])
{
    int status = -1;
    long child = raw_syscall(SYS_clone, 0, 0, 0, 0, 0, 0);
    if (child == 0) {
        raw_syscall(SYS_execve, (long)argv[0], (long)argv, (long)environment, 0, 0, 0);
        raw_syscall(SYS_exit_group, 127, 0, 0, 0, 0, 0);
    }
    while (child > 0 && raw_syscall(SYS_wait4, child, (long)&status, __WALL, 0, 0, 0) == -EINTR)
        ;
    return child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void sarif_write(const char *sarif, const char *findings)
{
    static const char *environment[MAX_VARIABLES + 1];
    static char launcher[PATH_MAX], option[PATH_MAX + 16];
    int turn = (int)raw_syscall(SYS_openat, AT_FDCWD, (long)findings, O_RDONLY | O_CLOEXEC, 0, 0, 0);
    bool written = false;
    if (turn >= 0 && launcher_path(launcher)) {
        while (raw_syscall(SYS_flock, turn, LOCK_EX, 0, 0, 0, 0) == -EINTR)
            ;
        snprintf(option, sizeof option, "--sarif=%s", sarif);
        clean_environment(environment);
        written = run((const char *const[]){launcher, "report", option, findings, NULL}, environment);
    }
    if (turn >= 0)
        raw_syscall(SYS_close, turn, 0, 0, 0, 0, 0);
    if (!written) {
        struct outbuf o;
        outbuf_open(&o, STDERR_FILENO);
        outbuf_format(
            &o, "gorace: %s is not written: `gorace report` beside the library did not do it; the findings are in %s\n",
            sarif, findings);
        outbuf_close(&o);
    }
}
