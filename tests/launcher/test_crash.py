#!/usr/bin/env python3
"""However a program ends, what was printed before is in all files and in the reports of `gorace run`."""
import pathlib
import resource
import signal
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from launcher import GORACE, LauncherTest, racy  # noqa: E402

HEAD = "#include <signal.h>\n#include <stdlib.h>\n#include <unistd.h>\n"


class Crash(LauncherTest):
    def crash(self, end, status):
        program = self.compile("racy", HEAD + racy(end=end))
        done = self.gorace("run", "-o", "log=log", "-o", "json=own.json", "--json=all.json", "--sarif=all.sarif", program,
                           status=status)
        self.assertEqual((self.folder / "log").read_text().count("SUMMARY: gorace: data-race"), 1)
        self.assertEqual(len(self.findings("own.json")), 1)
        self.assertEqual(self.findings("own.json"), self.findings("all.json"))
        self.assertIn('"ruleId": "data-race"', (self.folder / "all.sarif").read_text())
        return done

    def test_segmentation_fault(self):
        self.crash("*(volatile int *)8 = 1;", -signal.SIGSEGV)

    def test_abort(self):
        self.crash("abort();", -signal.SIGABRT)

    def test_kill(self):
        self.crash("kill(getpid(), SIGKILL);", -signal.SIGKILL)

    def test_quick_exit(self):
        self.crash("quick_exit(3);", 66)

    def test_child_that_is_killed(self):
        """The parent ends well, and tells of nothing by itself."""
        program = self.compile("racy", HEAD + racy(end="kill(getpid(), SIGKILL);"))
        self.gorace("run", "--json=all.json", "--", "sh", "-c", f"{program}; exit 0", status=66)
        self.assertEqual(len(self.findings("all.json")), 1)


class FullDisk(LauncherTest):
    def test_that_fills_up(self):
        names = tuple(f"variable{i}" for i in range(20))
        program = self.compile("racy", racy(names))
        (self.folder / "disk").mkdir()
        mount = "mount -t tmpfs -o size=8k tmpfs disk && "
        probe = subprocess.run(["unshare", "-m", "sh", "-c", mount + "true"], cwd=self.folder, capture_output=True, text=True)
        if probe.returncode:
            self.skipTest(f"SKIPPED: no mount namespace here: {probe.stderr.strip()}")
        script = mount + '{ "$@"; code=$?; cp disk/* .; exit $code; }'
        command = ["unshare", "-m", "sh", "-c", script, "sh"]
        done = subprocess.run([*command, GORACE, "run", "-o", "log=disk/log", "-o", "json=disk/own.json", "--json=all.json",
                               program], cwd=self.folder, capture_output=True, text=True, timeout=600)
        self.assertEqual(done.returncode, 66, done.stderr)
        self.assertIn("gorace: cannot write", done.stderr)
        on_disk, on_stderr = (self.folder / "log").read_text(), done.stderr
        for name in names:
            self.assertIn(f"at {name} (global", on_disk + on_stderr)
        self.assertGreater(on_disk.count("SUMMARY"), 0)
        self.assertGreater(on_stderr.count("SUMMARY"), 0)
        self.assertEqual(len(self.findings("all.json")), len(names))
        # What the disk took of the findings can still be merged.
        kept = self.gorace("report", "--json", "own.json").stdout.splitlines()
        self.assertGreater(len(kept), 0)

    def test_report_on_a_full_disk(self):
        """The old report stays, the status says it, and the findings were printed."""
        program = self.compile("racy", racy())
        self.write("all.sarif", "old")

        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

        done = self.gorace("run", "--sarif=all.sarif", program, status=66, preexec_fn=limit)
        self.assertIn("cannot write all.sarif", done.stderr)
        self.assertEqual((self.folder / "all.sarif").read_text(), "old")
        self.assertIn("SUMMARY: gorace: data-race", done.stderr)


if __name__ == "__main__":
    unittest.main()
