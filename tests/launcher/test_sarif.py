#!/usr/bin/env python3
"""SARIF reports against the official schema of 2.1.0, and against what GitHub code scanning asks for.

The schema is the one of OASIS, as the npm package SCHEMA_PACKAGE ships it; it is fetched by npm once, into the build folder
(SARIF_CACHE). Without npm or its registry everything is skipped, with status 77 and a line that says so."""
import copy
import json
import os
import pathlib
import random
import subprocess
import sys
import tarfile
import unittest
import xml.etree.ElementTree

import jsonschema

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from launcher import LauncherTest, frame, one_of_each, race, racy  # noqa: E402

SCHEMA_PACKAGE = "@microsoft/jest-sarif@1.0.0-beta.0"
SCHEMA_MEMBER = "package/lib/schemas/sarif-2.1.0-rtm.5.json"
SKIPPED = 77


def fetch_schema():
    cache = pathlib.Path(os.environ["SARIF_CACHE"])
    cache.mkdir(parents=True, exist_ok=True)
    kept = cache / "sarif-2.1.0.json"
    if not kept.exists():
        try:
            done = subprocess.run(["npm", "pack", "--silent", SCHEMA_PACKAGE], cwd=cache, capture_output=True, text=True,
                                  timeout=600, check=True)
            with tarfile.open(cache / done.stdout.split()[-1]) as package:
                kept.write_bytes(package.extractfile(SCHEMA_MEMBER).read())
        except (OSError, subprocess.SubprocessError) as problem:
            print(f"SKIPPED: SARIF is not validated, the schema cannot be had: {problem}")
            sys.exit(SKIPPED)
    return json.loads(kept.read_text())


def paths(value, before=()):
    """The way to every member of a JSON value, itself included."""
    yield before
    for key, inside in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from paths(inside, before + (key,))


