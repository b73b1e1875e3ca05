/* Duplicates, fingerprints, suppressions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "baseline.h"
#include "fake_names.h"
#include "filter.h"

static struct finding f;
static struct report r;

static void side(int i, enum access_kind kind, uint32_t stack)
{
    f.access[i] = (struct finding_access){.kind = kind, .addr = 0x5000, .size = 4, .stack = stack};
    f.access[i].actor.number = (uint64_t)i;
    f.access[i].actor.is_main = i == 0;
}

static uint64_t fingerprint(void)
{
    return report_build(&r, &f, &fake_symbolizer);
}

static int set_up(void **state)
{
    (void)state;
    fake_forget();
    filter_forget();
    memset(&f, 0, sizeof f);
    f.kind = FINDING_RACE;
    return 0;
}

/* ---- pairs ---------------------------------------------------------------------------------------------------- */

static void pair_is_known_in_both_orders(void **state)
{
    (void)state;
    side(0, ACCESS_WRITE, 10);
    side(1, ACCESS_READ, 20);
    assert_int_equal(filter_known(&f), FILTER_NEW);
    filter_remember(&f, false);
    assert_int_equal(filter_known(&f), FILTER_KNOWN);
    side(0, ACCESS_READ, 20);
    side(1, ACCESS_WRITE, 10);
    assert_int_equal(filter_known(&f), FILTER_KNOWN);
    side(0, ACCESS_WRITE, 20); /* the kinds changed sides: another pair */
    side(1, ACCESS_READ, 10);
    assert_int_equal(filter_known(&f), FILTER_NEW);
    filter_remember(&f, true);
    assert_int_equal(filter_known(&f), FILTER_KNOWN_SUPPRESSED);
}

static void lost_stacks_do_not_hide_other_addresses(void **state)
{
    (void)state;
    side(0, ACCESS_WRITE, 10);
    side(1, ACCESS_READ, 0);
    filter_remember(&f, false);
    assert_int_equal(filter_known(&f), FILTER_KNOWN);
    f.access[1].addr += 8;
    assert_int_equal(filter_known(&f), FILTER_NEW);
}

static void many_pairs(void **state)
{
    (void)state;
    enum { PAIRS = 50000 };
    for (uint32_t i = 1; i <= PAIRS; i++) {
        side(0, ACCESS_WRITE, i);
        side(1, ACCESS_WRITE, i + PAIRS);
        assert_int_equal(filter_known(&f), FILTER_NEW);
        filter_remember(&f, i % 3 == 0);
    }
    for (uint32_t i = 1; i <= PAIRS; i++) {
        side(0, ACCESS_WRITE, i + PAIRS);
        side(1, ACCESS_WRITE, i);
        assert_int_equal(filter_known(&f), i % 3 == 0 ? FILTER_KNOWN_SUPPRESSED : FILTER_KNOWN);
    }
}

static void fingerprint_passes_once(void **state)
{
    (void)state;
    assert_true(filter_first(7));
    assert_false(filter_first(7));
    assert_true(filter_first(0));
    assert_false(filter_first(0));
    for (uint64_t i = 100; i < 5000; i++)
        assert_true(filter_first(i << 40));
    assert_false(filter_first(UINT64_C(100) << 40));
}

/* ---- fingerprints --------------------------------------------------------------------------------------------- */

static void fingerprint_is_of_the_pair(void **state)
{
    (void)state;
    uintptr_t put = fake_frame("put", "/src/a.c", 10, 14), get = fake_frame("get", "/src/a.c", 20, 22);
    uintptr_t root = fake_frame("main", "/src/a.c", 30, 33);
    uint32_t a = fake_stack(put, root, (uintptr_t)0), b = fake_stack(get, root, (uintptr_t)0);
    side(0, ACCESS_WRITE, a);
    side(1, ACCESS_READ, b);
    uint64_t one = fingerprint();
    side(0, ACCESS_READ, b);
    side(1, ACCESS_WRITE, a);
    assert_true(fingerprint() == one);
    side(0, ACCESS_WRITE, b); /* put and get both read and write: the schedule says which is seen */
    side(1, ACCESS_READ, a);
    assert_true(fingerprint() == one);
    side(1, ACCESS_READ, b);
    assert_true(fingerprint() != one);
}

