/* gorace run: a program under the detector.
 *
 * The program is a child in the same process group, so the terminal's signals reach it by themselves; signals that somebody
 * sends to the launcher are passed on, and it ends and stops as the child does. All processes of the run append their
 * findings to one file of the launcher's (the option `collect`), which is read when the child has ended, however it did:
 * that makes the reports and the exit status. A process that outlives the child is still watched, and reports to its own
 * log. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command.h"
#include "flags.h"
#include "record_keep.h"
#include "watch.h"
#include "writer.h"

struct arguments {
    struct outputs outputs;
    char *options; /* GORACE_OPTIONS of the child */
    bool quiet;
    char **program;
};

static const struct argp_option options[] = {
    {"option", 'o', "NAME=VALUE", 0, "add to GORACE_OPTIONS; -o help=1 lists the names", 1},
    {"baseline", 'b', "FILE", 0, "what FILE has is known: it is not reported (gorace baseline)", 1},
    {"suppressions", 's', "FILE", 0, "suppressions, in ThreadSanitizer's syntax", 1},
    {"quiet", 'q', NULL, 0, "no closing line", 1},
    {0}};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct arguments *a = state->input;
    char *equals;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &a->outputs;
        return 0;
    case 'o':
        equals = strchr(argument, '=');
        if (!equals || *argument < 'a' || *argument > 'z')
            argp_error(state, "-o wants NAME=VALUE, not '%s'", argument);
        *equals = 0;
        watch_option(&a->options, argument, equals + 1);
        return 0;
    case 'b':
        watch_file_option(&a->options, state, "baseline", argument);
        return 0;
    case 's':
        watch_file_option(&a->options, state, "suppressions", argument);
        return 0;
    case 'q':
        a->quiet = true;
        return 0;
    case ARGP_KEY_ARGS:
        a->program = state->argv + state->next;
        state->next = state->argc;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "no program");
        return 0;
    }
    return ARGP_ERR_UNKNOWN;
}

/* ---- the file that findings are collected in ----------------------------------------------------------------------- */

struct collection {
    char *folder, *file; /* NULL: could not be made */
};

/* Others may write into it: a process of the run may have become another user. Its name is known to the run only. */
static struct collection collection_open(void)
{
    struct collection c = {NULL, NULL};
    const char *where = getenv("TMPDIR");
    c.folder = must_format("%s/gorace-XXXXXX", where && *where == '/' ? where : "/tmp");
    if (mkdtemp(c.folder) && chmod(c.folder, 0711) == 0) {
        c.file = must_format("%s/findings.jsonl", c.folder);
        int fd = open(c.file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (fd >= 0 && fchmod(fd, 0666) == 0 && close(fd) == 0)
            return c;
    }
    warn_user("%s: %m; findings are not collected", c.folder);
    free(c.file);
    c.file = NULL;
    return c;
}

/* A run inside of another one: what it has found is the outer one's too. */
static void collection_hand_on(const struct collection *c, const char *outer)
{
    char bytes[65536];
    ssize_t n;
    int from = open(c->file, O_RDONLY | O_CLOEXEC), to = open(outer, O_WRONLY | O_APPEND | O_CLOEXEC);
    while (from >= 0 && to >= 0 && (n = read(from, bytes, sizeof bytes)) > 0)
        if (write(to, bytes, (size_t)n) != n)
            break;
    if (from >= 0)
        close(from);
    if (to >= 0)
        close(to);
}

static void collection_close(struct collection *c)
{
    if (c->file) {
        unlink(c->file);
        rmdir(c->folder);
    }
    free(c->file);
    free(c->folder);
}

/* ---- the child ----------------------------------------------------------------------------------------------------- */

/* What a person may send to a program; not what a fault of the launcher's own raises. */
static void forwarded_signals(sigset_t *set)
{
    static const int own[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT, SIGTTIN, SIGTTOU};
    sigfillset(set);
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        sigdelset(set, own[i]);
}

/* Waits for the end of `child`; returns its status as waitpid gives it. */
static int accompany(pid_t child, const sigset_t *signals)
{
    for (;;) {
        siginfo_t info;
        int number = sigwaitinfo(signals, &info), status;
        if (number < 0)
            continue;
        if (number != SIGCHLD) {
            /* The kernel's, of a key or a closed terminal, went to the child as well. */
            if (info.si_code != SI_KERNEL)
                kill(child, number);
            continue;
        }
        if (waitpid(child, &status, WNOHANG | WUNTRACED) != child)
            continue;
        if (!WIFSTOPPED(status))
            return status;
        raise(SIGSTOP);
        kill(child, SIGCONT);
    }
}

static int run_child(char **program)
{
    sigset_t signals, before;
    struct sigaction standard = {.sa_handler = SIG_DFL}, chld;
    forwarded_signals(&signals);
    sigprocmask(SIG_BLOCK, &signals, &before);
    sigaction(SIGCHLD, &standard, &chld);
    pid_t launcher = getpid(), child = fork();
    if (child < 0)
        die("fork: %m");
    if (child == 0) {
        /* Whoever kills the launcher means the program. */
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != launcher)
            _exit(STATUS_USAGE);
        sigaction(SIGCHLD, &chld, NULL);
        sigprocmask(SIG_SETMASK, &before, NULL);
        execvp(*program, program);
        warn_user("cannot run %s: %m", *program);
        _exit(errno == ENOENT ? 127 : 126);
    }
    int status = accompany(child, &signals);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return status;
}

