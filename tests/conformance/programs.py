"""The programs: which cases there are (meaning.tsv) and how each program is compiled.

A case is a program with its arguments, as one of Valgrind's own .vgtest files runs it; the same program under both
suites is one case. Three builds of each:

    plain    gcc -g -O0, no hooks           for Helgrind, DRD, and the native run that the others' end is held against
    gcc      the same with -fsanitize=thread    for gorace under LD_PRELOAD
    clang    clang-19 -fsanitize=thread         for ThreadSanitizer
"""

import csv
import os
import pathlib
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
DEFINES = ["-DVGO_linux=1", "-DVGA_amd64=1", "-DVGP_amd64_linux=1", "-DVGPV_amd64_linux_vanilla=1"]
BUILDS = {
    "plain": {"cc": "gcc", "c++": "g++", "tree": "plain", "flags": []},
    "gcc": {"cc": "gcc", "c++": "g++", "tree": "annotated", "flags": ["-fsanitize=thread"]},
    "clang": {"cc": "clang-19", "c++": "clang++-19", "tree": "annotated", "flags": ["-fsanitize=thread"]},
}
CXX11 = "-std=gnu++11"
OWN_FLAGS = {
    "condvar": [CXX11], "std_atomic": [CXX11], "std_list": [CXX11], "std_mutex": [CXX11], "std_string": [CXX11],
    "std_thread": [CXX11], "std_thread2": [CXX11], "timed_mutex": [CXX11], "shared_timed_mutex": ["-std=gnu++14"],
    "tsan_unittest": ['-DTHREAD_WRAPPERS="tsan_thread_wrappers_pthread.h"'],
    "omp_matinv": ["-fopenmp", "-lm"], "omp_prime": ["-fopenmp", "-lm"], "omp_printf": ["-fopenmp", "-lm"],
    "matinv": ["-lm"], "dlopen_main": ["-ldl"], "boost_thread": ["-lboost_thread", "-lboost_system"],
}
# Programs that want a library which is not everywhere, and the Debian package it is in; left out where it is missing.
OPTIONAL = {"boost_thread": "libboost-thread-dev", "omp_matinv": "libomp-19-dev", "omp_prime": "libomp-19-dev",
            "omp_printf": "libomp-19-dev"}
# stackteardown unmaps the memory in which the kernel keeps the thread's rseq area: with glibc 2.35 and later it dies of
# SIGSEGV by itself, under no detector, if it loses its CPU before its last system call.
OWN_ENVIRONMENT = {"stackteardown": {"GLIBC_TUNABLES": "glibc.pthread.rseq=0"}}


class Case:
    def __init__(self, name, contains, why):
        self.name = name
        self.contains_in_order = contains.split(",")
        self.contains = set(self.contains_in_order)
        self.why = why
        program, *self.args = name.split(" ")
        self.suite, self.program = program.split("/")

    def skipped(self):
        return "skip" in self.contains

    def file_name(self):
        return "_".join([self.suite, self.program, *self.args]).replace("/", "").replace(".", "")


def read_tsv(path):
    if not path.exists():
        return []
    with open(path, encoding="utf-8") as lines:
        return list(csv.DictReader((line for line in lines if not line.startswith("#")), delimiter="\t",
                                   quoting=csv.QUOTE_NONE))


def write_tsv(path, head, rows):
    with open(path, "w", encoding="utf-8") as out:
        out.write("\t".join(head) + "\n")
        for row in rows:
            out.write("\t".join(str(row[column]) for column in head) + "\n")


def cases():
    return [Case(row["case"], row["contains"], row["why"]) for row in read_tsv(HERE / "meaning.tsv")]


def source_of(case, tree):
    for ending in (".c", ".cpp"):
        path = tree / case.suite / "tests" / (case.program + ending)
        if path.exists():
            return path
    raise FileNotFoundError(f"{case.name}: no source in {tree}")


def command(build, source, output, extra, tree):
    how = BUILDS[build]
    compiler = how["c++"] if source.suffix == ".cpp" else how["cc"]
    libraries = [flag for flag in extra if flag.startswith("-l")]
    flags = [flag for flag in extra if not flag.startswith("-l")]
    return [compiler, "-g", "-O0", "-w", "-pthread", *how["flags"], *DEFINES, *flags, "-I", tree,
            "-I", tree / "include", "-I", source.parent, source, "-o", output, *libraries]


def compile_case(case, build, trees, folder):
    """Returns None, or what the compiler said when it failed. An up-to-date program is left alone."""
    tree = trees[BUILDS[build]["tree"]]
    source = source_of(case, tree)
    jobs = [(source, folder / case.program, OWN_FLAGS.get(case.program, []))]
    if case.program == "dlopen_main":
        jobs.append((source.with_name("dlopen_lib.c"), folder / "dlopen_lib.so", ["-shared", "-fPIC"]))
    for path, output, extra in jobs:
        newest = max(path.stat().st_mtime, (HERE / "annotations.h").stat().st_mtime)
        if output.exists() and output.stat().st_mtime > newest:
            continue
        folder.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(list(map(os.fspath, command(build, path, output, extra, tree))), text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode:
            return "\n".join(done.stdout.splitlines()[:6])
    return None