static void fingerprint_is_of_the_variable(void **state)
{
    (void)state;
    uint32_t stack = fake_stack(fake_frame("put", "/src/a.c", 10, 14), (uintptr_t)0);
    side(0, ACCESS_WRITE, stack);
    side(1, ACCESS_WRITE, stack);
    uint64_t one = fingerprint();
    f.access[0].addr = f.access[1].addr = 0x5004; /* elsewhere in the same variable */
    assert_true(fingerprint() == one);
    f.access[0].addr = f.access[1].addr = 0x5024; /* in another one */
    assert_true(fingerprint() != one);
    f.access[0].addr = f.access[1].addr = 0x9000; /* in none: all addresses are the same */
    uint64_t heap = fingerprint();
    assert_true(heap != one);
    f.access[0].addr = f.access[1].addr = 0xa000;
    assert_true(fingerprint() == heap);
}

/* The fingerprint of a write in `put` and a read in `get`, both called from main. */
static uint64_t of_lines(const char *file, int put_line, int shift_get, const char *build_id)
{
    fake_forget();
    uintptr_t put = fake_frame("put", file, 10, put_line);
    uintptr_t get = fake_frame("get", file, 20 + shift_get, 22 + shift_get);
    uintptr_t root = fake_frame("main", file, 30 + shift_get, 33 + shift_get);
    for (int i = 0; i < 3; i++) {
        fake_frames[i].build_id = build_id;
        fake_frames[i].offset += (uint64_t)shift_get;
    }
    side(0, ACCESS_WRITE, fake_stack(put, root, (uintptr_t)0));
    side(1, ACCESS_READ, fake_stack(get, root, (uintptr_t)0));
    return fingerprint();
}

static void fingerprint_outlives_edits(void **state)
{
    (void)state;
    uint64_t one = of_lines("/src/a.c", 14, 0, "aa");
    assert_true(of_lines("/src/a.c", 14, 100, "bb") == one);         /* lines were added between the functions */
    assert_true(of_lines("/home/ci/build/a.c", 14, 0, "aa") == one); /* checked out elsewhere */
    assert_true(of_lines("/src/a.c", 15, 0, "aa") != one);           /* another line of put */
    assert_true(of_lines("/src/b.c", 14, 0, "aa") != one);
}

/* The value is in users' baselines: this test pins the format itself. */
static void fingerprint_never_changes(void **state)
{
    (void)state;
    assert_true(of_lines("/src/a.c", 14, 0, "aa") == UINT64_C(0xf3294d5a6e909f1d));
}

static void fingerprint_folds_recursion(void **state)
{
    (void)state;
    uintptr_t leaf = fake_frame("leaf", "/src/a.c", 1, 2), walk = fake_frame("walk", "/src/a.c", 5, 9);
    uintptr_t root = fake_frame("main", "/src/a.c", 30, 33);
    uint32_t deep = fake_stack(leaf, walk, walk, walk, root, (uintptr_t)0);
    uint32_t shallow = fake_stack(leaf, walk, root, (uintptr_t)0);
    side(0, ACCESS_WRITE, deep);
    side(1, ACCESS_WRITE, deep);
    uint64_t one = fingerprint();
    assert_int_equal(r.access[0].n, 3);
    assert_int_equal(r.access[0].at[1].times, 3);
    side(1, ACCESS_WRITE, shallow);
    assert_true(fingerprint() == one);
}

static void fingerprint_without_names(void **state)
{
    (void)state;
    uintptr_t a = fake_frame(NULL, NULL, 0, 0), b = fake_frame(NULL, NULL, 0, 0);
    side(0, ACCESS_WRITE, fake_stack(a, (uintptr_t)0));
    side(1, ACCESS_READ, fake_stack(b, (uintptr_t)0));
    uint64_t one = fingerprint();
    fake_frames[0].module = fake_frames[1].module = "/elsewhere/app2";
    assert_true(fingerprint() == one);
    fake_frames[1].offset++;
    assert_true(fingerprint() != one);
    fake_frames[1].offset--;
    fake_frames[0].build_id = "ff";
    assert_true(fingerprint() != one);
}

