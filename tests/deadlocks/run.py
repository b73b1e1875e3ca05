#!/usr/bin/env python3
"""Runs the patterns of threads.def and goro.def under the detector and holds each against the verdict in its name.

KIND_STEM    something is found, of this kind or of the one that the row allows beside it, and nothing else; the lines that
             are marked WAITS, HELD or MISUSE in the pattern's own functions are among the findings' stacks; the exit
             status is 66 (of a goroutine's misuse: or the abort of the runtime's panic).
noKIND_STEM  the twin: nothing is said, and the exit status is 0.

Each runs --runs times, in a process of its own, and finds the same in each. Nothing is retried. What is in
expected_miss (NAME: reason) is run as well: it is printed, and it is wrong when it is right.

--bare runs them without the detector: twins, orders and those of which a part hangs have to end, the other deadlocks and stuck
ones must not.
"""
import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from patterns import HERE, SOURCES, marks_of, read_marks, read_table

EXIT = 66
DETECT = "lock-order,deadlock,stuck,misuse"


class Wrong(Exception):
    """One reason why a pattern is not as it should be."""


def stacks(value):
    """Every stack in a finding: lists of frames."""
    if isinstance(value, list):
        if value and all(isinstance(v, dict) and "module" in v and "offset" in v for v in value):
            yield value
        else:
            for v in value:
                yield from stacks(v)
    elif isinstance(value, dict):
        for v in value.values():
            yield from stacks(v)


def own_lines(findings):
    """The innermost line of each stack that lies in a pattern."""
    lines = set()
    for frames in stacks(findings):
        for frame in frames:
            name = Path(frame.get("file") or "").name
            if name in SOURCES:
                lines.add(f"{name}:{frame.get('line')}")
                break
    return lines


def unplaced(findings):
    """The steps of findings that have no line in a pattern or its helpers."""
    for finding in findings:
        for step in finding.get("edges", []) + finding.get("waits", []) + finding.get("places", []):
            if not any(Path(frame.get("file") or "").parent == HERE for frame in step["stack"]):
                yield f"{step['role']} {step['object']['type']}"
            for lock in step["locks"]:
                if not any(Path(frame.get("file") or "").parent == HERE for frame in lock["stack"]):
                    yield f"held {lock['name'] or lock['address']}"


def start(program, name, environment, directory, seconds):
    """(exit status, what it printed); the status is None when it still runs after `seconds`."""
    process = subprocess.Popen([program, name], env=environment, cwd=directory, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                               start_new_session=True)
    try:
        output, _ = process.communicate(timeout=seconds)
        return process.returncode, output
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
        return None, output


def run_once(pattern, name, args, seconds):
    """(status, findings, text of report and output)"""
    with tempfile.TemporaryDirectory(prefix="pattern-") as directory:
        found, log = Path(directory) / "findings.jsonl", Path(directory) / "report.txt"
        environment = dict(os.environ, LD_PRELOAD=str(args.library),
                           GORACE_OPTIONS=f"json={found} log={log} detect={DETECT} {args.options}")
        status, output = start(args.bin / pattern.program, name, environment, directory, seconds)
        lines = found.read_text().splitlines() if found.exists() else []
        text = (log.read_text() if log.exists() else "") + output
    return status, [json.loads(line) for line in lines if line], text


def check_twin(status, findings, text):
    if findings or "WARNING: gorace" in text:
        raise Wrong("false alarm: " + summary(findings))
    if status is None:
        raise Wrong("does not end")
    if status != 0:
        raise Wrong(f"exit status {status}: {text.strip()[-200:]}")


def check_pattern(pattern, status, findings, text, marks):
    kinds = {f.get("kind") for f in findings}
    if not findings:
        raise Wrong("nothing found, " + ("and it hangs" if status is None else f"exit status {status}"))
    if kinds - pattern.kinds:
        raise Wrong("unexpected: " + summary([f for f in findings if f.get("kind") not in pattern.kinds]))
    missing = marks - own_lines(findings)
    if missing:
        raise Wrong(f"no stack is at {', '.join(sorted(missing))}; they are at {', '.join(sorted(own_lines(findings)))}")
    if list(unplaced(findings)):
        raise Wrong("without a place: " + ", ".join(unplaced(findings)))
    if status is None:
        raise Wrong("found, but it hangs")
    panics = pattern.program == "goro" and "misuse" in pattern.kinds
    if status != EXIT and not (panics and status == -signal.SIGABRT):
        raise Wrong(f"exit status {status}, not {EXIT}: {text.strip()[-200:]}")


