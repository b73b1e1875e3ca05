#!/usr/bin/env python3
"""Input that nobody means to give: names that are no UTF-8, stacks without an end, files that are damaged. GORACE_SANITIZED is the
launcher under AddressSanitizer and UndefinedBehaviorSanitizer, which reads what is damaged at random, from fixed seeds."""
import copy
import json
import os
import pathlib
import random
import re
import subprocess
import sys
import unittest
import xml.etree.ElementTree

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from launcher import GORACE, LauncherTest, frame, one_of_each, race  # noqa: E402

FORMATS = ("--html=o.html", "--sarif=o.sarif", "--junit=o.xml", "--json=o.jsonl", "--github=o.github", "--text=o.text")


class OddTest(LauncherTest):
    def reports(self, folder):
        """(what the page shows, the SARIF log, the JUnit suites), each read by a parser."""
        page = (folder / "o.html").read_text(encoding="utf-8")
        data, = re.findall(r'<script[^>]*type="application/json"[^>]*>\n(.*?)</script>', page, re.S)
        return (json.loads(data), json.loads((folder / "o.sarif").read_text(encoding="utf-8")),
                xml.etree.ElementTree.parse(folder / "o.xml").getroot())


class Names(OddTest):
    def test_that_are_no_utf8(self):
        folder = self.folder / os.fsdecode(b"f\xe9")
        folder.mkdir()
        (folder / "a.jsonl").write_text(json.dumps(race(file=f"{self.folder}/f\ufffd/a.c")) + "\n")
        (folder / os.fsdecode(b"b\xff.jsonl")).write_text("torn\n")
        done = subprocess.run([GORACE, "report", *FORMATS, "a.jsonl", b"b\xff.jsonl"], cwd=folder, capture_output=True)
        self.assertEqual(done.returncode, 2, done.stderr)
        page, sarif, junit = self.reports(folder)
        run, = sarif["runs"]
        notice = "b\ufffd.jsonl: skipped"
        self.assertIn(notice, page["notices"][0])
        self.assertIn(notice, run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"])
        self.assertIn(notice, junit.find(".//system-err").text)
        self.assertEqual(len(page["findings"]), 1)
        self.assertEqual(run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "a.c")
        self.assertEqual(junit.find(".//testcase").get("file"), "a.c")

    def test_that_xml_does_not_know(self):
        self.write_findings("a.jsonl", race(file="/src/\ufffe\uffff\u0001<&\">.c"))
        self.gorace("report", *FORMATS, "a.jsonl")
        _, sarif, junit = self.reports(self.folder)
        self.assertEqual(junit.find(".//testcase").get("file"), "/src/???<&\">.c")
        self.assertEqual(sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"],
                         "file:///src/%EF%BF%BE%EF%BF%BF%01%3C&%22%3E.c")

    def test_with_spaces_and_quotes(self):
        self.compile("racy", """
            #include "barrier.h"
            #include <pthread.h>
            int shared;
            static struct schedule s;
            static void *other(void *arg) { shared = 1; step(&s, 1); return arg; }
            int main(void)
            {
                pthread_t t;
                if (pthread_create(&t, 0, other, 0))
                    return 1;
                await(&s, 1);
                shared = 2;
                return pthread_join(t, 0);
            }
            """)
        for name in ("a b:c", "it's", 'say "a b"'):
            folder = self.folder / name
            folder.mkdir()
            self.gorace("run", "-q", f"--json={name}/all.jsonl", f"--sarif={name}/o.sarif", "./racy", status=66)
            found, = self.findings(f"{name}/all.jsonl")
            self.gorace("baseline", "-o", f"{name}/base", f"{name}/all.jsonl")
            self.assertIn(found["fingerprint"], (folder / "base").read_text())
            self.gorace("run", f"--baseline={name}/base", "./racy")
            self.write(f"{name}/known", "race:other\n")
            self.gorace("run", f"--suppressions={name}/known", "./racy")
        (self.folder / "'\" ").write_text("")
        done = self.gorace("run", "--baseline='\" ", "./racy", status=2)
        self.assertIn("both kinds of quotes", done.stderr)

    def test_of_files_that_are_not_there(self):
        self.write_findings("a.jsonl", race())
        self.gorace("report", "nowhere.jsonl", status=2)
        self.gorace("report", "-e", "66", "nowhere.jsonl", "a.jsonl", status=66)
        self.write("base", "00000000000000cc  known\n")
        self.gorace("baseline", "--prune", "-o", "base", "nowhere.jsonl", "a.jsonl", status=2)
        self.assertIn("00000000000000cc", (self.folder / "base").read_text())
        for command in (("run", "--baseline=nowhere", "true"), ("report", "--baseline=nowhere", "a.jsonl")):
            self.assertIn("gorace baseline -o", self.gorace(*command, status=2).stderr)
        self.assertIn("cannot read", self.gorace("report", "--baseline=.", "a.jsonl", status=2).stderr)

    def test_of_who_wrote_a_note_in_latin_1(self):
        self.write_findings("a.jsonl", race())
        (self.folder / "base").write_bytes(b"00000000000000aa  known # J\xfcrgen\n")
        self.gorace("report", "-e", "66", "-b", "base", "a.jsonl")
        self.gorace("baseline", "-o", "base", "a.jsonl")
        self.assertIn(b"# J\xfcrgen\n", (self.folder / "base").read_bytes())


class Size(OddTest):
    def test_deep_stacks(self):
        deep = race()
        for access in deep["accesses"]:
            access["stack"] = [frame(f"f{i}", "/src/a.c", i + 1) for i in range(16384)]
        self.write_findings("a.jsonl", deep)
        self.gorace("report", *FORMATS, "a.jsonl")
        page, sarif, junit = self.reports(self.folder)
        flow = sarif["runs"][0]["results"][0]["codeFlows"][0]["threadFlows"][0]["locations"]
        self.assertEqual(len(flow), 16384)
        self.assertIn("#16383 f16383", junit.find(".//failure").text)
        self.assertEqual(len(page["findings"][0]["parts"][0]["stack"]), 16384)


ODD = [None, True, 0, -1, 1 << 63, 1.5e308, "", "\ud7ff", "<script>&\"'</script>", "a" * 70000, "%s%n", "::error::\n", [], {}, [[]],
       [None], {"a": {}}, "/\\ \t\r\x1b[31m"]


class Damage:
    """What a seed makes of a file."""

    def __init__(self, seed):
        self.rng = random.Random(seed)

    def member(self, value, depth=0):
        if not isinstance(value, (dict, list)) or not value:
            return copy.deepcopy(self.rng.choice(ODD)) if depth else value
        key = self.rng.choice(list(value) if isinstance(value, dict) else range(len(value)))
        what = self.rng.random()
        if what < .15:
            del value[key]
        elif what < .3:
            value[key] = copy.deepcopy(self.rng.choice(ODD))
        elif what < .35 and isinstance(value, list):
            value.extend([copy.deepcopy(value[key]) for _ in range(self.rng.choice([1, 20, 500]))])
        else:
            value[key] = self.member(value[key], depth + 1)
        return value

    def bytes(self, data):
        data = bytearray(data)
        for _ in range(self.rng.choice([1, 2, 8, 40])):
            at, what = self.rng.randrange(len(data) + 1), self.rng.random()
            if what < .5:
                data[at:at + 1] = bytes([self.rng.randrange(256)])
            elif what < .7:
                del data[at:at + self.rng.randrange(1, 20)]
            elif what < .85:
                data[at:at] = bytes([self.rng.choice([0, 0xff, 0xc3, 0x80, 34, 92, 123, 91])]) * self.rng.choice([1, 3, 100])
            else:
                del data[at:]
        return bytes(data)

    def line(self, finding):
        finding = json.loads(json.dumps(finding))
        for _ in range(self.rng.choice([0, 1, 3, 8])):
            finding = self.member(finding)
        text = json.dumps(finding).encode()
        return self.bytes(text) if self.rng.random() < .3 else b"[" * 100000 if self.rng.random() < .02 else text


class Damaged(OddTest):
    RUNS = 12  # of each: a few seconds

    def survives(self, seed, *arguments):
        environment = dict(os.environ, ASAN_OPTIONS="detect_leaks=0:exitcode=99", UBSAN_OPTIONS="halt_on_error=1:exitcode=98")
        done = subprocess.run([os.environ["GORACE_SANITIZED"], *arguments], cwd=self.folder, capture_output=True, text=True,
                              errors="replace", env=environment)
        self.assertIn(done.returncode, (0, 2), f"seed {seed}: gorace {arguments}: {done.stderr[-2000:]}")
        self.assertTrue(done.returncode == 0 or done.stderr, f"seed {seed}: gorace {arguments} says nothing")

    def test_findings(self):
        for seed in range(self.RUNS):
            damage = Damage(seed)
            lines = [damage.line(finding) for finding in one_of_each()]
            (self.folder / "a.jsonl").write_bytes(b"\n".join(lines))
            self.survives(seed, "report", *FORMATS, "a.jsonl")
            self.reports(self.folder)
            self.survives(seed, "explain", "0", "a.jsonl")
            self.survives(seed, "baseline", "-o", "base", "a.jsonl")
            (self.folder / "base").write_bytes(damage.bytes((self.folder / "base").read_bytes()))
            self.survives(seed, "report", "-b", "base", "a.jsonl")

    def test_traces(self):
        self.compile("two", """
            #include <pthread.h>
            static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
            static void *work(void *arg)
            {
                for (int i = 0; i < 20; i++) {
                    pthread_mutex_lock(&lock);
                    pthread_mutex_unlock(&lock);
                }
                return arg;
            }
            int main(void)
            {
                pthread_t t;
                if (pthread_create(&t, 0, work, 0))
                    return 1;
                work(0);
                return pthread_join(t, 0);
            }
            """)
        self.gorace("run", "-o", "record=packed", "./two")
        # What a process writes by itself: 100 kB, nearly all of it zeros.
        self.gorace("run", "-o", "record=plain%p", "./two")
        plain, = self.folder.glob("plain*")
        head = plain.read_bytes().rstrip(b"\0")
        traces = [(self.folder / "packed").read_bytes(), head, head[:4096] + bytes(65536)]
        for seed in range(self.RUNS):
            damage = Damage(seed)
            (self.folder / "t").write_bytes(damage.bytes(traces[seed % 3]) if seed > 2 else traces[seed])
            for format in ("--timeline", "--perfetto=o.json", "--std=o.std"):
                self.survives(seed, "trace", format, "t")


if __name__ == "__main__":
    unittest.main(verbosity=2)
