"""bench/results.md: the tables of what bench/slowdown measured."""
import platform
from pathlib import Path

from .results import SHORT, geometric_mean

TITLES = {
    "floor-gcc": "empty hooks, gcc", "floor-clang": "empty hooks, clang", "gorace-gcc": "**gorace**, gcc",
    "gorace-clang": "**gorace**, clang", "instrument": "**gorace**, instrument=1", "clang-tsan": "TSan, clang",
    "gcc-tsan": "TSan, gcc", "helgrind": "Helgrind", "drd": "DRD",
}
# Which rows of two threads are compared with one.
SCALING = ("native", "floor-gcc", "floor-clang", "gorace-gcc", "gorace-clang", "clang-tsan", "gcc-tsan")


def number(value, form="{:.2f}"):
    return "" if value is None else form.format(value)


def table(head, rows):
    yield "| " + " | ".join(head) + " |"
    yield "|---|" + "---:|" * (len(head) - 1)
    for row in rows:
        yield "| " + " | ".join(row) + " |"
    yield ""


def compared(found, programs):
    """Programs that belong into means: those that are there for how two threads share the machine do not."""
    halves = {p.scales for p in programs.values()}
    return [p for p in programs.values() if found.rounds(p.name, "native") and not p.scales and p.name not in halves]


def over(found, tool, other, field):
    """A column: the ratio of a tool to another one in a program."""
    return lambda p: found.ratio(p.name, tool, other, field)


def ratios(found, programs, field, unit, of, floors):
    """One table: native in its unit, every tool in relation to it, ours in relation to TSan and to the floor."""
    columns = [(title, lambda p, tool=tool: found.over_native(p.name, tool, field)) for tool, title in TITLES.items()]
    columns += [(f"gorace, {c} / TSan, clang", over(found, f"gorace-{c}", "clang-tsan", field)) for c in ("gcc", "clang")]
    if floors:
        columns += [(f"gorace / empty hooks, {c}", over(found, f"gorace-{c}", f"floor-{c}", field)) for c in ("gcc", "clang")]
    rows, means = [], [[] for _ in columns]
    for p in compared(found, programs):
        values = [value(p) for _, value in columns]
        for mean, value in zip(means, values):
            mean.append(value)
        rows.append([p.title, number(of(found.middle(p.name, "native", field)))] + [number(v) for v in values])
    rows.append(["geometric mean", ""] + [number(geometric_mean(m)) for m in means])
    return table(["program", f"native {unit}"] + [title for title, _ in columns], rows)


def two_threads(found, programs):
    for p in programs.values():
        if not p.scales or not found.rounds(p.name, "native"):
            continue
        columns = [t for t in SCALING if found.rounds(p.name, t)]
        speedups = [found.ratio(p.scales, t, t, "wall", p.name) for t in columns]
        yield from table(["two threads over one"] + [TITLES.get(t, t) for t in columns],
                         [[p.title] + [number(s and 2 * s) for s in speedups]])


def findings(found, programs):
    tools = [t for t in TITLES if not t.startswith("floor")]
    for p in programs.values():
        counts = [found.middle(p.name, t, "findings") for t in tools]
        if any(counts):
            yield [p.title] + [number(c, "{:.0f}") for c in counts]


def measured(found, programs):
    for p in compared(found, programs):
        usual, short = found.sizes(p.name)
        yield (f"{p.title}: {found.rounds(p.name, 'native')} rounds of {usual}" +
               (f", {found.rounds(p.name, 'native-short')} of {short} for Valgrind's tools" if short else ""))


def machine():
    with open("/proc/cpuinfo") as f:
        model = next((line.split(": ", 1)[1].strip() for line in f if line.startswith("model name")), "unknown CPU")
    return f"{Path('/proc/cpuinfo').read_text().count('processor')} CPUs, {model}, Linux {platform.release()}"


def render(found, programs):
    runs = [r for r in found.records if "wall" in r]
    counts = [r for r in found.records if "ours" in r]
    lines = ["# What detection costs", ""]
    if runs:
        days = sorted({r["set"][:10] for r in runs})
        loads = [r["load"] for r in runs]
        lines += [f"Made by `bench/slowdown` on {' and '.join(dict.fromkeys((days[0], days[-1])))}: {machine()}; load between "
                  f"{min(loads):.1f} and {max(loads):.1f}. Medians; ratios are taken inside of rounds.",
                  "gcc and clang: whose hooks the program has. Columns of tools are in relation to the native run, for "
                  "Helgrind and DRD on a shorter input.", "",
                  "![CPU time](../docs/slowdown-cpu.svg)", "", "![Peak memory](../docs/slowdown-memory.svg)", ""]
        lines += ["## CPU time (user and system)", ""]
        lines += ratios(found, programs, "cpu", "s", lambda v: v, True)
        lines += ["## Peak memory", ""]
        lines += ratios(found, programs, "kb", "MB", lambda v: v / 1024, False)
        lines += ["## Wall time", ""]
        lines += ratios(found, programs, "wall", "s", lambda v: v, False)
    scaling = list(two_threads(found, programs))
    if scaling:
        lines += ["## Both cores", "", "How many times as fast two threads do twice the work of one, by wall time.", ""] + scaling
    if counts:
        lines += ["## Instructions of a hook", "", "By callgrind, the same in every run; with a second thread that sleeps. "
                  "Call, hook and return.", ""]
        lines += table(["hook", "empty", "gorace"], [[r["tool"], str(r["empty"]), str(r["ours"])] for r in counts])
    reported = list(findings(found, programs))
    if reported:
        lines += ["## Reports", "", "How many a run printed; programs without any are left out. docs/real-programs.md says "
                  "what ours are.", ""]
        lines += table(["program"] + [t for k, t in TITLES.items() if not k.startswith("floor")], reported)
    if runs:
        lines += ["## Sizes", ""] + [f"- {line}" for line in measured(found, programs)]
    return "\n".join(lines).rstrip() + "\n"
