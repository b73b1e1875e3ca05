"""The cases of go-model and their marks, Go's functions that they re-express, and a run of one case."""
import re
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
import verdict  # noqa: E402
from verdict import Wrong  # noqa: E402

ORDERS = ("go", "main", "free")
HEAD = re.compile(r"(?:CASE|MAIN\w*)\((\w+)")


def read_cases():
    """{name: {pair: marks}}. A case ends with the function that carries its name; its lines begin where the one before ends."""
    cases = {}
    for path in sorted(HERE.glob("*.c")):
        lines, name = [], None
        for number, text in enumerate(path.read_text().splitlines(), 1):
            lines.append((f"{path.name}:{number}", text))
            head = HEAD.match(text)
            name = head.group(1) if head else name
            if name and text == "}":
                cases[name] = verdict.read_marks(lines)
                lines, name = [], None
        if verdict.read_marks(lines):
            sys.exit(f"{path.name}: a mark behind the last case")
    return cases


def read_functions():
    """Rows of functions.tsv: [{column: text}]"""
    head, *rows = [line.split("\t") for line in (HERE / "functions.tsv").read_text().splitlines()]
    return [dict(zip(head, row)) for row in rows]


def check_names(cases):
    named = {row["case"] for row in read_functions() if row["case"] != "-"}
    for names, text in ((named - set(cases), "in functions.tsv, but no case"), (set(cases) - named, "not in functions.tsv")):
        if names:
            sys.exit(f"{text}: {' '.join(sorted(names))}")
    wrong = [name for name, pairs in cases.items() if bool(pairs) != name.startswith("race_")]
    if wrong:
        sys.exit(f"marks do not fit the name: {' '.join(wrong)}")


def line_of(frames):
    """The innermost line of a file of cases: below inlined code of headers, and of table.c."""
    for frame in frames:
        path = Path(frame.get("file") or "")
        if path.suffix == ".c" and path.name != "table.c" and (HERE / path.name).exists():
            return f"{path.name}:{frame.get('line')}"
    return "?"


def check_case(name, pairs, args):
    """None, or what is wrong in one of args.runs at each of args.procs."""
    for run in range(args.runs):
        for turn, procs in enumerate(args.procs):
            order = ORDERS[(run + turn) % len(ORDERS)]
            try:
                with tempfile.TemporaryDirectory(prefix="go-model-") as directory:
                    result = verdict.run([args.program, name, order], args.library, directory, GORO_MAXPROCS=str(procs))
                    verdict.check_run(name.startswith("race_"), pairs, line_of, result)
            except Wrong as wrong:
                return f"run {run + 1}, procs {procs}, order {order}: {wrong}"
    return None
