"""The detectors: how each is started on a program and how what it says is counted.

A result counts distinct reports by what they are about: `race`, `order` (of locks), `misuse` (of the threads API, and
deadlocks), `other`; and says how the program ended: `exit N`, `signal N`, `timeout`. Exit codes of the detectors
themselves are switched off, so that the program's own is seen.
"""

import collections
import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import xml.etree.ElementTree as ElementTree

import programs

KINDS = ("race", "order", "misuse", "other")
HELGRIND = {"Race": "race", "LockOrder": "order"}
DRD = {"ConflictingAccess": "race"}
TSAN = (("data race", "race"), ("race on", "race"), ("heap-use-after-free", "race"), ("lock-order-inversion", "order"),
        ("mutex", "misuse"), ("lock of", "misuse"), ("thread leak", "other"))
GORACE = {"data-race": "race", "lock-order-cycle": "order", "deadlock": "misuse", "stuck": "misuse", "misuse": "misuse"}


def count_json(path, _text):
    counts = collections.Counter()
    if path.exists():
        for line in path.read_text(errors="replace").splitlines():
            try:
                counts[GORACE.get(json.loads(line).get("kind"), "other")] += 1
            except (ValueError, AttributeError):
                counts["other"] += 1
    return counts


def count_xml(kinds):
    def count(path, _text):
        counts = collections.Counter()
        try:
            parser = ElementTree.XMLPullParser(["end"])
            parser.feed(path.read_bytes())
            # What was written before a program was killed is counted too: the document need not be complete.
            for _, element in parser.read_events():
                if element.tag == "error":
                    counts[kinds.get(element.findtext("kind"), "misuse")] += 1
        except (OSError, ElementTree.ParseError):
            pass
        return counts
    return count


def count_tsan(path, _text):
    counts = collections.Counter()
    # log_path appends the process number, one file a process.
    for log in path.parent.glob(path.name + ".*"):
        text = log.read_text(errors="replace")
        for title in re.findall(r"^WARNING: ThreadSanitizer: (.*?)(?: \(pid=.*)?$", text, re.M):
            counts[next((kind for words, kind in TSAN if words in title), "other")] += 1
    return counts


def count_nothing(_path, _text):
    return collections.Counter()


class Tool:
    def __init__(self, build, limit, count, prefix=lambda log: [], environment=lambda log: {}):
        self.build, self.limit, self.count, self.prefix, self.environment = build, limit, count, prefix, environment


def valgrind(tool, *options):
    return lambda log: ["valgrind", f"--tool={tool}", "-q", "--xml=yes", f"--xml-file={log}", "--fair-sched=try",
                        "--error-limit=no", *options]


def tools(library):
    """All detectors by name, the native run first. `library` is the preload, or None."""
    return {
        "native": Tool("plain", 60, count_nothing),
        "gorace": Tool("gcc", 600, count_json, environment=lambda log: {
            "LD_PRELOAD": os.fspath(library), "GORACE_OPTIONS": f"exitcode=0 json={log}"}),
        "tsan": Tool("clang", 60, count_tsan, prefix=lambda log: ["setarch", "-R"], environment=lambda log: {
            "TSAN_OPTIONS": f"exitcode=0 atexit_sleep_ms=0 log_path={log} detect_deadlocks=1 second_deadlock_stack=1"}),
        "helgrind": Tool("plain", 120, count_xml(HELGRIND), prefix=valgrind("helgrind", "--free-is-write=yes")),
        "drd": Tool("plain", 120, count_xml(DRD),
                    prefix=valgrind("drd", "--free-is-write=yes", "--check-stack-var=yes")),
    }


def ending(status):
    if status is None:
        return "timeout"
    return f"signal {-status}" if status < 0 else f"exit {status}"


def run(tool, case, binaries, logs, name):
    """Runs `case` under `tool`; returns {"tool": name, "race": n, ..., "end": text}.

    The output is kept in folder `logs`."""
    folder = binaries / tool.build / case.suite
    with tempfile.TemporaryDirectory() as scratch:
        log = pathlib.Path(scratch) / "log"
        program = folder / case.program
        child = subprocess.Popen([*tool.prefix(log), os.fspath(program), *case.args], cwd=folder,
                                 env={**os.environ, **programs.OWN_ENVIRONMENT.get(case.program, {}),
                                      **tool.environment(log)}, start_new_session=True,
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            # Some of those that may end in any way spin for minutes.
            text, _ = child.communicate(timeout=min(tool.limit, 60) if "any-end" in case.contains else tool.limit)
            status = child.returncode
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            text, _ = child.communicate()
            status = None
        counts = tool.count(log, text)
        kept = [text] + [part.read_bytes() for part in sorted(log.parent.glob("log*"))]
        (logs / f"{case.file_name()}.{name}.txt").write_bytes(b"\n".join(kept))
    return {"tool": name, **{kind: counts[kind] for kind in KINDS}, "end": ending(status)}
