/* A schedule that failed: what that was, whether it fails again in a process of its own, which of its switches matter.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "explore.h"

enum { MOST_SHRINK = 500 };

static void fail(struct rt_failure *failure, const char *text)
{
    snprintf(failure->text, sizeof failure->text, "%s", text);
    failure->what = rt_hash_text(text);
}

bool rt_explore_judge(const struct rt_record *r, int status, struct rt_failure *failure)
{
    char text[100];
    if (r->outcome == RT_OUTCOME_ENDLESS)
        return false;
    if (r->outcome == RT_OUTCOME_PANIC)
        fail(failure, r->message);
    else if (r->outcome == RT_OUTCOME_DEADLOCK)
        fail(failure, "deadlock: all goroutines are asleep");
    else if (r->outcome == RT_OUTCOME_ENDED && r->result == 0)
        return false;
    else {
        if (r->outcome == RT_OUTCOME_ENDED)
            snprintf(text, sizeof text, "result %d", r->result);
        else if (WIFSIGNALED(status))
            snprintf(text, sizeof text, "ended by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
        else
            snprintf(text, sizeof text, "exit status %d in the middle", WEXITSTATUS(status));
        fail(failure, text);
    }
    return true;
}

void rt_explore_become_child(int output)
{
    struct rlimit none = {0, 0};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setrlimit(RLIMIT_CORE, &none);
    dup2(output, STDOUT_FILENO);
    dup2(output, STDERR_FILENO);
}

bool rt_explore_attempt(void *host, const char *token, struct rt_failure *failure, const struct rt_record **record)
{
    struct rt_explore *e = host;
    struct rt_explore_lane *lane = &e->lanes[e->options.jobs];
    struct rt_record *r = &lane->record;
    int status;
    memset(r, 0, offsetof(struct rt_record, tasks));
    r->abi = RT_RECORD_ABI;
    r->most_steps = e->options.most_steps;
    r->wants_switches = r->wants_points = r->wants_operations = 1;
    r->point_count = 0;
    *record = r;
    if (ftruncate(e->output, 0) != 0 || lseek(e->output, 0, SEEK_SET) != 0)
        return false;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        struct rt_plan p = {.token = token, .record = r};
        rt_explore_become_child(e->output);
        rt_plan = &p;
        int result = goro_run(e->fn, e->arg);
        fflush(NULL);
        _exit(result != 0);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        return false;
    return rt_explore_judge(r, status, failure);
}

static void tell(const struct rt_explore *e, const struct rt_explore_lane *lane, const struct rt_failure *failure,
                 const struct rt_found *found)
{
    char line[1000], bytes[4096];
    ssize_t n;
    lseek(e->output, 0, SEEK_SET);
    while ((n = read(e->output, bytes, sizeof bytes)) > 0)
        fwrite(bytes, 1, (size_t)n, stderr);
    rt_token_kind(lane->token, line, sizeof line);
    fprintf(stderr, "goro_explore: schedule %lu (%s): %s\n", (unsigned long)lane->number, line, failure->text);
    if (!strcmp(line, "directed"))
        fprintf(stderr, "goro_explore: suspected in an earlier schedule, and confirmed by this one\n");
    if (!found->again)
        fprintf(stderr,
                "goro_explore: not again with the same schedule in a new process: it depends on what the schedule does "
                "not control, or on what earlier schedules left behind\n");
    else
        fprintf(stderr, "goro_explore: again in a new process; of its %u switches %u matter%s\n", found->before,
                found->switches, found->shrunk ? "" : " (not shrunk)");
    for (uint32_t i = 0; found->shrunk && i < found->switches && i < RT_NAMED_SWITCHES; i++) {
        rt_switch_print(&e->lanes[e->options.jobs].record, i, line, sizeof line);
        fprintf(stderr, "    %u. %s\n", i + 1, line);
    }
    fprintf(stderr, "replay: GORO_REPLAY=%s\n", found->token);
}

void rt_explore_conclude(struct rt_explore *e, const struct rt_explore_lane *lane, const struct rt_failure *failure,
                         struct goro_exploration *result)
{
    static struct rt_found found;
    static char token[RT_TOKEN];
    struct rt_attempts attempts = {rt_explore_attempt, e, MOST_SHRINK};
    size_t length = (size_t)snprintf(token, sizeof token, "%s", lane->token);
    rt_checks_print(&lane->record, token + length, sizeof token - length);
    rt_shrink(&attempts, token, failure, &found);
    if (!e->options.quiet)
        tell(e, lane, failure, &found);
    result->failed_at = lane->number;
    result->again = found.again;
    result->switches = found.switches;
    result->replay = strdup(found.token);
    snprintf(result->failure, sizeof result->failure, "%s", failure->text);
}