static struct finding_step many_steps[REPORT_STEPS * 2];

/* `n` wait in `put`, the newest or the oldest in `get`. */
static uint64_t of_waits(int n, int in_get, enum finding_kind kind)
{
    fake_forget();
    uintptr_t put = fake_frame("put", "/src/a.c", 10, 14), get = fake_frame("get", "/src/a.c", 20, 22);
    uint32_t a = fake_stack(put, (uintptr_t)0), b = fake_stack(get, (uintptr_t)0);
    for (int i = 0; i < n; i++)
        many_steps[i] = (struct finding_step){.role = STEP_WAITS, .stack = i == in_get ? b : a};
    f = (struct finding){.kind = kind, .nsteps = n, .steps = many_steps};
    return fingerprint();
}

static void fingerprint_is_of_distinct_steps(void **state)
{
    (void)state;
    uint64_t stuck = of_waits(2, 0, FINDING_STUCK), deadlock = of_waits(2, 0, FINDING_DEADLOCK);
    assert_true(stuck != deadlock);
    assert_true(of_waits(2, 1, FINDING_STUCK) == stuck); /* in the other order */
    assert_true(of_waits(7, 3, FINDING_STUCK) == stuck); /* more of them */
    assert_true(of_waits(7, 6, FINDING_DEADLOCK) == deadlock);
    assert_true(of_waits(2, 2, FINDING_STUCK) != stuck); /* nobody in get */
    assert_true(of_waits(1, 1, FINDING_STUCK) == of_waits(40, 40, FINDING_STUCK));
}

static void of_many_steps_each_place_is_shown(void **state)
{
    (void)state;
    const int n = REPORT_STEPS * 2;
    uint64_t one = of_waits(2, 1, FINDING_DEADLOCK);
    assert_true(of_waits(n, n - 1, FINDING_DEADLOCK) == one);
    assert_int_equal(r.nsteps, REPORT_STEPS);
    assert_ptr_equal(r.step[1].step, &many_steps[n - 1]);
    assert_ptr_equal(r.step[2].step, &many_steps[1]); /* then the others, in their order */
    assert_ptr_equal(r.step[REPORT_STEPS - 1].step, &many_steps[REPORT_STEPS - 2]);
}

/* ---- suppressions --------------------------------------------------------------------------------------------- */

