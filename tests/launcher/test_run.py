#!/usr/bin/env python3
"""gorace run: options, status, signals, children; the reports of a whole run."""
import json
import os
import pathlib
import signal
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from launcher import GORACE, INCLUDES, LauncherTest, racy  # noqa: E402


class Run(LauncherTest):
    def test_status(self):
        self.gorace("run", "--", "sh", "-c", "exit 7", status=7)
        program = self.compile("racy", racy(status=3))
        done = self.gorace("run", program, status=66)
        self.assertIn("WARNING: gorace: data-race", done.stderr)
        self.assertIn("gorace: run: 1 finding in all processes", done.stderr)
        self.gorace("run", "-o", "exitcode=9", program, status=9)
        self.gorace("run", "-o", "exitcode=0", program, status=3)
        self.assertNotIn("gorace: run:", self.gorace("run", "-q", program, status=66).stderr)

    def test_wrong_use(self):
        for arguments in (["run"], ["run", "-o", "nonsense", "true"], ["run", "--nothing", "true"], ["run", "-b", "none", "true"],
                          ["run", "no-such-program"], ["frobnicate"], [], ["report"], ["baseline"], ["explain"], ["trace"],
                          ["explain", "zzz"], ["explain", "aa"], ["report", "-e", "300", "x"]):
            with self.subTest(arguments):
                self.assertIn("orace", self.gorace(*arguments, status=2).stderr)

    def test_help(self):
        self.assertIn("gorace run", self.gorace("--help").stdout)
        self.assertIn("gorace 0.", self.gorace("--version").stdout)
        for command in ("run", "report", "baseline", "explain", "doctor", "trace"):
            self.assertIn("Usage: gorace " + command, self.gorace(command, "--help").stdout)

    def test_program_that_cannot_be_run(self):
        script = self.write("script", "#!/no/interpreter\n")
        script.chmod(0o755)
        self.gorace("run", script, status=127)

    def test_children_are_counted(self):
        """The shell ends with 0, whatever its child does."""
        program = self.compile("racy", racy())
        done = self.gorace("run", "--json=all.json", "--", "sh", "-c", f"{program}; {program}; exit 0", status=66)
        self.assertIn("gorace: run: 1 finding in all processes", done.stderr)
        self.assertEqual(len(self.findings("all.json")), 1)

    def test_run_inside_of_a_run(self):
        """Both know of the finding; the inner launcher is watched itself, and nothing is found in it."""
        program = self.compile("racy", racy())
        done = self.gorace("run", "--json=outer.json", "--", "sh", "-c", f"{GORACE} run --json=inner.json {program}; exit 0",
                           status=66)
        self.assertEqual(done.stderr.count("WARNING: gorace"), 1)
        self.assertEqual(self.findings("outer.json"), self.findings("inner.json"))

    def test_daemon_outlives_the_run(self):
        """Its findings are in its own log; nothing of them goes astray into somebody's stderr."""
        program = self.compile("racy", racy())
        fifo = self.folder / "fifo"
        os.mkfifo(fifo)
        ends, held = os.pipe()
        self.addCleanup(os.close, ends)
        script = f"(read line <{fifo}; exec {program}) >err 2>&1 & exit 0"
        self.gorace("run", "-o", f"log={self.folder}/late.log", "-o", f"json={self.folder}/late.json", "--", "sh", "-c", script,
                    pass_fds=[held])
        os.close(held)
        fifo.write_text("go\n")
        self.assertEqual(os.read(ends, 1), b"")  # the daemon has ended
        self.assertEqual(len(self.findings("late.json")), 1)
        self.assertEqual((self.folder / "err").read_text(), "")

    def test_all_formats_at_once(self):
        program = self.compile("racy", racy(("first", "second")))
        done = self.gorace("run", "-o", "log=/dev/null", "--sarif=r.sarif", "--html=r.html", "--junit=r.xml", "--json=r.json",
                           "--text=r.txt", "--github", program, status=66)
        self.assertEqual(done.stdout.count("::error file=racy.c,line="), 2)
        self.assertEqual(len(json.loads((self.folder / "r.sarif").read_text())["runs"][0]["results"]), 2)
        self.assertEqual((self.folder / "r.xml").read_text().count("<failure"), 2)
        self.assertIn("gorace: 2 findings", (self.folder / "r.txt").read_text())
        self.assertIn("</html>", (self.folder / "r.html").read_text())
        self.assertEqual([p.name for p in self.folder.glob("*.part")], [])

    def test_reports_of_a_clean_run(self):
        self.gorace("run", "--sarif=r.sarif", "--junit=r.xml", "--", "true")
        self.assertEqual(json.loads((self.folder / "r.sarif").read_text())["runs"][0]["results"], [])
        self.assertNotIn("<failure", (self.folder / "r.xml").read_text())

    def test_report_that_cannot_be_written(self):
        self.assertIn("cannot write /nowhere/r", self.gorace("run", "--sarif=/nowhere/r", "true", status=2).stderr)

    def test_collection_leaves_nothing(self):
        program = self.compile("racy", racy())
        temporary = self.folder / "tmp"
        temporary.mkdir()
        self.gorace("run", program, status=66, environment={"TMPDIR": str(temporary)})
        self.assertEqual(list(temporary.iterdir()), [])

    def test_without_room_for_the_collection(self):
        program = self.compile("racy", racy())
        done = self.gorace("run", program, status=66, environment={"TMPDIR": "/nowhere"})
        self.assertIn("findings are not collected", done.stderr)


