#!/usr/bin/env python3
"""gorace/annotate.h and gorace/cmocka.h, as tests of programs use them."""
import json
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from launcher import INCLUDES, LauncherTest  # noqa: E402

# Two threads, in a known order that the detector does not see; %(first)s is the thread's part, %(second)s main's.
PROGRAM = """
    #include <gorace/annotate.h>
    #include <pthread.h>
    #include <stdio.h>
    #include <stdlib.h>
    #include <string.h>
    #include "barrier.h"
    static struct schedule s;
    int a, b;
    %(before)s
    static void *other(void *arg)
    {
        %(first)s
        step(&s, 1);
        return arg;
    }
    int main(void)
    {
        pthread_t thread;
        %(begin)s
        pthread_create(&thread, NULL, other, NULL);
        await(&s, 1);
        %(second)s
        pthread_join(thread, NULL);
        %(end)s
        return 0;
    }
"""


class Annotations(LauncherTest):
    def program(self, **parts):
        return self.compile("program", PROGRAM % ({"before": "", "begin": "", "first": "a = 1;", "second": "a = 2;", "end": ""} | parts))

    def test_listener(self):
        program = self.program(
            before="""static int heard;
                static void hear(const struct gorace_finding *f, void *argument)
                {
                    ++*(int *)argument;
                    printf("%s|%s|%s|%s\\n", f->kind, f->fingerprint, f->message, f->json);
                }""",
            begin="GORACE_ON_FINDING(hear, &heard);", first="a = 1; b = 1;", second="a = 2; b = 2;",
            end='printf("%d %lu\\n", heard, GORACE_FINDINGS());')
        lines = self.gorace("run", "-q", "--json=all.json", program, status=66).stdout.splitlines()
        self.assertEqual(lines[-1], "2 2")
        for line in lines[:-1]:
            kind, fingerprint, message, text = line.split("|", 3)
            finding = json.loads(text)
            self.assertIn(finding, self.findings("all.json"))
            self.assertEqual((kind, fingerprint, message), tuple(finding[k] for k in ("kind", "fingerprint", "message")))
        self.assertEqual(subprocess.run([program], capture_output=True, text=True, check=True).stdout, "0 0\n")

    def test_listener_may_do_what_it_likes(self):
        """Allocate, take locks, find races of its own that nobody sees, set another listener."""
        program = self.program(
            before="""static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
                static void last(const struct gorace_finding *f, void *argument)
                {
                    (void)f;
                    puts(argument);
                }
                static void hear(const struct gorace_finding *f, void *argument)
                {
                    (void)f;
                    pthread_mutex_lock(&lock);
                    b++;
                    free(malloc(100));
                    GORACE_ON_FINDING(last, argument);
                    pthread_mutex_unlock(&lock);
                }
                int c;""",
            begin='GORACE_ON_FINDING(hear, (void *)"second");', first="a = 1; b = 1; c = 1;", second="a = 2; c = 2;")
        done = self.gorace("run", "-q", program, status=66)
        self.assertEqual(done.stdout, "second\n")
        self.assertEqual(done.stderr.count("WARNING: gorace"), 2)

    def test_abort_in_a_listener(self):
        program = self.program(before="""static void hear(const struct gorace_finding *f, void *argument)
                {
                    (void)f;
                    (void)argument;
                    abort();
                }""", begin="GORACE_ON_FINDING(hear, NULL);")
        done = self.gorace("run", "-q", program, status=-6)
        self.assertEqual(done.stderr.count("WARNING: gorace"), 1)

    def test_names_of_locks(self):
        program = self.program(
            before="static pthread_mutex_t left = PTHREAD_MUTEX_INITIALIZER, right = PTHREAD_MUTEX_INITIALIZER, again;",
            begin="""GORACE_NAME_LOCK(&left, "the left one");
                GORACE_NAME_LOCK(&again, "forgotten");
                pthread_mutex_init(&again, NULL);""",
            first="pthread_mutex_lock(&left); pthread_mutex_lock(&again); a = 1; pthread_mutex_unlock(&again); pthread_mutex_unlock(&left);",
            second="pthread_mutex_lock(&right); a = 2; pthread_mutex_unlock(&right);")
        text = self.gorace("run", "-q", program, status=66).stderr
        self.assertRegex(text, r"Lock the left one 0x")
        self.assertRegex(text, r"Lock again 0x")
        self.assertRegex(text, r"Lock right 0x")

    def test_name_goes_with_the_memory(self):
        program = self.program(
            before="static pthread_mutex_t *m;",
            begin="""m = malloc(sizeof *m);
                pthread_mutex_init(m, NULL);
                pthread_mutex_lock(m);
                GORACE_NAME_LOCK(m, "dead");
                pthread_mutex_unlock(m);
                free(m);
                m = malloc(sizeof *m);
                memset(m, 0, sizeof *m);""",
            first="pthread_mutex_lock(m); a = 1; pthread_mutex_unlock(m);")
        text = self.gorace("run", "-q", program, status=66).stderr
        self.assertIn("1 lock held", text)
        self.assertNotIn("dead", text)

    def test_scoped_ignore(self):
        program = self.program(before="""static int leave(int early)
                {
                    GORACE_IGNORE_SCOPE();
                    a = 1;
                    if (early)
                        return 1;
                    return 0;
                }""", first="leave(1); b = 1;", second="a = 2; b = 2;")
        text = self.gorace("run", "-q", program, status=66).stderr
        self.assertEqual(text.count("WARNING: gorace"), 1)
        self.assertIn("at b (global", text)

    def test_expected_race(self):
        program = self.program(begin='GORACE_EXPECT_RACE(&a, sizeof a, "known");',
                               end='printf("%d\\n", GORACE_EXPECTED_RACES(&a) > 0);')
        done = self.gorace("run", program)
        self.assertEqual((done.stdout, done.stderr), ("1\n", ""))

    def test_expected_race_that_does_not_come(self):
        program = self.program(begin='GORACE_EXPECT_RACE(&a, sizeof a, "first"); GORACE_EXPECT_RACE(&b, 2, "second");',
                               end='printf("%lu\\n", GORACE_EXPECTED_RACES(&b));')
        done = self.gorace("run", program, status=66)
        self.assertEqual(done.stdout, "0\n")
        self.assertRegex(done.stderr, r"^gorace: no race on the 2 bytes at 0x[0-9a-f]+, where one was expected: second\n$")
        self.gorace("run", "-o", "exitcode=0", program)

    def test_expectation_hides_nothing_else(self):
        program = self.program(begin='GORACE_EXPECT_RACE(&a, sizeof a, "known");', first="a = 1; b = 1;", second="a = 2; b = 2;")
        self.assertIn("at b (global", self.gorace("run", program, status=66).stderr)