static int end_like(int status)
{
    if (!WIFSIGNALED(status))
        return WEXITSTATUS(status);
    /* The core file is the child's, not the launcher's. */
    struct rlimit none = {0, 0};
    struct sigaction standard = {.sa_handler = SIG_DFL};
    sigset_t one;
    setrlimit(RLIMIT_CORE, &none);
    sigaction(WTERMSIG(status), &standard, NULL);
    sigemptyset(&one);
    sigaddset(&one, WTERMSIG(status));
    sigprocmask(SIG_UNBLOCK, &one, NULL);
    raise(WTERMSIG(status));
    return 128 + WTERMSIG(status);
}

/* ---- the command --------------------------------------------------------------------------------------------------- */

/* The status for the user: a crash stays a crash; else a finding that no process has told by its own status counts. */
static int judge(const struct arguments *a, const struct flags *flags, const struct collection *c, int status)
{
    struct findings all;
    findings_open(&all);
    findings_add_file(&all, c->file);
    findings_sort(&all);
    size_t new = findings_new(&all);
    for (size_t i = 0; i < all.nnotices; i++)
        warn_user("%s", all.notices[i]);
    int failed = outputs_write(&a->outputs, &all);
    if (all.n && !a->quiet)
        warn_user("run: %zu finding%s in all processes%s", new, new == 1 ? "" : "s",
                  all.n > new ? "; what the baseline has was met again" : "");
    findings_close(&all);
    if (WIFEXITED(status) && new && flags->exitcode)
        return W_EXITCODE(flags->exitcode, 0);
    if (WIFEXITED(status) && failed && WEXITSTATUS(status) == 0)
        return W_EXITCODE(STATUS_USAGE, 0);
    return status;
}

int command_run(int argc, char **argv)
{
    static const struct argp_child children[] = {{&outputs_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {options,
                                     parse,
                                     "[--] PROGRAM [ARGUMENT...]",
                                     "Runs PROGRAM, and what it starts, under the detector. Ends as PROGRAM does, or "
                                     "with the option `exitcode` (66) when "
                                     "anything was found in any process.\v"
                                     "Programs that `gorace cc` or `gcc -fsanitize=thread` has linked are watched "
                                     "whole; of others, what goes through the C "
                                     "library.",
                                     children,
                                     NULL,
                                     NULL};
    static struct flags flags;
    struct arguments a = {.options = must_copy(getenv("GORACE_OPTIONS") ? getenv("GORACE_OPTIONS") : "")};
    struct outbuf errors;
    command_parse(&argp, argc, argv, ARGP_IN_ORDER, &a);
    watch_refuse(*a.program);
    watch_preload();

    outbuf_open(&errors, -1); /* the processes say them */
    flags_parse(&flags, a.options, &errors);
    outbuf_close(&errors);
    if (*flags.sarif) {
        if (!a.outputs.file[FORMAT_sarif])
            a.outputs.file[FORMAT_sarif] = flags.sarif;
        watch_option(&a.options, "sarif", "");
    }
    struct record_keeper keeper = {0};
    /* Each process its own, if that is what the name says. */
    bool kept = *flags.record && !strstr(flags.record, "%p") && flags.record[strlen(flags.record) - 1] != '/';
    if (kept) {
        keeper = record_keep_begin(flags.record);
        watch_option(&a.options, "record", keeper.folder);
    }
    struct collection c = collection_open();
    if (c.file)
        watch_option(&a.options, "collect", c.file);
    setenv("GORACE_OPTIONS", a.options, 1);
    int status = run_child(a.program);
    if (kept)
        record_keep_end(&keeper);
    if (c.file) {
        status = judge(&a, &flags, &c, status);
        if (*flags.collect)
            collection_hand_on(&c, flags.collect);
    }
    collection_close(&c);
    return end_like(status);
}