def summary(findings):
    return "; ".join(f"{f.get('kind')} ({f.get('tier')}): {f.get('message')}" for f in findings) or "only in the text"


def check(pattern, twin, args, marks, seconds):
    """None, or what is wrong."""
    prints = set()
    try:
        for _ in range(args.runs):
            status, findings, text = run_once(pattern, pattern.twin if twin else pattern.name, args, seconds)
            if twin:
                check_twin(status, findings, text)
            else:
                check_pattern(pattern, status, findings, text, marks)
            prints.add(frozenset(f.get("fingerprint") for f in findings))
        if len(prints) > 1:
            raise Wrong("the fingerprints differ between runs")
    except Wrong as wrong:
        return str(wrong)
    return None


def check_bare(pattern, twin, args):
    name = pattern.twin if twin else pattern.name
    ends = twin or pattern.kind == "order" or pattern.group == "leak" or pattern.name.endswith("_partial")
    status, output = start(args.bin / pattern.program, name, dict(os.environ), "/", 600 if ends else 1)
    asleep = status == -signal.SIGABRT and "all goroutines are asleep" in output
    if ends or status == 2:
        return None if status == 0 else f"exit status {status}: {output.strip()[:200]}"
    if pattern.kind != "misuse" and status is not None and not asleep:
        return f"does not hang: exit status {status}: {output.strip()[:200]}"
    return None


def read_expected():
    expected = {}
    for line in (HERE / "expected_miss").read_text().splitlines():
        if line and not line.startswith("#"):
            name, _, reason = line.partition(": ")
            expected[name] = reason
    return expected


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=Path, required=True, help="folder of the programs threads and goro")
    parser.add_argument("--library", type=Path, help="libgorace.so")
    parser.add_argument("--program", action="append", choices=["threads", "goro"], help="only this (default: both)")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--timeout", type=float, default=600,
                        help="seconds after which one run hangs; 30 for those of expected_miss, of which one does")
    parser.add_argument("--options", default="", help="further words for GORACE_OPTIONS")
    parser.add_argument("--bare", action="store_true")
    parser.add_argument("only", nargs="*", help="names of patterns and twins (default: all)")
    args = parser.parse_args()
    if not args.bare and not (args.library and args.library.exists()):
        parser.error("--library: no such file")
    args.bin = args.bin.resolve()
    args.library = args.library and args.library.resolve()

    patterns = [p for program in args.program or ["threads", "goro"] for p in read_table(program)]
    marks, expected = read_marks(), {} if args.bare else read_expected()
    known = {name for program in ("threads", "goro") for p in read_table(program) for name in (p.name, p.twin)}
    unknown = (set(args.only) | set(expected)) - known
    if unknown:
        sys.exit(f"run: no such pattern: {', '.join(sorted(unknown))}")

    todo = [(p, twin) for p in patterns for twin in (False, True)
            if not args.only or (p.twin if twin else p.name) in args.only]
    failures = missed = 0

    def one(item):
        pattern, twin = item
        if args.bare:
            return check_bare(pattern, twin, args)
        seconds = min(args.timeout, 30) if (pattern.twin if twin else pattern.name) in expected else args.timeout
        return check(pattern, twin, args, marks_of(pattern, patterns, marks), seconds)

    with ThreadPoolExecutor(args.jobs) as pool:
        for (pattern, twin), wrong in zip(todo, pool.map(one, todo)):
            name = pattern.twin if twin else pattern.name
            if name in expected:
                missed += wrong is not None
                failures += wrong is None
                print(f"{'miss' if wrong else 'FAIL'} {name}: "
                      + (f"{wrong} [expected: {expected[name]}]" if wrong else "is right, but listed in expected_miss"))
            elif wrong:
                failures += 1
                print(f"FAIL {name}: {wrong}")
            sys.stdout.flush()
    print(f"{len(todo)} patterns and twins x {args.runs} runs: {failures} wrong, {missed} expected misses")
    sys.exit(1 if failures or not todo else 0)


if __name__ == "__main__":
    main()
