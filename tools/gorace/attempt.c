/* See attempt.h. */
#include "attempt.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "command.h"
#include "findings.h"
#include "watch.h"

static void make_record(struct attempt *a)
{
    int fd = open(a->record_file, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    void *memory = MAP_FAILED;
    if (fd >= 0 && ftruncate(fd, sizeof *a->record) == 0)
        memory = mmap(NULL, sizeof *a->record, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED)
        die("%s: %m", a->record_file);
    close(fd);
    a->record = memory;
}

void attempt_open(struct attempt *a, const char *folder, unsigned place)
{
    *a = (struct attempt){.fd = -1};
    a->record_file = must_format("%s/record-%u", folder, place);
    a->output_file = must_format("%s/output-%u", folder, place);
    a->findings_file = must_format("%s/findings-%u.jsonl", folder, place);
    make_record(a);
}

void attempt_close(struct attempt *a)
{
    if (a->pid) {
        kill(a->pid, SIGKILL);
        waitpid(a->pid, NULL, 0);
        close(a->fd);
    }
    munmap(a->record, sizeof *a->record);
    unlink(a->record_file);
    unlink(a->output_file);
    unlink(a->findings_file);
    free(a->record_file);
    free(a->output_file);
    free(a->findings_file);
    free(a->sites);
}

/* ---- the child ---- */

static void redirect(const char *file)
{
    int null = open("/dev/null", O_RDONLY), out = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
    if (null < 0 || out < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
        dup2(out, STDERR_FILENO) < 0)
        _exit(STATUS_USAGE);
    close(null);
    close(out);
}

static void become(const struct attempt *a, const struct attempt_plan *plan, const char *token)
{
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none); /* many fail, on purpose */
    redirect(a->output_file);
    setenv("GORO_REPLAY", token, 1);
    setenv(RT_RECORD_ENV, a->record_file, 1);
    if (plan->options) {
        char *options = must_copy(plan->options);
        watch_option(&options, "collect", a->findings_file);
        setenv("GORACE_OPTIONS", options, 1);
        watch_preload();
    } else {
        watch_preload_points();
    }
    execvp(*plan->program, plan->program);
    fprintf(stderr, "gorace: cannot run %s: %m\n", *plan->program);
    _exit(127);
}

void attempt_start(struct attempt *a, const struct attempt_plan *plan, const char *token, enum attempt_wish wish)
{
    /* The lists behind the first fields are read as far as the fields say. */
    memset(a->record, 0, offsetof(struct rt_record, tasks));
    a->record->abi = RT_RECORD_ABI;
    a->record->most_steps = plan->most_steps;
    a->record->wants_switches = wish == ATTEMPT_SWITCHES;
    a->record->wants_points = a->record->wants_operations = wish == ATTEMPT_POINTS;
    a->record->point_count = a->record->operation_count = 0;
    free(a->sites);
    a->sites = NULL;
    int findings = open(a->findings_file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (findings < 0)
        die("%s: %m", a->findings_file);
    close(findings);
    fflush(NULL);
    pid_t launcher = getpid();
    a->pid = fork();
    if (a->pid < 0)
        die("fork: %m");
    if (a->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() == launcher)
            become(a, plan, token);
        _exit(STATUS_USAGE);
    }
    a->fd = pidfd_open(a->pid, 0);
    if (a->fd < 0)
        die("pidfd_open: %m");
    a->until = attempt_now() + plan->seconds;
}

double attempt_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int attempt_left(const struct attempt *a)
{
    const double left = (a->until - attempt_now()) * 1e3;
    return left < 0 ? 0 : (int)left + 1;
}

/* ---- what came of it ---- */

/* The first that is no prediction: there, nothing has happened. */
static bool by_findings(struct attempt *a, struct rt_failure *failure)
{
    struct findings all;
    bool any = false;
    findings_open(&all);
    findings_add_file(&all, a->findings_file);
    for (size_t i = 0; i < all.n; i++) {
        const char *message = json_string_value(json_object_get(all.at[i].json, "message"));
        if (prediction_is(all.at[i].json)) {
            predictions_note(a->predictions, all.at[i].json);
            continue;
        }
        if (any)
            continue;
        any = true;
        a->sites = prediction_sites(all.at[i].json);
        failure->what = rt_hash_text(all.at[i].fingerprint);
        snprintf(failure->text, sizeof failure->text, "%s: %s", all.at[i].kind, message ? message : "");
    }
    findings_close(&all);
    return any;
}

static enum attempt_end fail(struct rt_failure *failure, const char *text)
{
    snprintf(failure->text, sizeof failure->text, "%s", text);
    failure->what = rt_hash_text(text);
    return ATTEMPT_FAILED;
}

static enum attempt_end judge(struct attempt *a, int status, struct rt_failure *failure)
{
    char text[64];
    if (a->record->outcome == RT_OUTCOME_ENDLESS) {
        fail(failure, "more steps than allowed");
        return ATTEMPT_LATE;
    }
    if (by_findings(a, failure))
        return ATTEMPT_FAILED;
    if (a->record->outcome == RT_OUTCOME_PANIC)
        return fail(failure, a->record->message);
    if (a->record->outcome == RT_OUTCOME_DEADLOCK)
        return fail(failure, "deadlock: all goroutines are asleep");
    if (WIFSIGNALED(status)) {
        snprintf(text, sizeof text, "ended by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
        return fail(failure, text);
    }
    if (WEXITSTATUS(status) == 0)
        return ATTEMPT_PASSED;
    snprintf(text, sizeof text, "exit status %d", WEXITSTATUS(status));
    return fail(failure, text);
}

enum attempt_end attempt_finish(struct attempt *a, struct rt_failure *failure)
{
    struct pollfd ended = {.fd = a->fd, .events = POLLIN};
    int status = 0;
    bool late = poll(&ended, 1, 0) == 0;
    if (late)
        kill(a->pid, SIGKILL);
    waitpid(a->pid, &status, 0);
    close(a->fd);
    a->pid = 0;
    a->fd = -1;
    if (!late)
        return judge(a, status, failure);
    fail(failure, "it did not come to an end in time");
    return ATTEMPT_LATE;
}