static void patterns(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *text;
        bool matches;
    } cases[] = {
        {"put", "put", true},
        {"put", "output_x", true},
        {"put", "Put", false},
        {"^put", "put_x", true},
        {"^put", "output", false},
        {"put$", "output", true},
        {"put$", "puts", false},
        {"^put$", "put", true},
        {"^put$", "puts", false},
        {"ns::*::get", "ns::Box<int>::get(int)", true},
        {"a*b*c", "xxaxxbxxcxx", true},
        {"a*b*c", "acb", false},
        {"*", "", true},
        {"^*$", "anything", true},
        {"a*$", "xa", true},
        {"lib*.so$", "/usr/lib/libglib-2.0.so", true},
        {"lib*.so$", "/usr/lib/libglib-2.0.so.0", false},
        {"a$b", "a$b", true},
        {"a$", "a$", false},
        {"a*b*c*d*e*f*g*h*i*j*$", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false},
        {"^a*bc$", "abcabc", true},
        {"", "x", false},
        {"x", NULL, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (pattern_matches(cases[i].pattern, cases[i].text) != cases[i].matches)
            fail_msg("pattern '%s' and '%s'", cases[i].pattern, cases[i].text);
}

static char errors[8192];

static int parse(const char *text)
{
    static char file[4096]; /* stays in use */
    struct outbuf o;
    outbuf_open(&o, -1);
    assert_true(strlen(text) < sizeof file);
    strcpy(file, text);
    int n = suppressions_parse(file, "sup.txt", &o);
    outbuf_char(&o, 0);
    memcpy(errors, o.data, o.used);
    outbuf_close(&o);
    return n;
}

static void suppression_file(void **state)
{
    (void)state;
    assert_int_equal(parse("# comment\n\n  race:^put$  \r\nrace_top:x\ncalled_from_lib:libfoo.so\nthread:t\nmutex:m\n"
                           "deadlock:d\nsignal:s"),
                     7);
    assert_string_equal(errors, "");
    assert_int_equal(parse("race:a\nracy:b\nrace\nrace:\n"), 1);
    assert_string_equal(errors,
                        "gorace: sup.txt:2: 'racy:b' is no suppression; valid is type:pattern with the types race "
                        "race_top called_from_lib thread thread_top mutex mutex_top deadlock deadlock_top signal\n"
                        "gorace: sup.txt:3: 'race' is no suppression; valid is type:pattern with the types race "
                        "race_top called_from_lib thread thread_top mutex mutex_top deadlock deadlock_top signal\n"
                        "gorace: sup.txt:4: 'race:' is no suppression; valid is type:pattern with the types race "
                        "race_top called_from_lib thread thread_top mutex mutex_top deadlock deadlock_top signal\n");
}

static bool is_suppressed(const char *line)
{
    assert_int_equal(parse(line), 1);
    fingerprint();
    const struct suppression *s = suppressed_by(&r);
    assert_true(!s || s->hits == 1);
    return s != NULL;
}

static void what_suppressions_match(void **state)
{
    (void)state;
    uintptr_t put = fake_frame("put", "/src/store.c", 10, 14), root = fake_frame("main", "/src/main.c", 30, 33);
    uintptr_t get = fake_frame("get", "/src/fetch.c", 10, 14), spawn = fake_frame("spawn", "/src/pool.c", 1, 3);
    fake_frames[put - 1].linkage = "_Z3putv";
    fake_frames[put - 1].module = "/usr/lib/libstore.so.1";
    side(0, ACCESS_WRITE, fake_stack(put, root, (uintptr_t)0));
    side(1, ACCESS_READ, fake_stack(get, root, (uintptr_t)0));
    f.access[1].actor.birth_stack = fake_stack(spawn, root, (uintptr_t)0);
    assert_true(is_suppressed("race:^put$"));
    assert_true(is_suppressed("race:_Z3putv"));
    assert_true(is_suppressed("race:fetch.c"));
    assert_true(is_suppressed("race:libstore.so"));
    assert_true(is_suppressed("race:^main$"));
    assert_true(is_suppressed("race:^spawn$"));
    assert_true(is_suppressed("race:^counter$"));
    assert_false(is_suppressed("race:^nothing$"));
    assert_true(is_suppressed("race_top:^get$"));
    assert_false(is_suppressed("race_top:^main$"));
    assert_true(is_suppressed("called_from_lib:libstore.so"));
    assert_false(is_suppressed("called_from_lib:bin/app2"));
    assert_false(is_suppressed("deadlock:^put$"));
    assert_false(is_suppressed("mutex:^put$"));
    assert_false(is_suppressed("thread:^put$"));
}

/* A lock that `put` waits for, called by main; the other half of the cycle waits in `get`. */
static void suppressions_of_steps(void **state)
{
    (void)state;
    uintptr_t put = fake_frame("put", "/src/store.c", 10, 14), root = fake_frame("main", "/src/main.c", 30, 33);
    uintptr_t get = fake_frame("get", "/src/fetch.c", 10, 14);
    struct finding_step steps[2] = {{.role = STEP_WAITS, .stack = fake_stack(put, root, (uintptr_t)0)},
                                    {.role = STEP_WAITS, .stack = fake_stack(get, root, (uintptr_t)0)}};
    f = (struct finding){.kind = FINDING_DEADLOCK, .nsteps = 2, .steps = steps};
    assert_true(is_suppressed("deadlock:^main$"));
    assert_true(is_suppressed("deadlock_top:^put$"));
    assert_true(is_suppressed("deadlock_top:^get$"));
    assert_false(is_suppressed("deadlock_top:^main$"));
    assert_false(is_suppressed("mutex_top:^get$"));
    assert_false(is_suppressed("race:^main$"));
    f.kind = FINDING_MISUSE;
    assert_true(is_suppressed("mutex_top:^put$"));
    assert_false(is_suppressed("mutex_top:^main$"));
    f.kind = FINDING_STUCK;
    assert_true(is_suppressed("thread_top:^put$"));
    assert_false(is_suppressed("thread_top:^main$"));
    assert_false(is_suppressed("deadlock_top:^put$"));
}

static void unused_suppressions(void **state)
{
    (void)state;
    uintptr_t put = fake_frame("put", "/src/store.c", 10, 14);
    side(0, ACCESS_WRITE, fake_stack(put, (uintptr_t)0));
    side(1, ACCESS_READ, fake_stack(put, (uintptr_t)0));
    fingerprint();
    assert_int_equal(parse("race:xyz\nrace:put\n\nrace_top:store\n"), 3);
    const struct suppression *s = suppressed_by(&r);
    assert_non_null(s);
    assert_int_equal(s->line, 2);
    struct outbuf o;
    outbuf_open(&o, -1);
    suppressions_say_unused(&o, true);
    outbuf_char(&o, 0);
    assert_string_equal(o.data, "gorace: sup.txt:1: race:xyz was not used\n"
                                "gorace: sup.txt:4: race_top:store was not used\n");
    outbuf_close(&o);
    outbuf_open(&o, -1);
    suppressions_say_unused(&o, false);
    assert_int_equal(o.used, 0);
    outbuf_close(&o);
}

static void suppressions_by_offset_and_build(void **state)
{
    (void)state;
    uintptr_t nameless = fake_frame(NULL, NULL, 0, 0);
    fake_frames[nameless - 1].module = "/usr/lib/libstore.so.1";
    fake_frames[nameless - 1].offset = 0x12ab;
    fake_frames[nameless - 1].build_id = "c6107bd3e910";
    side(0, ACCESS_WRITE, fake_stack(nameless, (uintptr_t)0));
    side(1, ACCESS_READ, fake_stack(nameless, (uintptr_t)0));
    assert_true(is_suppressed("race:^libstore.so.1+0x12ab@c6107bd3"));
    assert_true(is_suppressed("race_top:libstore.so*+0x12ab@c6107bd3e910$"));
    assert_false(is_suppressed("race:^libstore.so.1+0x12ab@d6107bd3"));
    assert_false(is_suppressed("race:^libstore.so.1+0x12a@"));
    assert_false(is_suppressed("race:^libstore.so.1+0x12ac@"));
}

static void suppressions_expire(void **state)
{
    (void)state;
    uintptr_t put = fake_frame("put", "/src/store.c", 10, 14);
    side(0, ACCESS_WRITE, fake_stack(put, (uintptr_t)0));
    side(1, ACCESS_READ, fake_stack(put, (uintptr_t)0));
    fingerprint();
    struct outbuf o;
    assert_int_equal(parse("# until 1999-12-31\nrace:put\nrace:unmet\n\nrace:other\n"), 3);
    assert_null(suppressed_by(&r));
    outbuf_open(&o, -1);
    suppressions_say_unused(&o, false);
    outbuf_char(&o, 0);
    assert_string_equal(o.data,
                        "gorace: sup.txt:2: race:put has expired, and would have been used (# until 1999-12-31)\n");
    outbuf_close(&o);
    outbuf_open(&o, -1);
    suppressions_say_unused(&o, true);
    outbuf_char(&o, 0);
    assert_string_equal(o.data,
                        "gorace: sup.txt:2: race:put has expired, and would have been used (# until 1999-12-31)\n"
                        "gorace: sup.txt:3: race:unmet has expired (# until 1999-12-31)\n"
                        "gorace: sup.txt:5: race:other was not used\n");
    outbuf_close(&o);
    assert_true(is_suppressed("#until 9999-12-31\nrace:put\n"));
    assert_true(is_suppressed("# until 1999-12-31\n\nrace:put\n")); /* an empty line ends it */
    assert_true(is_suppressed("# until we have time\nrace:put\n"));
    assert_string_equal(errors,
                        "gorace: sup.txt:1: '# until we have time' is no date: `# until YYYY-MM-DD` is valid\n");
}

/* The last day itself still counts. */
static void suppressions_live_to_their_last_day(void **state)
{
    (void)state;
    char line[64];
    uintptr_t put = fake_frame("put", "/src/store.c", 10, 14);
    side(0, ACCESS_WRITE, fake_stack(put, (uintptr_t)0));
    side(1, ACCESS_READ, fake_stack(put, (uintptr_t)0));
    for (int day = -1; day <= 1; day++) {
        time_t now = time(NULL), then = now + day * 24 * 60 * 60;
        strftime(line, sizeof line, "# until %Y-%m-%d\nrace:put\n", gmtime(&then));
        bool suppressed = is_suppressed(line);
        if (time(NULL) / 86400 == now / 86400) /* not over midnight */
            assert_int_equal(suppressed, day >= 0);
    }
}

/* ---- baselines ------------------------------------------------------------------------------------------------ */

static void baseline_file(void **state)
{
    (void)state;
    char text[] = "# comment\n\n6b65c24bc0724081  data-race counter.c:24 in main # Ada\r\n  ffffffffffffffff\n"
                  "0000000000000000\n123\n6b65c24bc072408x\n6b65c24bc07240811\n";
    struct outbuf o;
    outbuf_open(&o, -1);
    baseline_parse(text, "base.txt", &o);
    outbuf_char(&o, 0);
    assert_string_equal(o.data,
                        "gorace: base.txt:6: '123' is ignored: a line of a baseline begins with the 16 digits of a "
                        "fingerprint, or with #\n"
                        "gorace: base.txt:7: '6b65c24bc072408x' is ignored: a line of a baseline begins with the 16 "
                        "digits of a fingerprint, or with #\n"
                        "gorace: base.txt:8: '6b65c24bc07240811' is ignored: a line of a baseline begins with the 16 "
                        "digits of a fingerprint, or with #\n");
    outbuf_close(&o);
    assert_true(baseline_has(UINT64_C(0x6b65c24bc0724081)));
    assert_true(baseline_has(UINT64_C(0xffffffffffffffff)));
    assert_true(baseline_has(0));
    assert_false(baseline_has(UINT64_C(0x6b65c24bc0724080)));
    assert_false(baseline_has(1u << 31));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(pair_is_known_in_both_orders, set_up),
        cmocka_unit_test_setup(lost_stacks_do_not_hide_other_addresses, set_up),
        cmocka_unit_test_setup(many_pairs, set_up),
        cmocka_unit_test_setup(fingerprint_passes_once, set_up),
        cmocka_unit_test_setup(fingerprint_is_of_the_pair, set_up),
        cmocka_unit_test_setup(fingerprint_is_of_the_variable, set_up),
        cmocka_unit_test_setup(fingerprint_outlives_edits, set_up),
        cmocka_unit_test_setup(fingerprint_never_changes, set_up),
        cmocka_unit_test_setup(fingerprint_folds_recursion, set_up),
        cmocka_unit_test_setup(fingerprint_without_names, set_up),
        cmocka_unit_test_setup(fingerprint_is_of_distinct_steps, set_up),
        cmocka_unit_test_setup(of_many_steps_each_place_is_shown, set_up),
        cmocka_unit_test_setup(patterns, set_up),
        cmocka_unit_test_setup(suppression_file, set_up),
        cmocka_unit_test_setup(what_suppressions_match, set_up),
        cmocka_unit_test_setup(suppressions_of_steps, set_up),
        cmocka_unit_test_setup(unused_suppressions, set_up),
        cmocka_unit_test_setup(suppressions_by_offset_and_build, set_up),
        cmocka_unit_test_setup(suppressions_expire, set_up),
        cmocka_unit_test_setup(suppressions_live_to_their_last_day, set_up),
        cmocka_unit_test_setup(baseline_file, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
