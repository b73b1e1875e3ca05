"""Takes out of a text report what may differ between runs, compilers and C libraries; the rest is the golden report.

What stays: the sentence, the fingerprint, kinds and sizes of the accesses, who, functions, files and lines of the
sample, locks, variables, the order of all that."""
import difflib
import re

# In this order: a later rule sees what an earlier one left.
RULES = [
    (re.compile(r"\(tid \d+, (?:running|ended)\)"), "(tid N)"),  # who is faster is not under test
    (re.compile(r"\(tid \d+, waiting\)"), "(tid N, waiting)"),
    (re.compile(r"\((\w+), (?:running|ended)\)"), r"(\1)"),  # the same of a goroutine
    (re.compile(r"\(([^()]*)\+0x[0-9a-f]+\)"), r"(\1+0xOFFSET)"),
    (re.compile(r"\b0x[0-9a-f]+"), "0xADDRESS"),
    (re.compile(r"(\.(?:c|cc):\d+):\d+"), r"\1"),  # compilers differ in what they call a column
    (re.compile(r"\(\d+ suppressed, \d+ duplicates?\); coverage: .*"), "..."),  # how often, and the rules' counters
]
FRAME = re.compile(r"^ +#\d+ ")


def normalise(text, source):
    for pattern, name in RULES:
        text = pattern.sub(name, text)
    text = re.sub(r"\S*/(?=" + re.escape(source.stem) + r"\b)", "", text)
    lines = []
    for line in text.splitlines():
        if FRAME.match(line) and source.name not in line:  # the C or C++ library's: other versions, other frames
            line = FRAME.match(line).group(0).split("#")[0] + "..."
            if lines and lines[-1] == line:
                continue
        lines.append(line)
    return "\n".join(lines) + "\n"


def difference(expected, actual):
    lines = difflib.unified_diff(expected.splitlines(), actual.splitlines(), "expected", "actual", lineterm="")
    return "\n".join(lines)
