"""Results of bench/slowdown: a file of JSON lines, one a run of a program under a tool.

A *set* is what was measured of a program in one go, side by side; ratios are taken inside a round of a set only. The
tools of Valgrind have a shorter input and a native run of their own, so they make sets of their own. The newest set of a
program counts, and only that is kept.
"""
import json
import math
from statistics import median

SHORT = ("native-short", "helgrind", "drd")


def base_of(tool):
    """The native run that a tool's are compared with."""
    return "native-short" if tool in SHORT else "native"


def newest(records):
    """The records of the newest set of each program and input; of the instructions, those of the newest count."""
    last = {}
    for r in records:
        key = (r["program"], base_of(r["tool"]))
        last[key] = max(last.get(key, ""), r["set"])
    return [r for r in records if r["set"] == last[r["program"], base_of(r["tool"])]]


def read(path):
    if not path.exists():
        return []
    return newest([json.loads(line) for line in path.read_text().splitlines()])


def write(path, records):
    path.write_text("".join(json.dumps(r) + "\n" for r in records))


def append(path, record):
    with path.open("a") as f:
        f.write(json.dumps(record) + "\n")


def geometric_mean(values):
    """None without values."""
    values = [v for v in values if v]
    return math.exp(sum(map(math.log, values)) / len(values)) if values else None


class Results:
    """Medians of what was measured, by program and tool. None: was not run."""

    def __init__(self, records):
        self.records = records
        self.runs = {}
        for r in records:
            self.runs.setdefault((r["program"], r["tool"]), {})[r["round"]] = r

    def rounds(self, program, tool):
        return len(self.runs.get((program, tool), ()))

    def middle(self, program, tool, field):
        runs = self.runs.get((program, tool))
        return median(r[field] for r in runs.values()) if runs else None

    def ratio(self, program, tool, other, field, other_program=None):
        """The median of the ratios inside the rounds that both took part in."""
        ours = self.runs.get((program, tool), {})
        theirs = self.runs.get((other_program or program, other), {})
        values = [ours[k][field] / theirs[k][field] for k in ours if k in theirs and theirs[k][field]]
        return median(values) if values else None

    def over_native(self, program, tool, field):
        return self.ratio(program, tool, base_of(tool), field)

    def sizes(self, program):
        """(usual, short) as they were measured."""
        found = [None, None]
        for r in self.records:
            if r["program"] == program:
                found[r["tool"] in SHORT] = r["size"]
        return found
