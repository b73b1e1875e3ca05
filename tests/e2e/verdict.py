"""Marked lines of a source, findings of a run, and whether the ones are exactly the others.

A line that takes part in a race is marked in the source:
    x = 1; // RACE                       the (only) pair; the two sides may be one line
    x = 1; // RACE 2                     pair 2
    x = 1; // RACE 1,2                   pairs 1 and 2
    x = 1; // RACE leaf < mid < main     ... and the stack of that side begins so (leaf*5000: 5000 times);
                                         `a < main | a < worker`: the two sides' stacks, in either order
Each pair is found at least once, nothing else is found, no fingerprint is printed twice, and every report says what was
accessed and where its threads come from."""
import json
import os
import re
import subprocess
from collections import Counter
from pathlib import Path

RACE_EXIT = 66
TIMEOUT = 600
MARK = re.compile(r"(?://|/\*)\s*RACE\b\s*([\d,]*)\s*([^*/]*(?:\*\d+[^*/]*)*)")


class Wrong(Exception):
    """One reason why a program is not as it should be."""


def read_marks(lines):
    """`lines`: pairs of label and text. {pair: {label: [stacks]}}, where stacks is a list of alternatives, each a list of
    function names."""
    pairs = {}
    for label, text in lines:
        mark = MARK.search(text)
        if mark:
            stacks = [expand(chain) for chain in mark.group(2).split("|") if chain.strip()]
            for number in mark.group(1).split(","):
                pairs.setdefault(int(number or 1), {})[label] = stacks
    return pairs


def expand(chain):
    """'leaf*3 < main' -> ['leaf', 'leaf', 'leaf', 'main']"""
    names = []
    for part in chain.split("<"):
        name, _, times = part.strip().partition("*")
        names += [name] * int(times or 1)
    return names


def functions(frames):
    """Names, innermost first; C++ names without arguments. A run of equal frames is one frame with `times`."""
    names = []
    for frame in frames:
        names += [re.sub(r"\(.*", "", frame.get("function") or "")] * frame.get("times", 1)
    return names


def check_findings(findings, pairs, line_of):
    """line_of(frames) is the label of the line of an access."""
    if not pairs:
        raise Wrong("no line is marked RACE")
    found = set()
    for finding in findings:
        if finding.get("kind") != "data-race":
            raise Wrong(f"unexpected kind {finding.get('kind')}")
        sides = [access["stack"] for access in finding["accesses"]]
        if len(sides) != 2 or not all(sides):
            raise Wrong("a side has no stack")
        lines = [line_of(frames) for frames in sides]
        match = [k for k, marked in pairs.items() if set(lines) == set(marked)]
        if not match:
            raise Wrong(f"race between {' and '.join(lines)}, which no mark names")
        found.add(match[0])
        check_stacks(sides, lines, pairs[match[0]])
        check_described(finding)
    missing = sorted(set(pairs) - found)
    if missing:
        raise Wrong("not found: " + ", ".join(" and ".join(sorted(pairs[k])) for k in missing))
    twice = [f for f, n in Counter(f.get("fingerprint") for f in findings).items() if n > 1]
    if twice or None in [f.get("fingerprint") for f in findings]:
        raise Wrong(f"fingerprint missing or printed twice: {twice}")


def check_described(finding):
    """Every report says what the bytes belong to and where every thread comes from."""
    for thing in finding["objects"]:
        if thing["kind"] == "unknown" or (thing["kind"] == "heap" and not thing["stack"]):
            raise Wrong("the report does not say what was accessed")
    for actor in finding["actors"]:
        if not actor["main"] and not actor["stack"]:
            raise Wrong("the report does not say where a thread was created")


def check_stacks(sides, lines, marked):
    for line in set(lines):
        expected = marked[line]
        if not expected:
            continue
        actual = [functions(frames) for frames, at in zip(sides, lines) if at == line]
        orders = [expected] if len(expected) == 1 else [expected, expected[::-1]]
        for order in orders:
            wanted = order * len(actual) if len(order) == 1 else order
            if len(wanted) == len(actual) and all(a[: len(w)] == w for a, w in zip(actual, wanted)):
                break
        else:
            shown = " | ".join(" < ".join(stack[:8]) + f" ({len(stack)} frames)" for stack in actual)
            raise Wrong(f"{line}: stacks are {shown}")


def run(command, library, directory, options="", **environment):
    """(exit code, findings, text report, output) of `command` under the detector; `directory` is its own."""
    found = Path(directory) / "findings.jsonl"
    text = Path(directory) / "report.txt"
    for old in (found, text):
        old.unlink(missing_ok=True)
    environment = dict(os.environ, LD_PRELOAD=str(library), GORACE_OPTIONS=f"json={found} log={text} {options}", **environment)
    try:
        done = subprocess.run([str(word) for word in command], env=environment, stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=TIMEOUT, cwd=directory, text=True, errors="replace")
    except subprocess.TimeoutExpired:
        raise Wrong(f"still running after {TIMEOUT} s") from None
    lines = found.read_text().splitlines() if found.exists() else []
    report = text.read_text() if text.exists() else ""
    return done.returncode, [json.loads(line) for line in lines if line], report, done.stdout + done.stderr


def check_run(racy, pairs, line_of, result):
    """`result` is of run(); racy: what its name says."""
    code, findings, report, output = result
    if output.strip():
        raise Wrong(f"unexpected output: {output.strip().splitlines()[0]}")
    if not racy:
        if findings or "WARNING: gorace" in report:
            raise Wrong("false alarm: " + "; ".join(
                " and ".join(line_of(a["stack"]) for a in f["accesses"]) if "accesses" in f
                else f"{f['kind']}: {f['message']}" for f in findings))
        if code != 0:
            raise Wrong(f"exit code {code}, not 0")
        return
    if not findings:
        raise Wrong(f"nothing found (exit code {code})")
    check_findings(findings, pairs, line_of)
    if code != RACE_EXIT:
        raise Wrong(f"exit code {code}, not {RACE_EXIT}")
