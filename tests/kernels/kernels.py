"""The kernels: their names and heads, runs of them under the detector, and docs/kernels.md."""
import csv
import os
import re
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
# A lock order that could deadlock is found in any run; here the schedule in which it does is wanted.
DETECT = "race,deadlock,stuck,misuse"
TIMEOUT = 600


def names():
    """In the order of the list in CMakeLists.txt."""
    listed = re.search(r"set\(kernels\n(.*?)\)", (HERE / "CMakeLists.txt").read_text(), re.S)
    return listed.group(1).split()


def head(name):
    """(class and what is wrong, what the twin does), of the comment at the head."""
    text = re.match(r"/\* (.*?) \*/", (HERE / f"{name}.c").read_text(), re.S).group(1)
    wrong, fixed = " ".join(re.split(r"\s*\n \* ", text)).split(" Fixed: ")
    return wrong, fixed


def run(program, library, environment, options=""):
    """(exit status, what it said); "hangs" in the place of the status when it does not end."""
    environment = dict(os.environ, LD_PRELOAD=str(library),
                       GORACE_OPTIONS=f"detect={DETECT} symbolize=0 coverage=0 {options}", **environment)
    try:
        done = subprocess.run([program], env=environment, capture_output=True, timeout=TIMEOUT, check=False)
    except subprocess.TimeoutExpired as late:
        return "hangs", (late.stderr or b"").decode(errors="replace")
    return done.returncode, (done.stdout + done.stderr).decode(errors="replace")


def read_rows(name):
    """Rows of a file beside this one by kernel; none when it is not there."""
    path = HERE / name
    if not path.exists():
        return {}
    with open(path, encoding="utf-8") as rows:
        return {row["kernel"]: row for row in csv.DictReader(rows, delimiter="\t")}


def write_rows(name, fields, rows):
    """What is known of the kernels that are not in `rows` stays."""
    known = read_rows(name) | {row["kernel"]: row for row in rows}
    rows = [known[kernel] for kernel in names() if kernel in known]
    with open(HERE / name, "w", encoding="utf-8") as out:
        writer = csv.DictWriter(out, fields, delimiter="\t", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
