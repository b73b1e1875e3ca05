#!/usr/bin/env python3
"""gorace report, baseline and explain: many files, broken files, what is new."""
import json
import pathlib
import re
import resource
import signal
import sys
import unittest
import xml.etree.ElementTree

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from launcher import LauncherTest, frame, one_of_each, race, racy  # noqa: E402

KINDS = ["data-race", "lock-order-cycle", "deadlock", "stuck", "misuse"]


class Merge(LauncherTest):
    def test_duplicates_are_dropped(self):
        self.write_findings("a.json", race("00000000000000aa"), race("00000000000000bb", lines=(30, 40)))
        self.write_findings("b.json", race("00000000000000bb", lines=(30, 40)), race("00000000000000cc", lines=(50, 60)))
        self.gorace("report", "--json=all.json", "a.json", "b.json")
        self.assertEqual([f["fingerprint"][-2:] for f in self.findings("all.json")], ["aa", "bb", "cc"])

    def test_order_of_files_does_not_matter(self):
        self.write_findings("a.json", race("00000000000000aa"), race("00000000000000bb", lines=(30, 40)))
        self.write_findings("b.json", race("00000000000000cc", lines=(2, 3)))
        one = self.gorace("report", "--json", "--text", "--github", "a.json", "b.json").stdout
        self.assertEqual(one, self.gorace("report", "--json", "--text", "--github", "b.json", "a.json").stdout)

    def test_200_files_in_two_seconds(self):
        for shard in range(200):
            rows = [race(f"{(shard * 7 + i) % 500:016x}", lines=(i + 1, i + 2)) for i in range(40)]
            for row in rows:
                row["accesses"][0]["stack"] *= 20
            self.write_findings(f"shard-{shard}.json", *rows)
        files = sorted(self.folder.glob("shard-*.json"))
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.gorace("report", "--sarif=all.sarif", "--json=all.json", *files)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        took = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        found = [f["fingerprint"] for f in self.findings("all.json")]
        self.assertEqual(len(found), len(set(found)))
        self.assertEqual(len(found), 500)
        print(f"200 files, {sum(p.stat().st_size for p in files) >> 20} MB: {took:.2f} s of CPU time")
        self.assertLess(took, 2)  # CPU time, so that other work on the machine does not fail the test

    def test_broken_files_are_named_and_the_rest_is_kept(self):
        whole = json.dumps(race("00000000000000aa"))
        self.write("good.json", whole + "\n")
        self.write("cut.json", json.dumps(race("00000000000000bb")) + "\n" + whole[: len(whole) // 2])
        self.write("torn.json", whole[:100] + "\n" + json.dumps(race("00000000000000cc")) + "\n")
        self.write("foreign.json", json.dumps({"runs": []}) + "\n")
        (self.folder / "binary.json").write_bytes(bytes(range(256)) * 40)
        self.write("empty.json", "")
        (self.folder / "folder.json").mkdir()
        names = ["cut", "torn", "foreign", "binary", "empty", "folder", "missing", "good"]
        done = self.gorace("report", "--json=all.json", "--sarif=all.sarif", "--junit=all.xml", *[n + ".json" for n in names],
                           status=2)  # two are not there to be read
        self.assertEqual({f["fingerprint"][-2:] for f in self.findings("all.json")}, {"aa", "bb", "cc"})
        for name, word in {"cut": "cut off", "torn": "1 of 2 lines", "foreign": "not a file of findings",
                           "binary": "not a file of findings", "folder": "directory", "missing": "No such file"}.items():
            self.assertRegex(done.stderr, rf"gorace: {name}\.json.*{word}")
        self.assertNotIn("good.json", done.stderr)
        self.assertNotIn("empty.json", done.stderr)
        notes = json.loads((self.folder / "all.sarif").read_text())["runs"][0]["invocations"][0]["toolExecutionNotifications"]
        self.assertEqual(len(notes), 6)
        self.assertIn("foreign.json", (self.folder / "all.xml").read_text())

    def test_standard_input(self):
        done = self.gorace("report", "--json", "-", input=json.dumps(race()) + "\n")
        self.assertEqual(json.loads(done.stdout)["fingerprint"], "00000000000000aa")

    def test_status(self):
        self.write_findings("a.json", race())
        self.gorace("report", "a.json")
        self.gorace("report", "-e", "66", "a.json", status=66)
        self.write("base", "00000000000000aa  known\n")
        self.gorace("report", "-e", "66", "-b", "base", "a.json")
        self.write_findings("a.json", race(baseline=True))
        self.gorace("report", "-e", "66", "a.json")

    def test_a_file_of_something_else_is_no_success(self):
        self.write("notes.json", "no findings here\n")
        self.write("killed.json", json.dumps(race())[:100])
        self.gorace("report", "notes.json", status=2)
        self.gorace("report", "killed.json")

    def test_unknown_members_and_kinds(self):
        """What a newer detector may write is shown, and stops nothing."""
        new = race(kind="livelock", whirls=[{"actor": 1, "state": "spinning", "spin_stack": [frame("spin")],
                                             "loops": [{"address": "0x77", "stack": [frame("loop")]}]}])
        del new["accesses"], new["objects"]
        self.write_findings("a.json", new, {"kind": "x", "fingerprint": "0" * 16, "message": "m", "actors": 3, "accesses": {}})
        done = self.gorace("report", "--text", "--sarif=a.sarif", "--html=a.html", "--junit=a.xml", "--github", "a.json")
        for word in ("livelock", "thread T1 'worker'", "spinning", "#0 spin ", "0x77", "#0 loop "):
            self.assertIn(word, done.stdout)

    def test_findings_made_of_steps(self):
        self.write_findings("a.json", *one_of_each())
        text = self.gorace("report", "a.json").stdout
        for line in ("  thread T1 (tid 8, running) waits for mutex left 0x1ab00, held by thread T2, at:\n    #0 work",
                     "    Holds mutex right 0x21e00, taken at:\n      #0 work",
                     "  thread T1 (tid 8, running) takes mutex left 0x1ab00, at:\n    #0 work",
                     "  By main thread (tid 7, running) on mutex lock 0x1a900, at:\n    #0 work",
                     "  mutex lock 0x1a900 was taken by thread T1 (tid 8, running) at:\n    #0 work",
                     "SUMMARY: gorace: misuse a.c:15 in work", "gorace: 5 findings"):
            self.assertIn(line, text)

    def test_goroutines(self):
        actor = {"number": 5, "main": False, "goroutine": 3, "name": "sender", "tid": None, "state": "running", "creator": 4,
                 "stack": [frame("go")]}
        one = race()
        one["actors"][1] = actor
        one["accesses"][1]["actor"] = 5
        self.write_findings("a.json", one)
        text = self.gorace("report", "a.json").stdout
        self.assertIn("Earlier write of size 4 at 0x1000 by goroutine 3 (sender, running), 1 lock held:", text)
        self.assertIn("Goroutine 3 (sender, running) created at:", text)

    def test_kinds(self):
        for kind in KINDS:
            page = self.gorace("explain", kind).stdout
            for heading in ("## What it means", "## An example", "## How to fix it", "## How to tell that it is fixed"):
                self.assertIn(heading, page, kind)


class Text(LauncherTest):
    def test_is_what_the_detector_prints(self):
        """Line by line; the file has no folder that the compiler ran in, and neither has the report."""
        program = self.compile("racy", racy())
        done = self.gorace("run", "-o", "coverage=0", "-q", "--text", program, status=66)
        own, merged = done.stderr.splitlines(), done.stdout.splitlines()
        lines = [re.sub(r" \(racy\+0x[0-9a-f]+\)$", "", line) for line in own if "Location" in line]
        self.assertEqual([line for line in own if "Location" not in line and "SUMMARY" not in line],
                         [line for line in merged[:-1] if "Location" not in line and "SUMMARY" not in line])
        self.assertEqual([line.replace(f"{self.folder}/", "") for line in lines],
                         [line.replace(f"{self.folder}/", "") for line in merged if "Location" in line])

    def test_names_cannot_forge_lines(self):
        self.write_findings("a.json", race(message="x\nWARNING: gorace: \x1b[31mforged"))
        for form in ("--text", "--github", "--junit"):
            text = self.gorace("report", form, "a.json").stdout
            self.assertNotIn("\x1b", text.replace("%1B", "")) if form != "--github" else None
            self.assertNotIn("\nWARNING: gorace: \x1b", text)


class GitHub(LauncherTest):
    def test_annotations(self):
        self.write_findings("a.json", race(file="/src/app/o,dd:100%.c", message="50% of\nit"))
        self.assertEqual(self.gorace("report", "--github", "--source-root=/", "a.json").stdout,
                         "::error file=src/app/o%2Cdd%3A100%25.c,line=10,title=gorace%3A data-race::50%25 of%0Ait "
                         "[00000000000000aa]\n")

    def test_place_does_not_depend_on_which_side_came_first(self):
        self.write_findings("a.json", race(lines=(10, 20)))
        self.write_findings("b.json", race(lines=(20, 10)))
        self.assertEqual(self.gorace("report", "--github", "a.json").stdout, self.gorace("report", "--github", "b.json").stdout)

    def test_innermost_frame_of_the_sources(self):
        one = race()
        for access in one["accesses"]:
            access["stack"].insert(0, frame("memcpy", "/build/glibc/memcpy.c", 300))
        self.write_findings("a.json", one)
        (self.folder / "src").mkdir()
        root = str(self.folder / "src")
        for access in one["accesses"]:
            access["stack"][1]["file"] = root + "/deep/a.c"
        self.write_findings("a.json", one)
        self.assertIn("file=deep/a.c,line=10", self.gorace("report", "--github", f"--source-root={root}", "a.json").stdout)


class JUnit(LauncherTest):
    def parse(self, *arguments):
        return xml.etree.ElementTree.fromstring(self.gorace("report", "--junit", *arguments).stdout)

    def test_cases(self):
        self.write_findings("a.json", race(), race("00000000000000bb", lines=(30, 40), message="<&>\"\x01"))
        self.write("base", "00000000000000aa\n")
        suites = self.parse("-b", "base", "a.json")
        self.assertEqual((suites.get("tests"), suites.get("failures")), ("2", "1"))
        failure, = suites.iter("failure")
        self.assertEqual(failure.get("message"), "<&>\"?")
        self.assertIn("WARNING: gorace: data-race", failure.text)
        self.assertEqual(len(list(suites.iter("skipped"))), 1)

    def test_no_findings(self):
        self.write("a.json", "")
        self.assertEqual(self.parse("a.json").get("tests"), "1")


class Baseline(LauncherTest):
    def test_only_new_findings_count(self):
        one, two = self.compile("one", racy(("a",))), self.compile("two", racy(("a", "b")))
        self.gorace("run", "--json=one.json", one, status=66)
        # The same race in another program: file and function are the same, only the name of the file differs.
        self.write("one.c", (self.folder / "two.c").read_text())
        self.gorace("cc", "-O1", "-I" + str(pathlib.Path(__file__).parents[1] / "support"), "one.c", "-o", "one")
        self.gorace("baseline", "-o", "base", "one.json")
        base = (self.folder / "base").read_text()
        self.assertRegex(base, r"(?m)^[0-9a-f]{16}  data-race one\.c:\d+ in (main|other)$")
        done = self.gorace("run", "--baseline=base", "--json=new.json", "./one", status=66)
        self.assertEqual(done.stderr.count("WARNING: gorace"), 1)
        self.assertIn("at b (global", done.stderr)
        self.assertIn("1 race (0 suppressed, 0 duplicates, 1 in the baseline)", done.stderr)
        self.assertIn("gorace: run: 1 finding in all processes; what the baseline has was met again", done.stderr)
        self.assertEqual([f.get("baseline") for f in self.findings("new.json")], [None, True])
        self.gorace("baseline", "-o", "base", "new.json")
        done = self.gorace("run", "-q", "--baseline=base", "./one")
        self.assertEqual(done.stderr, "")
        self.assertTrue(two.exists())

    def test_notes_are_kept(self):
        self.write_findings("a.json", race(), race("00000000000000bb", lines=(30, 40)))
        self.write("base", "# mine\n00000000000000aa  old words # Ada looks at it\n00000000000000cc  gone # x\n")
        done = self.gorace("baseline", "-o", "base", "a.json")
        self.assertIn("3 findings, 1 of them new; 1 not seen any more", done.stderr)
        rows = (self.folder / "base").read_text().splitlines()[1:]
        self.assertEqual(rows, ["00000000000000aa  data-race a.c:10 in main  # Ada looks at it",
                                "00000000000000bb  data-race a.c:30 in main", "00000000000000cc  gone # x"])
        self.gorace("baseline", "--prune", "-o", "base", "a.json")
        self.assertNotIn("cc", (self.folder / "base").read_text())

    def test_broken_baseline(self):
        self.write_findings("a.json", race())
        self.write("base", "rubbish\n")
        self.assertIn("base:1: ", self.gorace("report", "-b", "base", "a.json", status=2).stderr)
        self.assertIn("no file none", self.gorace("report", "-b", "none", "a.json", status=2).stderr)

    def test_full_disk_leaves_the_old_one(self):
        self.write_findings("a.json", *[race(f"{i:016x}") for i in range(2000)])
        self.write("base", "00000000000000aa  mine\n")

        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

        done = self.gorace("baseline", "-o", "base", "a.json", status=2, preexec_fn=limit)
        self.assertIn("cannot write base", done.stderr)
        self.assertEqual((self.folder / "base").read_text(), "00000000000000aa  mine\n")
        self.assertEqual([p.name for p in self.folder.glob("*.part")], [])


class Explain(LauncherTest):
    def test_finding(self):
        program = self.compile("racy", racy())
        self.gorace("run", "--json=a.json", program, status=66)
        fingerprint = self.findings("a.json")[0]["fingerprint"]
        said = self.gorace("explain", fingerprint[:6], "a.json").stdout
        self.assertIn("WARNING: gorace: data-race", said)
        self.assertRegex(said, r"> +\d+ \|.*counter = 1;")
        self.assertRegex(said, r"> +\d+ \|.*counter = 2;")
        self.assertIn("## How to fix it", said)
        self.assertIn("no finding", self.gorace("explain", "f" * 16, "a.json", status=2).stderr)


if __name__ == "__main__":
    unittest.main()
