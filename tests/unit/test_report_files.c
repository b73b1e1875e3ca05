/* Who is told what when: verdicts, files of reports and what goes into which, each in a process of its own. */
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <pthread.h>

#include <cmocka.h>

#include "fake_names.h"
#include "race_case.h"
#include "report.h"
#include "report_data.h"

static char text[1 << 20];

static struct flags flags;

/* Runs `child` with GORACE_OPTIONS=options in a child; `text` gets its stderr. Returns its status. */
static int run(void (*child)(void), const char *options)
{
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        struct outbuf errors;
        dup2(fds[1], 2);
        close(fds[0]);
        close(fds[1]);
        if (chdir(folder) != 0)
            _exit(99);
        outbuf_open(&errors, 2);
        flags_parse(&flags, options, &errors);
        outbuf_close(&errors);
        report_init(&flags, &fake_symbolizer);
        child();
        report_end(NULL);
        _exit((int)report_count());
    }
    close(fds[1]);
    size_t used = 0;
    for (ssize_t n; (n = read(fds[0], text + used, sizeof text - 1 - used)) > 0;)
        used += (size_t)n;
    text[used] = 0;
    close(fds[0]);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int occurrences(const char *what)
{
    int n = 0;
    for (const char *at = text; (at = strstr(at, what)) != NULL; at++)
        n++;
    return n;
}

static void nothing(void)
{
}

static void same_race_twice(void)
{
    write_and_read(0x5000);
    if (report_finding(&f, NULL) != VERDICT_PRINTED || report_finding(&f, NULL) != VERDICT_DUPLICATE)
        _exit(90);
    int asked = fake_asked;
    if (report_finding(&f, NULL) != VERDICT_DUPLICATE || fake_asked != asked)
        _exit(91); /* a known pair is not named again */
    write_and_read(0x5000);
    if (report_finding(&f, NULL) != VERDICT_DUPLICATE)
        _exit(92); /* other stack numbers, the same fingerprint */
}

/* Filled in when the finding counts, and only then. */
static void summary_for_a_listener(void)
{
    struct report_summary summary = {.kind = NULL};
    write_and_read(0x5000);
    if (report_finding(&f, &summary) != VERDICT_PRINTED || strcmp(summary.kind, "data-race") ||
        strlen(summary.fingerprint) != 16 || !strstr(summary.message.data, "write of 4 bytes at counter") ||
        strncmp(summary.json.data, "{\"kind\":\"data-race\"", 19) || strchr(summary.json.data, '\n') ||
        summary.json.data[strlen(summary.json.data) - 1] != '}')
        _exit(90);
    report_summary_close(&summary);
    summary.kind = NULL;
    if (report_finding(&f, &summary) != VERDICT_DUPLICATE || summary.kind)
        _exit(91);
}

static void three_races(void)
{
    for (int i = 0; i < 3; i++) {
        set_up(NULL);
        write_and_read(0x5000);
        fake_frames[0].line += i;
        report_finding(&f, NULL);
    }
}

static void clean_run_says_nothing(void **state)
{
    (void)state;
    assert_int_equal(run(nothing, NULL), 0);
    assert_string_equal(text, "");
    assert_int_equal(run(nothing, "verbosity=1"), 0);
    assert_string_equal(text, "gorace: 0 races (0 suppressed, 0 duplicates); coverage: 1234 accesses checked, "
                              "5 stacks not kept: calling-context tree full\n");
    assert_int_equal(run(nothing, "verbosity=1:coverage=0"), 0);
    assert_string_equal(text, "");
}

static void duplicates_are_counted(void **state)
{
    (void)state;
    assert_int_equal(run(same_race_twice, NULL), 1);
    assert_int_equal(occurrences("WARNING: gorace"), 1);
    assert_int_equal(occurrences("gorace: 1 race (0 suppressed, 3 duplicates); coverage: 1234 accesses checked"), 1);
}

static void listener_hears_what_counts(void **state)
{
    (void)state;
    assert_int_equal(run(summary_for_a_listener, NULL), 1);
}

static void no_more_than_max_reports(void **state)
{
    (void)state;
    assert_int_equal(run(three_races, "max_reports=2"), 3);
    assert_int_equal(occurrences("WARNING: gorace"), 2);
    assert_int_equal(occurrences("gorace: 3 races"), 1);
    assert_int_equal(run(three_races, "coverage=0"), 3);
    assert_int_equal(occurrences("WARNING: gorace"), 3);
    assert_int_equal(occurrences("coverage"), 0);
}

static void unwanted_kinds(void **state)
{
    (void)state;
    assert_int_equal(run(three_races, "detect=deadlock"), 0);
    assert_string_equal(text, "");
}

