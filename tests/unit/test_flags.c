/* GORACE_OPTIONS: what is taken, what is refused and how, and that docs/flags.md says what help=1 says. Runs in the
 * folder of this file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "flags.h"

static struct flags f;
static char said[65536];

/* What `options` makes of the defaults; `said` has the error lines. */
static int parse(const char *options)
{
    struct outbuf o;
    outbuf_open(&o, -1);
    int bad = flags_parse(&f, options, &o);
    outbuf_char(&o, 0);
    assert_true(o.used <= sizeof said);
    memcpy(said, o.data, o.used);
    outbuf_close(&o);
    return bad;
}

static void assert_said(const char *part)
{
    if (!strstr(said, part))
        fail_msg("'%s' is not in: %s", part, said);
}

static void defaults(void **state)
{
    (void)state;
    assert_int_equal(parse(NULL), 0);
    assert_string_equal(said, "");
    assert_int_equal(f.exitcode, 66);
    assert_false(f.halt_on_error);
    assert_string_equal(f.log, "");
    assert_string_equal(f.json, "");
    assert_string_equal(f.collect, "");
    assert_string_equal(f.sarif, "");
    assert_false(f.github);
    assert_string_equal(f.baseline, "");
    assert_string_equal(f.suppressions, "");
    assert_int_equal(f.detect, DETECT_RACE | DETECT_LOCK_ORDER | DETECT_DEADLOCK | DETECT_STUCK | DETECT_MISUSE);
    assert_int_equal(f.verbosity, 0);
    assert_true(f.coverage);
    assert_true(f.symbolize);
    assert_int_equal(f.max_reports, 0);
    assert_int_equal(f.static_tsan, STATIC_TSAN_STOP);
    assert_false(f.help);
}

static void separators_and_quotes(void **state)
{
    (void)state;
    assert_int_equal(parse("  exitcode=7:halt_on_error=1 log='/tmp/a b:c'\tjson=\"x'y\" \n: detect=race,misuse "
                           "static_tsan=run:suppressions="),
                     0);
    assert_string_equal(said, "");
    assert_int_equal(f.exitcode, 7);
    assert_true(f.halt_on_error);
    assert_string_equal(f.log, "/tmp/a b:c");
    assert_string_equal(f.json, "x'y");
    assert_string_equal(f.suppressions, "");
    assert_int_equal(f.detect, DETECT_RACE | DETECT_MISUSE);
    assert_int_equal(f.static_tsan, STATIC_TSAN_RUN);
}

static void last_one_counts(void **state)
{
    (void)state;
    assert_int_equal(parse("exitcode=1 log=a exitcode=2 log=b detect=race detect="), 0);
    assert_int_equal(f.exitcode, 2);
    assert_string_equal(f.log, "b");
    assert_int_equal(f.detect, 0);
}

static void unknown_name_lists_the_valid_ones(void **state)
{
    (void)state;
    assert_int_equal(parse("exit_code=3:exitcode=4"), 1);
    assert_said("'exit_code' is ignored");
    assert_said(" exitcode halt_on_error log json collect sarif github baseline suppressions detect order_only unseen_races suspected sigquit on_deadlock verbosity ");
    assert_int_equal(f.exitcode, 4);
    assert_int_equal(parse("verbose"), 1);
    assert_said("'verbose' is ignored");
    assert_int_equal(parse("help"), 1); /* a name without a value */
    assert_false(f.help);
}

static void bad_value_keeps_the_old_one(void **state)
{
    (void)state;
    static const struct {
        const char *options, *says;
    } bad[] = {
        {"exitcode=256", "exitcode=256 is ignored: valid are 0 to 255"},
        {"exitcode=-1", "exitcode=-1 is ignored"},
        {"exitcode=", "exitcode= is ignored"},
        {"exitcode=1x", "exitcode=1x is ignored"},
        {"exitcode=99999999999999999999", "is ignored: valid are 0 to 255"},
        {"halt_on_error=2", "halt_on_error=2 is ignored: valid are 0 to 1"},
        {"halt_on_error=yes", "halt_on_error=yes is ignored: valid are 0 to 1"},
        {"detect=race,races", "detect=race,races is ignored: valid are some of race,lock-order,deadlock,stuck,misuse"},
        {"static_tsan=maybe", "static_tsan=maybe is ignored: valid is one of stop,run"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(parse(bad[i].options), 1);
        assert_said(bad[i].says);
        assert_int_equal(f.exitcode, 66);
        assert_false(f.halt_on_error);
        assert_int_equal(f.detect, DETECT_RACE | DETECT_LOCK_ORDER | DETECT_DEADLOCK | DETECT_STUCK | DETECT_MISUSE);
        assert_int_equal(f.static_tsan, STATIC_TSAN_STOP);
    }
}

static void too_long_text(void **state)
{
    (void)state;
    static char options[FLAGS_TEXT_BYTES + 64] = "log=a json=";
    memset(options + strlen(options), 'x', FLAGS_TEXT_BYTES);
    assert_int_equal(parse(options), 1);
    assert_said("is ignored: too long");
    assert_string_equal(f.log, "a");
    assert_string_equal(f.json, "");
}

static void open_quote(void **state)
{
    (void)state;
    assert_int_equal(parse("log='a b"), 0);
    assert_string_equal(f.log, "a b");
}

/* The file has the help text between its ``` lines. GORACE_UPDATE=1 writes it anew. */
static void documentation(void **state)
{
    (void)state;
    static const char head[] = "# GORACE_OPTIONS\n\nThis is what `GORACE_OPTIONS=help=1` prints; it is made from "
                               "`detector/flags.def`\n(`GORACE_UPDATE=1 test_flags` writes this file).\n\n```\n";
    static char doc[65536];
    struct outbuf o;
    outbuf_open(&o, -1);
    outbuf_str(&o, head);
    flags_help(&o);
    outbuf_str(&o, "```\n");
    outbuf_char(&o, 0);
    const char *update = getenv("GORACE_UPDATE");
    FILE *file = fopen("../../docs/flags.md", update ? "w+" : "r");
    assert_non_null(file);
    if (update) {
        fputs(o.data, file);
        rewind(file);
    }
    doc[fread(doc, 1, sizeof doc - 1, file)] = 0;
    fclose(file);
    assert_string_equal(doc, o.data);
    outbuf_close(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults),
        cmocka_unit_test(separators_and_quotes),
        cmocka_unit_test(last_one_counts),
        cmocka_unit_test(unknown_name_lists_the_valid_ones),
        cmocka_unit_test(bad_value_keeps_the_old_one),
        cmocka_unit_test(too_long_text),
        cmocka_unit_test(open_quote),
        cmocka_unit_test(documentation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
