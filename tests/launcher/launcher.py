"""What the tests of the launcher share: where things are, racy programs, and made-up findings.

Environment, set by CMakeLists.txt: GORACE (the launcher), GORACE_CC (a compiler)."""
import json
import os
import pathlib
import subprocess
import tempfile
import textwrap
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
GORACE = os.environ["GORACE"]
INCLUDES = [f"-I{ROOT}/include", f"-I{ROOT}/tests/support"]

# Each of `pairs` variables is written by two threads whose order the detector cannot see.
RACY = """
    #include <pthread.h>
    #include "barrier.h"
    static struct schedule s;
    %(variables)s
    static void *other(void *arg)
    {
        %(first)s
        step(&s, 1);
        return arg;
    }
    int main(void)
    {
        pthread_t thread;
        pthread_create(&thread, NULL, other, NULL);
        await(&s, 1);
        %(second)s
        pthread_join(thread, NULL);
        %(end)s
        return %(status)d;
    }
"""


def racy(names=("counter",), end="", status=0):
    return RACY % {
        "variables": "\n".join(f"int {name};" for name in names),
        "first": "\n".join(f"{name} = 1;" for name in names),
        "second": "\n".join(f"{name} = 2;" for name in names),
        "end": end,
        "status": status,
    }


def frame(function="main", file="/src/app/a.c", line=10, **more):
    return {"function": function, "file": file, "line": line, "column": 5, "module": "/opt/app", "offset": 4096 + (line or 0),
            "build_id": "00ff", "inlined": False} | more


def race(fingerprint="00000000000000aa", file="/src/app/a.c", lines=(10, 20), **more):
    """A finding as the detector writes it."""
    accesses = [{"when": when, "kind": "write", "atomic": False, "address": "0x1000", "size": 4, "actor": number,
                 "stack": [frame(file=file, line=line), frame("start", file, line + 1)],
                 "locks_held": 1, "locks": [{"type": "mutex", "address": "0x2000", "name": "lock", "mode": "exclusive",
                                             "stack": [frame("take", file, line - 1)]}]}
                for number, when, line in zip((0, 1), ("now", "earlier"), lines)]
    actors = [{"number": 0, "main": True, "name": None, "tid": 7, "state": "running", "creator": None, "stack": []},
              {"number": 1, "main": False, "name": "worker", "tid": 8, "state": "ended", "creator": 0,
               "stack": [frame("spawn", file, 33)]}]
    objects = [{"kind": "heap", "address": "0xff0", "size": 48, "name": None, "file": None, "line": None, "module": None,
                "actor": 0, "stack": [frame("make", file, 5)]}]
    return {"kind": "data-race", "tier": "happened", "fingerprint": fingerprint, "pid": 7,
            "message": "write of 4 bytes at x by main thread and earlier write by thread T1, unordered",
            "accesses": accesses, "objects": objects, "actors": actors} | more


def step(role, actor, lock, line, held=(), target=None, file="/src/app/a.c"):
    """A member of edges, waits or places; `lock` and those of `held` are names."""
    def named(name, **more):
        return {"address": f"0x{sum(map(ord, name)):x}00", "name": name} | more

    return {"role": role, "actor": actor, "object": named(lock, type="mutex"), "mode": "exclusive", "target": target,
            "stack": [frame("work", file, line)], "locks_held": len(held),
            "locks": [named(name, type="mutex", mode="exclusive", stack=[frame("work", file, line - 1)]) for name in held]}


def stepped(kind, fingerprint, file="/src/app/a.c", **more):
    """A finding made of steps; see step()."""
    actors = [{"number": n, "main": not n, "goroutine": None, "name": None, "tid": 7 + n, "state": "running",
               "creator": 0 if n else None, "stack": [frame("spawn", file, 33)] if n else []} for n in range(3)]
    return {"kind": kind, "tier": "happened", "fingerprint": fingerprint, "pid": 7, "message": f"a {kind} of the test",
            "actors": actors} | more


def one_of_each(file="/src/app/a.c"):
    return [
        race("00000000000000aa", file=file),
        stepped("lock-order-cycle", "00000000000000bb", file, tier="predicted", edges=[
            step("acquires", 1, "left", 12, ["right"], file=file), step("acquires", 2, "right", 22, ["left"], file=file)]),
        stepped("deadlock", "00000000000000cc", file, everybody=True, waits=[
            step("waits", 1, "left", 13, ["right"], 2, file), step("waits", 2, "right", 23, ["left"], 1, file)]),
        stepped("stuck", "00000000000000dd", file, waits=[step("waits", 1, "queue", 14, file=file)]),
        stepped("misuse", "00000000000000ee", file, misuse="destroy-locked", places=[
            step("misuses", 0, "lock", 15, file=file), step("took", 1, "lock", 5, file=file)]),
    ]


class LauncherTest(unittest.TestCase):
    """Runs in a folder of its own."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="launcher-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def gorace(self, *arguments, status=0, environment=None, **more):
        """Runs the launcher; the result has stdout and stderr."""
        done = subprocess.run([GORACE, *map(str, arguments)], cwd=self.folder, capture_output=True, text=True, timeout=600,
                              env={k: v for k, v in os.environ.items() if k != "GORACE_OPTIONS"} | (environment or {}), **more)
        if status is not None:
            self.assertEqual(done.returncode, status, f"gorace {arguments}\n{done.stdout}\n{done.stderr}")
        return done

    def write(self, name, text):
        path = self.folder / name
        path.write_text(textwrap.dedent(text))
        return path

    def write_findings(self, name, *findings):
        return self.write(name, "".join(json.dumps(f, separators=(",", ":")) + "\n" for f in findings))

    def compile(self, name, code, *flags):
        """A program with the hooks; returns its path."""
        source = self.write(name + ".c", code)
        self.gorace("cc", "-O1", "-Wall", "-Werror", *INCLUDES, source, "-o", name, "-pthread", *flags)
        return self.folder / name

    def findings(self, name):
        return [json.loads(line) for line in (self.folder / name).read_text().splitlines()]
