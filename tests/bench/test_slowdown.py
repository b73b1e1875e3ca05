#!/usr/bin/env python3
"""bench/slowdown: its arithmetic on results that are known, and one small measurement from end to end.

    test_slowdown.py LIBGORACE

Seen to fail with the mean of all rounds instead of the median of the ratios, with an older set kept beside the newest
one, and with a run whose result was not compared.
"""
import os
import subprocess
import sys
import tempfile
import unittest
import xml.dom.minidom
from pathlib import Path
from types import SimpleNamespace

ROOT = Path(__file__).resolve().parents[2]
SLOWDOWN = ROOT / "bench" / "slowdown"
sys.path.insert(0, str(SLOWDOWN.parent))

from report import page, plot  # noqa: E402
from report.results import Results, geometric_mean, newest  # noqa: E402

LIBRARY = Path(sys.argv.pop(1)).resolve()


def run(tool, number, cpu, a_set="2026-01-02", program="a", size=10, wall=None):
    return {"set": a_set, "program": program, "tool": tool, "round": number, "size": size, "wall": wall or cpu, "cpu": cpu,
            "kb": 1024, "findings": 0, "load": 0.0}


def program(name, scales=""):
    return SimpleNamespace(name=name, title=f"program <{name}>", scales=scales)


class Arithmetic(unittest.TestCase):
    def test_ratio_is_the_median_inside_of_rounds(self):
        # A slow second round hits both tools: the ratio of the medians would be 3, that of the means 2.2.
        found = Results([run("native", 1, 1.0), run("native", 2, 9.0), run("native", 3, 1.0),
                         run("gorace-gcc", 1, 2.0), run("gorace-gcc", 2, 18.0), run("gorace-gcc", 3, 3.0)])
        self.assertEqual(found.over_native("a", "gorace-gcc", "cpu"), 2.0)
        self.assertEqual(found.middle("a", "native", "cpu"), 1.0)

    def test_a_round_without_its_partner_does_not_count(self):
        found = Results([run("native", 1, 1.0), run("gorace-gcc", 1, 4.0), run("gorace-gcc", 2, 100.0)])
        self.assertEqual(found.over_native("a", "gorace-gcc", "cpu"), 4.0)
        self.assertIsNone(found.ratio("a", "gorace-gcc", "clang-tsan", "cpu"))

    def test_the_newest_set_of_each_input_counts(self):
        old = [run("native", 1, 1.0, "2026-01-01"), run("helgrind", 1, 5.0, "2026-01-01", size=1)]
        new = [run("native", 1, 2.0)]
        self.assertEqual(newest(old + new), [old[1], new[0]])

    def test_geometric_mean(self):
        self.assertAlmostEqual(geometric_mean([0.5, 2.0, None]), 1.0)
        self.assertIsNone(geometric_mean([None]))


class Pages(unittest.TestCase):
    def setUp(self):
        self.programs = {p.name: p for p in (program("a"), program("one"), program("two", scales="one"))}
        self.found = Results([run(tool, 1, cpu, program=name, wall=wall)
                              for name, wall in (("a", 1.0), ("one", 1.0), ("two", 1.25))
                              for tool, cpu in (("native", 1.0), ("gorace-clang", 3.0), ("clang-tsan", 4.0))])

    def test_table(self):
        text = page.render(self.found, self.programs)
        row = next(line for line in text.splitlines() if line.startswith("| program <a>"))
        self.assertIn("| 0.75 |", row)
        # What two threads do is no program of its own.
        self.assertNotIn("| program <one>", text)
        self.assertIn("| program <two> | 1.60 | 1.60 | 1.60 |", text)

    def test_plots_are_xml_with_a_bar_for_each_tool(self):
        drawn = dict(plot.plots(self.found, self.programs))
        self.assertEqual(sorted(drawn), ["slowdown-cpu.svg", "slowdown-memory.svg"])
        document = xml.dom.minidom.parseString(drawn["slowdown-cpu.svg"])
        bars = [r for r in document.getElementsByTagName("rect") if r.getAttribute("x") == f"{plot.LEFT:.1f}"]
        self.assertEqual(len(bars), 3)  # one of the legend, two of the program
        self.assertLess(*(float(r.getAttribute("width")) for r in bars[1:]))


class Measurement(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.out = Path(self.folder.name, "out")
        self.environment = dict(os.environ, GORACE_LIB=str(LIBRARY), REAL_DIR=self.folder.name)

    def slowdown(self, *words):
        return subprocess.run([SLOWDOWN, "--out", self.out, "--rounds", "1", "--scale", "0.001", *words], env=self.environment,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def test_parts_and_rounds_come_together(self):
        tools = "--tools", "native,floor-gcc,gorace-gcc"
        first = self.slowdown("atomics", *tools)
        self.assertEqual(first.returncode, 0, first.stderr)
        second = self.slowdown("locks", *tools)
        self.assertEqual(second.returncode, 0, second.stderr)
        more = self.slowdown("atomics", "--add", *tools)
        self.assertEqual(more.returncode, 0, more.stderr)
        text = Path(self.out, "results.md").read_text()
        self.assertIn("- atomics (micro): 2 rounds of 10000", text)
        self.assertIn("- locks (micro): 1 rounds of 4000", text)
        xml.dom.minidom.parse(str(self.out / "slowdown-cpu.svg"))
        other = self.slowdown("locks", "--add", "--scale", "0.002", *tools)
        self.assertNotEqual(other.returncode, 0)
        self.assertIn("another size", other.stderr)

    def test_another_result_than_natively_fails(self):
        self.assertEqual(self.slowdown("locks", "--tools", "native").returncode, 0)
        natively = next(Path(self.folder.name, "bench", "locks").glob("out-native-*")) / "counts"
        natively.write_text("something else\n")
        done = self.slowdown("locks", "--tools", "floor-gcc")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("another result than natively", done.stderr)

    def test_unknown_names_are_refused(self):
        done = self.slowdown("nothing")
        self.assertEqual(done.returncode, 2)
        self.assertIn("no part nothing", done.stderr)


if __name__ == "__main__":
    unittest.main()