static void suppressed_races_do_not_count(void **state)
{
    (void)state;
    char path[256];
    snprintf(path, sizeof path, "%s/sup.txt", folder);
    FILE *file = fopen(path, "w");
    fputs("race:^put$\nrace:never\nrubbish\n", file);
    fclose(file);
    assert_int_equal(run(three_races, "suppressions=sup.txt"), 0);
    assert_int_equal(occurrences("\n"), 1);
    assert_int_equal(occurrences("gorace: sup.txt:3: 'rubbish' is no suppression"), 1);
    assert_int_equal(run(three_races, "suppressions=sup.txt verbosity=1"), 0);
    assert_int_equal(occurrences("gorace: suppressed by line 1 (race:^put$): data-race race.c:12 in put ["), 1);
    assert_int_equal(occurrences("gorace: sup.txt:2: race:never was not used\n"), 1);
    assert_int_equal(occurrences("gorace: 0 races (3 suppressed, 0 duplicates)"), 1);
    assert_int_equal(run(three_races, "suppressions=missing.txt"), 3);
    assert_int_equal(occurrences("gorace: suppressions: cannot open missing.txt (error 2)\n"), 1);
}

static void write_file(const char *name, const char *format, ...)
{
    char path[256];
    va_list arguments;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    va_start(arguments, format);
    vfprintf(file, format, arguments);
    va_end(arguments);
    fclose(file);
}

static void read_into_text(const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "r");
    size_t n = file ? fread(text, 1, sizeof text - 1, file) : 0;
    text[n] = 0;
    if (file)
        fclose(file);
}

/* The second of three_races is known. */
static void baseline_does_not_count(void **state)
{
    (void)state;
    set_up(NULL);
    write_and_read(0x5000);
    fake_frames[0].line++;
    write_file("base.txt", "%016" PRIx64 " known\n", report_build(&r, &f, &fake_symbolizer));
    assert_int_equal(run(three_races, "baseline=base.txt json=base.json"), 2);
    assert_int_equal(occurrences("WARNING: gorace"), 2);
    assert_int_equal(occurrences("race.c:13"), 0);
    assert_int_equal(occurrences("gorace: 2 races (0 suppressed, 0 duplicates, 1 in the baseline); coverage"), 1);
    read_into_text("base.json");
    assert_int_equal(occurrences("\"kind\":\"data-race\""), 3);
    assert_int_equal(occurrences("\"baseline\":true"), 1);
    assert_int_equal(run(three_races, "baseline=base.txt verbosity=1"), 2);
    assert_int_equal(occurrences("gorace: in the baseline: data-race race.c:13 in put ["), 1);
    assert_int_equal(run(three_races, "baseline=missing.txt"), 3);
    assert_int_equal(occurrences("gorace: baseline: cannot open missing.txt (error 2)\n"), 1);
}

static void annotations_for_github(void **state)
{
    (void)state;
    assert_int_equal(run(three_races, "github=1 log=/dev/null"), 3);
    assert_int_equal(occurrences("\n"), 3);
    assert_int_equal(
        occurrences("::error file=/src/app/race.c,line=12,title=gorace%3A data-race::write of 4 bytes at "
                    "counter (global, race.c:5) by thread T1 and earlier read by main thread, unordered ["),
        1);
    set_up(NULL);
    write_and_read(0x5000);
    fake_frames[0].file = "/src/100%,a:b\n.c";
    report_build(&r, &f, &fake_symbolizer);
    struct outbuf o;
    outbuf_open(&o, -1);
    report_github(&o, &r);
    outbuf_char(&o, 0);
    assert_non_null(strstr(o.data, "::error file=/src/100%25%2Ca%3Ab%0A.c,line=12,title="));
    outbuf_close(&o);
}

static void sarif_names(void)
{
    struct outbuf sarif, findings;
    outbuf_open(&sarif, -1);
    outbuf_open(&findings, -1);
    if (report_sarif(&sarif, &findings))
        _exit(90); /* nothing was found yet */
    three_races();
    if (!report_sarif(&sarif, &findings) || strcmp(strrchr(sarif.data, '/'), "/out.sarif") || sarif.data[0] != '/' ||
        strcmp(strrchr(findings.data, '/'), "/out.sarif.jsonl"))
        _exit(91);
}

static void findings_for_sarif(void **state)
{
    (void)state;
    assert_int_equal(run(sarif_names, "sarif=out.sarif log=/dev/null"), 3);
    read_into_text("out.sarif.jsonl");
    assert_int_equal(occurrences("\n"), 3);
}

