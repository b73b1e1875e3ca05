"""The tables of patterns, threads.def and goro.def, and the marks in their sources."""
import re
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROW = re.compile(r'^PATTERN\((\w+), (\w+), "([^"]*)", (\w+), "([^;"]*); ([^"]*)"\)$')
FUNCTION = re.compile(r"^(?:static )?\w[\w *]*?(\w+)\([^;]*$")
MARK = re.compile(r"//\s*((?:WAITS|HELD|MISUSE)(?: (?:WAITS|HELD|MISUSE))*)\s*$")
HELPERS = {"goroutine.c", "main_goro.c", "main_threads.c", "pattern.c", "thread.c"}
SOURCES = sorted(p.name for p in HERE.glob("*.c*") if p.suffix in (".c", ".cc") and p.name not in HELPERS)
JSON_KIND = {"order": "lock-order-cycle", "deadlock": "deadlock", "stuck": "stuck", "misuse": "misuse"}


class Pattern:
    """One row. `program`: "threads" or "goro"; `kinds`: the findings that are right, by their names in JSON."""

    def __init__(self, program, kind, also, group, stem, wrong, right):
        self.program, self.kind, self.group, self.wrong, self.right = program, kind, group, wrong, right
        self.name = f"{kind}_{stem}"
        self.twin = "no" + self.name
        self.kinds = {JSON_KIND[kind], JSON_KIND[also]}


def read_table(program):
    patterns = []
    for line in (HERE / f"{program}.def").read_text().splitlines():
        if line.startswith("PATTERN"):
            row = ROW.match(line)
            if not row:
                raise SystemExit(f"{program}.def: cannot read {line}")
            patterns.append(Pattern(program, *row.groups()))
    return patterns


def read_marks():
    """{function: {"file:line"}} of the lines that end with // WAITS, // HELD or // MISUSE."""
    marks = {}
    for name in SOURCES:
        function = None
        for number, line in enumerate((HERE / name).read_text().splitlines(), 1):
            start = FUNCTION.match(line)
            if start:
                function = start.group(1)
            if MARK.search(line):
                marks.setdefault(function, set()).add(f"{name}:{number}")
    return marks


def marks_of(pattern, patterns, marks):
    """Lines that a finding has to show: those in functions that begin with the name of this pattern and of no longer one."""
    lines = set()
    for function, marked in marks.items():
        owners = [p.name for p in patterns if function == p.name or function.startswith(p.name + "_")]
        if owners and max(owners, key=len) == pattern.name:
            lines |= marked
    return lines
