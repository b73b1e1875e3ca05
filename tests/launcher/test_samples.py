#!/usr/bin/env python3
"""Of every sample that finds something, `gorace run --text` says line by line what the detector has printed.    SAMPLES (a
folder of built samples) is in the environment.

Left out: where the finding is (one is chosen that does not depend on the run), the offset of variables, the evidence (it is
the tier), names of files (here they are relative to the sources)."""
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from launcher import GORACE, ROOT  # noqa: E402

LEFT_OUT = re.compile(r"^SUMMARY|^  Evidence:|^gorace: |^=+$|^ +\.\.\.$|^  Location is (data of|0x)")
OFFSET = re.compile(r"(Location is global .*) \(\S+\+0x[0-9a-f]+\)$")


def lines(text):
    text = text.replace(f"{ROOT}/", "").replace("samples/", "")
    return [OFFSET.sub(r"\1", line) for line in text.splitlines() if not LEFT_OUT.match(line)]


def reports(text):
    """The reports in the order of their fingerprints: the launcher sorts."""
    parts = re.split(r"(?m)^(?=WARNING: gorace: )", text)[1:]
    return sorted((lines(part) for part in parts), key=lambda part: part[0][-17:])


def run(program):
    with tempfile.TemporaryDirectory(prefix="samples-") as folder:
        subprocess.run([GORACE, "run", "-q", "-o", "coverage=0", "-o", "log=log", "--text=text", "--json=json", f"--source-root={ROOT}",
                        program], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       timeout=600)
        folder = pathlib.Path(folder)
        log = (folder / "log").read_text() if (folder / "log").exists() else ""
        kinds = {json.loads(line)["kind"] for line in (folder / "json").read_text().splitlines()}
        return reports(log), reports((folder / "text").read_text()), kinds


class Samples(unittest.TestCase):
    maxDiff = None

    def test_text(self):
        programs = sorted(p for p in pathlib.Path(os.environ["SAMPLES"]).iterdir()
                          if p.name.startswith(("race_", "deadlock_", "misuse_", "stuck_")) and p.is_file())
        self.assertGreater(len(programs), 40)
        seen = set()
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            for program, (printed, merged, kinds) in zip(programs, pool.map(run, programs)):
                with self.subTest(program.name):
                    self.assertTrue(printed)
                    self.assertEqual(printed, merged)
                seen |= kinds
        self.assertLessEqual({"data-race", "lock-order-cycle", "deadlock", "misuse"}, seen)


if __name__ == "__main__":
    unittest.main()