/* The file takes 700 bytes more, and then all again: a line that was cut off does not take the next with it. */
static void disk_that_was_full(void)
{
    struct rlimit limit = {700, RLIM_INFINITY};
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &limit);
    write_and_read(0x5000);
    report_finding(&f, NULL);
    limit.rlim_cur = RLIM_INFINITY;
    setrlimit(RLIMIT_FSIZE, &limit);
    set_up(NULL);
    write_and_read(0x5000);
    fake_frames[0].line++;
    report_finding(&f, NULL);
}

static void full_disk_loses_nothing(void **state)
{
    (void)state;
    assert_int_equal(run(disk_that_was_full, "log=full.log json=full.json coverage=0"), 2);
    assert_int_equal(occurrences("/full.log (error 27); stderr is used\n"), 1);
    assert_int_equal(occurrences("/full.json (error 27); stderr is used\n"), 1);
    assert_int_equal(occurrences("SUMMARY: gorace: data-race race.c:12 in put\n"), 1); /* what did not fit */
    assert_int_equal(occurrences("]}\n"), 1);
    read_into_text("full.log");
    assert_int_equal(occurrences("SUMMARY: gorace: data-race race.c:13 in put\n"), 1);
    read_into_text("full.json");
    assert_int_equal(occurrences("\n{\"kind\""), 1);
    assert_int_equal(occurrences("]}\n"), 1);
}

/* A race in the parent, one in a child of fork, one more in the parent. */
static void races_round_fork(void)
{
    write_and_read(0x5000);
    report_finding(&f, NULL);
    report_fork_begin();
    pid_t pid = fork();
    report_fork_end(pid == 0);
    write_and_read(0x5000);
    fake_frames[0].line++;
    fake_frames[5].line++;
    int status = 0;
    if (pid == 0) {
        report_finding(&f, NULL);
        char name[32];
        snprintf(name, sizeof name, "child %d", getpid());
        report_say(name);
        _exit((int)report_count());
    }
    waitpid(pid, &status, 0);
    if (WEXITSTATUS(status) != 1)
        _exit(93);
    char command[128];
    snprintf(command, sizeof command, "ln -s log.%d parent && ln -s log.%d child", getpid(), pid);
    if (system(command) != 0)
        _exit(94);
}

static void each_process_has_its_log(void **state)
{
    (void)state;
    set_up(NULL);
    assert_int_equal(run(races_round_fork, "log=log.%p:json=all.json"), 1);
    assert_string_equal(text, "");
    read_into_text("parent");
    assert_int_equal(occurrences("WARNING: gorace"), 1);
    assert_int_equal(occurrences("coverage"), 1);
    read_into_text("child");
    assert_int_equal(occurrences("WARNING: gorace"), 1);
    assert_int_equal(occurrences("child "), 1);
    read_into_text("all.json");
    assert_int_equal(occurrences("{\"kind\":\"data-race\",\"tier\":\"happened\""), 2);
    assert_int_equal(occurrences("\n"), 2);
}

static void log_that_cannot_be_opened(void **state)
{
    (void)state;
    assert_int_equal(run(three_races, "log=/nowhere/log:json=/nowhere/json"), 3);
    assert_int_equal(occurrences("gorace: cannot write /nowhere/log (error 2); stderr is used\n"), 1);
    assert_int_equal(occurrences("WARNING: gorace"), 3);
}

static void *report_it(void *arg)
{
    report_finding(arg, NULL);
    return NULL;
}

/* 16 KB is the smallest stack that pthreads give. */
static void on_a_small_stack(void)
{
    pthread_t thread;
    pthread_attr_t attr;
    write_and_read(0x5000);
    pthread_attr_init(&attr);
    if (pthread_attr_setstacksize(&attr, PTHREAD_STACK_MIN) || pthread_create(&thread, &attr, report_it, &f))
        _exit(95);
    pthread_join(thread, NULL);
}

static void small_stack(void **state)
{
    (void)state;
    assert_int_equal(run(on_a_small_stack, NULL), 1);
    assert_int_equal(occurrences("WARNING: gorace"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(clean_run_says_nothing, set_up),
        cmocka_unit_test_setup(duplicates_are_counted, set_up),
        cmocka_unit_test_setup(listener_hears_what_counts, set_up),
        cmocka_unit_test_setup(no_more_than_max_reports, set_up),
        cmocka_unit_test_setup(unwanted_kinds, set_up),
        cmocka_unit_test_setup(baseline_does_not_count, set_up),
        cmocka_unit_test_setup(annotations_for_github, set_up),
        cmocka_unit_test_setup(findings_for_sarif, set_up),
        cmocka_unit_test_setup(full_disk_loses_nothing, set_up),
        cmocka_unit_test_setup(suppressed_races_do_not_count, set_up),
        cmocka_unit_test_setup(each_process_has_its_log, set_up),
        cmocka_unit_test_setup(log_that_cannot_be_opened, set_up),
        cmocka_unit_test_setup(small_stack, set_up),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
