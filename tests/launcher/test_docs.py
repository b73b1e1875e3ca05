#!/usr/bin/env python3
"""The pages of docs/findings: their examples are found, as what the page says. And the commands in the documentation exist.
LIBGORO (libgoro.a) is in the environment."""
import json
import os
import pathlib
import re
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from launcher import GORACE, INCLUDES, ROOT, LauncherTest  # noqa: E402

PAGES = ROOT / "docs/findings"
# By timing, an order that could deadlock may.
ALSO = {"lock-order-cycle": {"deadlock"}}
# By timing, the goroutine may not wait yet when the program ends; the example must be called nothing else then.
BY_TIMING = {"stuck"}


class Examples(LauncherTest):
    def test_findings(self):
        for page in sorted(PAGES.glob("*.md")):
            with self.subTest(page.name):
                code, = re.findall(r"^```c\n(.*?)^```$", page.read_text(), re.M | re.S)
                goro = ["-w", os.environ["LIBGORO"]] if "goro.h" in code else []
                (self.folder / "example.c").write_text(code)
                self.gorace("cc", "-O1", "-std=gnu11", "-D_GNU_SOURCE", *INCLUDES, "example.c", "-o", "example", *goro, "-pthread")
                subprocess.run([GORACE, "run", "-q", "-o", "log=/dev/null", "--json=found.json", "./example"], cwd=self.folder,
                               timeout=600)
                found = {f["kind"] for f in self.findings("found.json")}
                self.assertTrue(found or page.stem in BY_TIMING)
                self.assertLessEqual(found, {page.stem} | ALSO.get(page.stem, set()))


class Commands(LauncherTest):
    def test_options_exist(self):
        offered, seen = {}, 0
        names = set(re.findall(r"^  ([a-z_]+)=", self.gorace("options").stdout, re.M))
        for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
            text = page.read_text().replace("\\\n", " ")
            for command, rest in re.findall(r"\bgorace (run|report|baseline|explain|doctor)\b([^`\n]*)", text):
                if command not in offered:
                    offered[command] = set(re.findall(r"--[a-z][a-z-]+", self.gorace(command, "--help").stdout))
                rest = re.split(r" -- |[&|#()]", rest)[0]
                for option in re.findall(r"(?<!\S)--[a-z][a-z-]+", rest):
                    self.assertIn(option, offered[command], f"{page.name}: gorace {command}{rest}")
                    seen += 1
                for name in re.findall(r"-o ([a-z_]+)=", rest) if command == "run" else ():
                    self.assertIn(name, names | {"name"}, f"{page.name}: gorace {command}{rest}")
        self.assertGreater(seen, 5)

    def test_links(self):
        for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
            for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
                self.assertTrue((page.parent / target).exists(), f"{page.name}: {target}")


if __name__ == "__main__":
    unittest.main()