class SarifOption(LauncherTest):
    """GORACE_OPTIONS=sarif=FILE, with the launcher and without."""

    def preload(self, program, options):
        library = pathlib.Path(GORACE).parent.parent / "lib/libgorace.so"
        return subprocess.run([program], cwd=self.folder, capture_output=True, text=True, timeout=600,
                              env=dict(os.environ, LD_PRELOAD=str(library), GORACE_OPTIONS=options))

    def results(self, name):
        return json.loads((self.folder / name).read_text())["runs"][0]["results"]

    def test_by_the_launcher(self):
        program = self.compile("racy", racy())
        self.gorace("run", program, status=66, environment={"GORACE_OPTIONS": "sarif=r.sarif log=/dev/null"})
        self.assertEqual(len(self.results("r.sarif")), 1)
        self.assertFalse((self.folder / "r.sarif.jsonl").exists())

    def test_by_the_preloaded_library(self):
        program = self.compile("racy", racy())
        done = self.preload(program, "sarif=r.sarif log=/dev/null")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (66, "", ""))
        self.assertEqual(len(self.results("r.sarif")), 1)

    def test_of_several_processes(self):
        first, second = self.compile("one", racy(("a",))), self.compile("two", racy(("b",)))
        for program in (first, second, first):
            self.preload(program, "sarif=r.sarif log=/dev/null")
        self.assertEqual(len(self.results("r.sarif")), 2)

    def test_nothing_found(self):
        self.preload("/bin/true", "sarif=r.sarif")
        self.assertEqual([p.name for p in self.folder.iterdir()], [])

    def test_that_cannot_be_written(self):
        program = self.compile("racy", racy())
        done = self.preload(program, "sarif=/nowhere/r.sarif log=/dev/null")
        self.assertEqual(done.returncode, 66)
        self.assertIn("/nowhere/r.sarif.jsonl", done.stderr)
        self.assertIn('"kind":"data-race"', done.stderr)


SLEEPER = """
    #include <signal.h>
    #include <stdio.h>
    #include <unistd.h>
    static void caught(int number)
    {
        (void)number;
        _exit(5);
    }
    int main(int argc, char **argv)
    {
        (void)argv;
        if (argc > 1)
            signal(SIGTERM, caught);
        puts("ready");
        fflush(stdout);
        for (;;)
            pause();
    }
"""


