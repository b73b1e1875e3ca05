/* What gorace explore has found: each failure is run again, shrunk and told. */
#include <jansson.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "explore.h"
#include "whole_file.h"

enum { MOST_SHRINK = 300, FAILED = 66 };

static bool attempt(void *host, const char *token, struct rt_failure *failure, const struct rt_record **record)
{
    struct explore *e = host;
    struct attempt *a = &e->attempts[0];
    attempt_start(a, &e->plan, token, ATTEMPT_SWITCHES);
    struct pollfd end = {.fd = a->fd, .events = POLLIN};
    while (attempt_left(a) > 0 && poll(&end, 1, attempt_left(a)) <= 0)
        ;
    *record = a->record;
    return attempt_finish(a, failure) == ATTEMPT_FAILED;
}

static void show_output(const struct attempt *a)
{
    char bytes[65536];
    size_t n;
    FILE *from = fopen(a->output_file, "r");
    while (from && (n = fread(bytes, 1, sizeof bytes, from)) > 0)
        fwrite(bytes, 1, n, stderr);
    if (from)
        fclose(from);
}

/* What a replay needs besides its token. */
static const char *points(void)
{
    const char *points = getenv("GORO_POINTS");
    return points && !strcmp(points, "accesses") ? "GORO_POINTS=accesses " : "";
}

static void tell(const struct explore *e, const struct failed *f, const struct rt_found *found)
{
    const struct rt_record *r = e->attempts[0].record;
    char strategy[64], line[1000];
    rt_token_kind(f->token, strategy, sizeof strategy);
    if (!e->quiet)
        show_output(&e->attempts[0]);
    warn_user("explore: schedule %lu (%s): %s", (unsigned long)f->number, strategy, f->failure.text);
    if (!strcmp(strategy, "directed"))
        warn_user("explore: suspected in an earlier schedule, and confirmed by this one");
    if (!found->again) {
        warn_user("explore: not again with the same seed: the program depends on what its schedule does not control");
        printf("replay: %sGORO_REPLAY=%s\n", points(), found->token);
        return;
    }
    warn_user("explore: again in a second run; of its %u switches %u matter%s", found->before, found->switches,
              found->shrunk ? "" : " (not shrunk)");
    for (uint32_t i = 0; found->shrunk && i < found->switches && i < RT_NAMED_SWITCHES; i++) {
        rt_switch_print(r, i, line, sizeof line);
        fprintf(stderr, "    %u. %s\n", i + 1, line);
    }
    printf("replay: %sGORO_REPLAY=%s\n", points(), found->token);
}

/* What was predicted, and what has become of it. */
static json_t *tell_predictions(struct explore *e)
{
    json_t *all = json_array();
    for (size_t i = 0; i < e->failed_count; i++)
        predictions_confirm(&e->predictions, e->failed[i].sites, e->failed[i].number,
                            e->failed[i].replay ? e->failed[i].replay : e->failed[i].token);
    for (size_t i = 0; i < e->predictions.n; i++) {
        const struct prediction *p = &e->predictions.at[i];
        if (p->confirmed)
            warn_user("explore: %s, and confirmed by schedule %lu, GORO_REPLAY=%s: %s", p->tier, (unsigned long)p->schedule,
                      p->replay, p->message);
        else
            warn_user("explore: stays %s after %lu schedules, %lu of them directed: %s", p->tier, (unsigned long)e->done,
                      (unsigned long)e->directed, p->message);
        json_array_append_new(all, json_pack("{s:s,s:s,s:b,s:s*}", "message", p->message, "tier", p->tier, "confirmed",
                                             p->confirmed, "replay", p->replay));
    }
    return all;
}

static json_t *json_of(const struct explore *e, const struct failed *f, const struct rt_found *found)
{
    char strategy[64], line[1000];
    json_t *switches = json_array();
    rt_token_kind(f->token, strategy, sizeof strategy);
    for (uint32_t i = 0; found->shrunk && i < found->switches && i < RT_NAMED_SWITCHES; i++) {
        rt_switch_print(e->attempts[0].record, i, line, sizeof line);
        json_array_append_new(switches, json_string(line));
    }
    json_t *all = json_pack("{s:I,s:s,s:s,s:b,s:b,s:i,s:i,s:s,s:o}", "schedule", (json_int_t)f->number, "strategy",
                            strategy, "failure", f->failure.text, "again", found->again, "shrunk",
                            found->shrunk, "switches_found", found->before, "attempts", found->attempts, "replay",
                            found->token, "switches", switches);
    return all;
}

static void write_summary(const struct explore *e, json_t *failures, json_t *predictions)
{
    struct whole_file file;
    json_t *all = json_pack("{s:I,s:I,s:I,s:I,s:b,s:f,s:O,s:O}", "schedules", (json_int_t)e->done, "directed",
                            (json_int_t)e->directed, "orderings", (json_int_t)e->orderings.used, "late",
                            (json_int_t)e->late, "saturated", e->saturated,
                            "seconds", attempt_now() - e->begun, "failures", failures, "predictions", predictions);
    if (!whole_open(&file, e->summary))
        die("%s: %m", e->summary);
    json_dumpf(all, file.to, JSON_INDENT(2));
    fputc('\n', file.to);
    if (!whole_close(&file))
        die("%s: %m", e->summary);
    json_decref(all);
}

static int by_number(const void *a, const void *b)
{
    const struct failed *one = a, *other = b;
    return one->number < other->number ? -1 : one->number > other->number;
}

int explore_conclude(struct explore *e)
{
    static struct rt_found found;
    json_t *failures = json_array();
    struct rt_attempts attempts = {attempt, e, MOST_SHRINK};
    double seconds = attempt_now() - e->begun;
    if (!e->any_steps)
        die("%s does not run goroutines of libgoro", *e->plan.program);
    if (!e->quiet)
        warn_user("explore: %lu schedules in %.1f s, %zu orderings%s", (unsigned long)e->done, seconds,
                  e->orderings.used, e->saturated ? ", none of them new for long" : "");
    /* Those that ran at the same time may have failed as well: how many did is a matter of time. */
    qsort(e->failed, e->failed_count, sizeof *e->failed, by_number);
    for (size_t i = 0; i < (e->keep_going ? e->failed_count : e->failed_count > 0); i++) {
        rt_shrink(&attempts, e->failed[i].token, &e->failed[i].failure, &found);
        tell(e, &e->failed[i], &found);
        e->failed[i].replay = must_copy(found.token);
        json_array_append_new(failures, json_of(e, &e->failed[i], &found));
    }
    json_t *predictions = tell_predictions(e);
    if (e->summary)
        write_summary(e, failures, predictions);
    json_decref(failures);
    json_decref(predictions);
    return e->failed_count ? FAILED : 0;
}
