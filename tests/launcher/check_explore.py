#!/usr/bin/env python3
"""docs/explore.md stays true: its program is built as it says, its commands are run, and print what it says.

    check_explore.py DOCUMENT BIN-DIR INCLUDE-DIR LIBGORO.A

Offsets in the code are left out on the page.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

document, bin_dir, include, library = sys.argv[1:]
text = pathlib.Path(document).read_text()
code = re.findall(r"^```c\n(.*?)^```$", text, re.M | re.S)
console = re.findall(r"^```console\n(.*?)^```$", text, re.M | re.S)
assert len(code) == 3 and len(console) == 2, "the page has another shape"
program, fixed_function, searching_main = code


def build(source, name):
    pathlib.Path(name + ".c").write_text(source)
    command = [f"{bin_dir}/gorace", "cc", "-g", f"{name}.c", "-o", name, f"-I{include}", library, "-pthread"]
    subprocess.run(command, check=True)


def run(command, status, **environment):
    environment = dict(os.environ, PATH=f"{bin_dir}:{os.environ['PATH']}", **environment)
    done = subprocess.run(command, shell=True, capture_output=True, text=True, env=environment, timeout=600)
    output = re.sub(r"\+0x[0-9a-f]+ \([^)]*\)", "", done.stdout + done.stderr)
    assert done.returncode == status, f"{command}: {done.returncode}, not {status}\n{output}"
    return output


def replaced(source, pattern, by):
    new, n = re.subn(pattern, lambda _: by, source, flags=re.M | re.S)
    assert n == 1, f"{pattern}: {n} times"
    return new


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    build(program, "logger")
    _, explore, *said = console[0].strip().split("\n")
    output = run(explore.removeprefix("$ "), 66)
    assert output.strip() == "\n".join(said), f"{explore} prints\n{output}"
    token = said[0].removeprefix("replay: GORO_REPLAY=")
    for _ in range(20):
        output = run("./logger", 134, GORO_REPLAY=token)
        assert "panic: send on closed channel" in output and "not the schedule" not in output, output

    # The page's fix, and the same token on what is now another program: told.
    fixed = replaced(program, r"^static void log_line.*?^}\n", fixed_function.split("\n", 1)[1])
    build(fixed, "logger")
    assert run(console[1].strip().removeprefix("$ "), 0) == ""
    assert "this is not the schedule of the replay" in run("./logger", 0, GORO_REPLAY=token)

    main = r"^int main.*"
    build(replaced(fixed, main, searching_main.split("\n", 1)[1]), "searching")
    assert run("./searching", 0) == ""
    build(replaced(program, main, searching_main.split("\n", 1)[1]), "searching")
    assert re.search(r"^replay: GORO_REPLAY=v1/.*@", run("./searching", 1), re.M)
