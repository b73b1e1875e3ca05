#!/usr/bin/env python3
"""The manual pages say all options and no others; the completion offers what there is."""
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from launcher import GORACE, ROOT, LauncherTest  # noqa: E402

MANUAL = ROOT / "tools/gorace/man"
COMMON = {"--help", "--usage", "--version"}


class Manual(LauncherTest):
    def commands(self):
        return re.findall(r"^  gorace (\S+)", self.gorace("--help").stdout, re.M)

    def test_commands(self):
        page = (MANUAL / "gorace.1").read_text()
        for command in self.commands():
            self.assertRegex(page, rf"(?m)^(\.It Cm|\.Nm gorace Cm|\.Cm).*{re.escape(command)}")
            if command not in ("options", "c++"):
                self.assertTrue((MANUAL / f"gorace-{command}.1").exists(), command)

    def test_options(self):
        for command in ("run", "report", "baseline", "explain", "trace"):
            text = self.gorace(command, "--help").stdout
            offered = set(re.findall(r"--[a-z][a-z-]+", text)) - COMMON
            page = (MANUAL / f"gorace-{command}.1").read_text()
            written = {"--" + name for name in re.findall(r"\\-([a-z][a-z-]+)", page)}
            if command == "report":
                written.discard("--json")  # of gorace run, in a sentence
                offered.discard("--json")
            self.assertEqual(offered, written, command)

    def test_pages_are_well_formed(self):
        groff = shutil.which("groff")
        if not groff:
            self.skipTest("no groff here")
        for page in MANUAL.glob("*.1"):
            done = subprocess.run([groff, "-mdoc", "-Tascii", "-ww", page], capture_output=True, text=True, check=True)
            self.assertEqual(done.stderr, "", page)

    def complete(self, *words):
        script = f'. "{ROOT}/tools/gorace/gorace.bash"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); compopt() {{ :; }}; _gorace; ' \
                 'printf "%s\\n" "${COMPREPLY[@]}"'
        done = subprocess.run(["bash", "-c", script, "bash", *words], capture_output=True, text=True, check=True,
                              env={"PATH": f"{pathlib.Path(GORACE).parent}:/usr/bin:/bin"})
        self.assertEqual(done.stderr, "")
        return set(done.stdout.split())

    def test_completion(self):
        self.assertEqual(self.complete("gorace", "re"), {"report"})
        self.assertEqual(self.complete("gorace", ""), set(self.commands()) | {"--help", "--version"})
        self.assertEqual(self.complete("gorace", "run", "--s"), {"--sarif", "--source-root", "--suppressions"})
        self.assertEqual(self.complete("gorace", "run", "-o", "exit"), {"exitcode="})
        self.assertEqual(self.complete("gorace", "explain", "dea"), {"deadlock"})
        self.assertEqual(self.complete("gorace", "cc", "-"), set())


if __name__ == "__main__":
    unittest.main()