class Sarif(LauncherTest):
    schema = None

    def report(self, *arguments):
        log = json.loads(self.gorace("report", "--sarif", *arguments).stdout)
        jsonschema.Draft4Validator(self.schema).validate(log)
        run, = log["runs"]
        self.check_for_github(run)
        return run

    def check_for_github(self, run):
        """What its documentation calls required, or what it needs to show a result."""
        self.assertTrue(run["tool"]["driver"]["name"])
        rules = run["tool"]["driver"]["rules"]
        for rule in rules[:5]:
            self.assertTrue(rule["shortDescription"]["text"] and rule["help"]["text"] and rule["help"]["markdown"])
        for result in run["results"]:
            self.assertEqual(rules[result["ruleIndex"]]["id"], result["ruleId"])
            self.assertTrue(result["message"]["text"])
            self.assertRegex(result["partialFingerprints"]["primaryLocationLineHash"], r"^[0-9a-f]{16}:1$")
            self.assertEqual(len(result["locations"]), 1)
            self.assertTrue(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"])

    def test_the_schema_refuses(self):
        """It is not an empty one."""
        self.write_findings("a.json", race())
        log = json.loads(self.gorace("report", "--sarif", "a.json").stdout)
        for change in (lambda r: r.pop("message"), lambda r: r.update(level="bad"), lambda r: r.update(surplus=1),
                       lambda r: r["codeFlows"][0].pop("threadFlows")):
            broken = json.loads(json.dumps(log))
            change(broken["runs"][0]["results"][0])
            self.assertFalse(jsonschema.Draft4Validator(self.schema).is_valid(broken))

    def test_of_a_real_race(self):
        program = self.compile("racy", racy())
        self.gorace("run", "--json=a.json", program, status=66)
        result, = self.report("a.json")["results"]
        place = result["locations"][0]["physicalLocation"]
        self.assertEqual(place["artifactLocation"], {"uri": "racy.c", "uriBaseId": "SRCROOT"})
        lines = (self.folder / "racy.c").read_text().splitlines()
        self.assertIn("counter = 1;", lines[place["region"]["startLine"] - 1])
        flows = result["codeFlows"][0]["threadFlows"]
        ends = [flow["locations"][-1]["location"]["physicalLocation"]["region"]["startLine"] for flow in flows]
        self.assertEqual({lines[n - 1].strip() for n in ends}, {"counter = 1;", "counter = 2;"})
        related = [r["message"]["text"] for r in result["relatedLocations"]]
        self.assertTrue(any("created by main thread" in text for text in related))

    def test_flows_begin_outermost(self):
        self.write_findings("a.json", race())
        flows = self.report("a.json")["results"][0]["codeFlows"][0]["threadFlows"]
        self.assertEqual([[s["location"]["logicalLocations"][0]["fullyQualifiedName"] for s in f["locations"]] for f in flows],
                         [["start", "main"], ["start", "main"]])

    def test_files(self):
        nowhere = race("00000000000000cc")
        for access in nowhere["accesses"]:
            access["stack"] = [frame(None, None, None, module="/opt/li b.so")]
        self.write_findings("a.json", race("00000000000000aa", file="/src/app/ä b#?.c"), race("00000000000000bb", file="rel.c"),
                            nowhere)
        run = self.report("--source-root=/", "a.json")
        uris = {r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for r in run["results"]}
        self.assertEqual(uris, {"src/app/%C3%A4%20b%23%3F.c", "rel.c", "opt/li%20b.so"})
        run = self.report(f"--source-root={self.folder}", "a.json")
        uris = {r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for r in run["results"]}
        self.assertIn("file:///src/app/%C3%A4%20b%23%3F.c", uris)
        self.assertEqual(run["originalUriBaseIds"]["SRCROOT"]["uri"], self.folder.resolve().as_uri() + "/")

    def test_any_shape(self):
        """Findings whose members were replaced at random: nothing crashes, and what comes out is still SARIF and XML."""
        chance = random.Random(7)
        values = [None, True, 1, -5, 10**18, "x", "", [], {}, [1, "a", None], {"stack": [{"offset": "q"}]}, "\u0001\n<\"&%", [[[]]]]
        with open(self.folder / "a.json", "w", encoding="utf-8") as file:
            for number in range(1000):
                finding = copy.deepcopy(chance.choice(one_of_each()))
                for _ in range(chance.randint(1, 4)):
                    *outer, last = chance.choice([p for p in paths(finding) if p])
                    target = finding
                    for key in outer:
                        target = target[key]
                    target[last] = copy.deepcopy(chance.choice(values))
                file.write(json.dumps(finding | {"fingerprint": f"{number:016x}"}) + "\n")
        self.gorace("report", "--text=a.txt", "--sarif=a.sarif", "--html=a.html", "--junit=a.xml", "--github=a.github", "a.json")
        log = json.loads((self.folder / "a.sarif").read_text())
        jsonschema.Draft4Validator(self.schema).validate(log)
        self.assertGreater(len(log["runs"][0]["results"]), 800)
        xml.etree.ElementTree.parse(self.folder / "a.xml")

    def test_baseline(self):
        self.write_findings("a.json", race(), race("00000000000000bb", lines=(30, 40)))
        self.write("base", "00000000000000aa\n")
        states = {r["partialFingerprints"]["goraceFingerprint/v1"][-2:]: r["baselineState"]
                  for r in self.report("-b", "base", "a.json")["results"]}
        self.assertEqual(states, {"aa": "unchanged", "bb": "new"})

    def test_every_kind(self):
        self.write_findings("a.json", *one_of_each())
        run = self.report("a.json")
        flows = {r["ruleId"]: len(r["codeFlows"][0]["threadFlows"]) for r in run["results"]}
        self.assertEqual(flows, {"data-race": 2, "lock-order-cycle": 2, "deadlock": 2, "stuck": 1, "misuse": 1})

    def test_recursive_lock(self):
        one = race()
        one["accesses"][0]["locks"] *= 2
        self.write_findings("a.json", one)
        self.assertEqual(len(self.report("a.json")["results"][0]["stacks"]), 6)

    def test_other_kinds_and_nothing(self):
        new = race(kind="livelock", tier="order-only", whirls=[{"actor": 1, "stack": [frame("spin")]}])
        del new["accesses"]
        self.write_findings("a.json", new)
        result, = self.report("a.json")["results"]
        self.assertEqual((result["ruleId"], result["level"]), ("livelock", "warning"))
        self.assertEqual(len(result["codeFlows"][0]["threadFlows"]), 1)
        self.write("empty.json", "")
        self.assertEqual(self.report("empty.json")["results"], [])

    def test_place_is_the_same_in_both_orders(self):
        self.write_findings("a.json", race(lines=(10, 20)))
        self.write_findings("b.json", race(lines=(20, 10)))
        places = [self.report(name)["results"][0]["locations"] for name in ("a.json", "b.json")]
        self.assertEqual(*places)


if __name__ == "__main__":
    Sarif.schema = fetch_schema()
    unittest.main()