class Signals(LauncherTest):
    def start(self, *arguments):
        self.write("sleeper.c", SLEEPER)
        subprocess.run(["gcc", "-Wall", "-Werror", "sleeper.c", "-o", "sleeper"], cwd=self.folder, check=True)
        started = subprocess.Popen([GORACE, "run", "./sleeper", *arguments], cwd=self.folder, stdout=subprocess.PIPE, text=True)
        self.addCleanup(started.stdout.close)
        self.assertEqual(started.stdout.readline(), "ready\n")
        return started

    def end_of_child(self, launcher):
        """Waits until the child has let go of its standard output."""
        self.assertEqual(launcher.stdout.read(), "")

    def test_are_passed_on(self):
        launcher = self.start("catch")
        launcher.send_signal(signal.SIGTERM)
        self.assertEqual(launcher.wait(60), 5)

    def test_that_kill_the_program_kill_the_launcher(self):
        for number in (signal.SIGTERM, signal.SIGUSR1, signal.SIGHUP, signal.SIGINT):
            launcher = self.start()
            launcher.send_signal(number)
            self.assertEqual(launcher.wait(60), -number)

    def test_killing_the_launcher_kills_the_program(self):
        launcher = self.start()
        launcher.kill()
        self.assertEqual(launcher.wait(60), -signal.SIGKILL)
        self.end_of_child(launcher)

    def test_stop_and_go_on(self):
        launcher = self.start("catch")
        child = int(pathlib.Path(f"/proc/{launcher.pid}/task/{launcher.pid}/children").read_text())
        os.kill(child, signal.SIGSTOP)
        _, status = os.waitpid(launcher.pid, os.WUNTRACED)
        self.assertTrue(os.WIFSTOPPED(status))
        launcher.send_signal(signal.SIGCONT)
        launcher.send_signal(signal.SIGTERM)
        self.assertEqual(launcher.wait(60), 5)

    def test_mask_and_dispositions_are_those_of_the_caller(self):
        code = ("import signal; print(sorted(signal.pthread_sigmask(0, [])), signal.getsignal(signal.SIGCHLD).name, "
                "signal.getsignal(signal.SIGUSR2).name)")
        def ignore():
            signal.signal(signal.SIGUSR2, signal.SIG_IGN)
            signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        done = self.gorace("run", sys.executable, "-c", code, preexec_fn=ignore)
        self.assertEqual(done.stdout, "[] SIG_IGN SIG_IGN\n")


class Doctor(LauncherTest):
    def test_this_machine(self):
        said = self.gorace("doctor").stdout
        self.assertIn("ok    the detector:", said)
        self.assertIn("ok    names of functions and lines:", said)
        self.assertNotIn("BAD", said)

    def test_address_space_that_is_too_small(self):
        done = subprocess.run(["sh", "-c", f"ulimit -v 4000000; exec {GORACE} doctor"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("BAD   address space", done.stdout)

    def test_programs(self):
        self.assertIn("compiled with the hooks", self.gorace("doctor", self.compile("racy", racy())).stdout)
        self.assertIn("not compiled with the hooks", self.gorace("doctor", "ls").stdout)
        self.assertIn("no such program", self.gorace("doctor", "no-such-program", status=1).stdout)
        script = self.write("script", "#!/bin/sh\n")
        script.chmod(0o755)
        self.assertIn("a script", self.gorace("doctor", script).stdout)
        self.write("plain.c", "int main(void) { return 0; }\n")
        subprocess.run(["gcc", "-static", "plain.c", "-o", "static"], cwd=self.folder, check=True)
        self.assertIn("statically linked", self.gorace("doctor", "./static", status=1).stdout)
        self.assertIn("statically linked", self.gorace("run", "./static", status=2).stderr)
        subprocess.run(["gcc", "-fsanitize=thread", "-static-libtsan", "plain.c", "-o", "tsan"], cwd=self.folder, check=True)
        self.assertIn("carries its own ThreadSanitizer", self.gorace("doctor", "./tsan", status=1).stdout)


if __name__ == "__main__":
    unittest.main()