class Cmocka(LauncherTest):
    def test_the_test_fails_in_which_it_arose(self):
        program = self.compile("tests", """
            #include <gorace/cmocka.h>
            #include <pthread.h>
            #include "barrier.h"
            static struct schedule s;
            int a;
            static void *other(void *arg)
            {
                a = 1;
                step(&s, 1);
                return arg;
            }
            static void clean(void **state)
            {
                assert_string_equal(*state, "set");
            }
            static void racy(void **state)
            {
                pthread_t thread;
                (void)state;
                pthread_create(&thread, NULL, other, NULL);
                await(&s, 1);
                a = 2;
                pthread_join(thread, NULL);
            }
            static int set_up(void **state)
            {
                *state = (void *)"set";
                return 0;
            }
            GORACE_WATCH(clean)
            GORACE_WATCH(racy)
            int main(void)
            {
                const struct CMUnitTest tests[] = {
                    cmocka_unit_test_setup(clean_watched, set_up),
                    cmocka_unit_test(racy_watched),
                    cmocka_unit_test_setup(clean_watched, set_up),
                };
                return cmocka_run_group_tests(tests, NULL, NULL);
            }
        """, "-lcmocka")
        alone = subprocess.run([program], capture_output=True, text=True)
        self.assertEqual(alone.returncode, 0, alone.stderr)
        done = self.gorace("run", "-o", "exitcode=0", "-o", "log=log", program, status=1)
        self.assertIn("gorace: 1 finding while racy ran", done.stderr)
        self.assertIn("2 test(s)", done.stderr)
        self.assertRegex(done.stderr, r"FAILED[^\n]*racy_watched")
        self.assertNotRegex(done.stderr, r"FAILED[^\n]*clean_watched")

    def test_as_cxx(self):
        self.write("a.cc", "#include <gorace/cmocka.h>\nstatic void t(void **) { GORACE_IGNORE_SCOPE(); }\nGORACE_WATCH(t)\n"
                           "int main() { (void)t_watched; return (int)GORACE_FINDINGS(); }\n")
        subprocess.run(["g++", "-Wall", "-Wextra", "-Werror", *INCLUDES, "a.cc", "-o", "a", "-lcmocka"], cwd=self.folder, check=True)
        subprocess.run(["./a"], cwd=self.folder, check=True)


if __name__ == "__main__":
    unittest.main()
