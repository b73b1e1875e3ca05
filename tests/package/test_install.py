#!/usr/bin/env python3
"""What `cmake --install` puts down works from where it lies: find_package, pkg-config, the launcher; and exports no more than
it should.    BUILD (a build folder that is built) is in the environment."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "launcher"))
os.environ.setdefault("GORACE", "")
from launcher import INCLUDES, racy  # noqa: E402

CONSUMER = """
cmake_minimum_required(VERSION 3.18)
project(consumer C CXX)
find_package(gorace 0.1 REQUIRED)
add_executable(racy racy.c)
target_include_directories(racy PRIVATE %(support)s)
target_link_libraries(racy PRIVATE gorace::instrument pthread)
add_executable(annotated annotated.cc)
target_link_libraries(annotated PRIVATE gorace::annotations)
add_executable(channel channel.c)
target_link_libraries(channel PRIVATE gorace::goro)
enable_testing()
add_test(NAME clean COMMAND gorace::gorace run -- $<TARGET_FILE:annotated>)
add_test(NAME racy COMMAND gorace::gorace run -- $<TARGET_FILE:racy>)
set_tests_properties(racy PROPERTIES WILL_FAIL ON)
"""
ANNOTATED = """
#include <gorace/annotate.h>
int main()
{
    GORACE_NAME_THREAD("main");
}
"""
CHANNEL = """
#define GORO_SHORT_NAMES
#include <goro/goro.h>
static int start(void *arg)
{
    chan_of(int) c = chan_make(int, 1);
    chan_send(c, 7);
    *(int *)arg = chan_take(c);
    chan_free(c);
    return 0;
}
int main(void)
{
    int got = 0;
    return goro_run(start, &got) || got != 7;
}
"""
# name of a library: what it may export
EXPORTS = {"libgorace_hooks.so": r"__tsan_\w+|(WTF)?Annotate\w+|RunningOnValgrind|ThreadSanitizerQuery|ValgrindSlowdown",
           "libgorace_points.so": r"__tsan_\w+|gorace_access_point_is",
           "libgorace-symbolize.so": r"gorace_symbolizer"}


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="install-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.prefix = cls.folder / "opt here" / "gorace"
        cls.run_in(cls.folder, "cmake", "--install", os.environ["BUILD"], "--prefix", cls.prefix)
        cls.libraries = next(cls.prefix.rglob("libgorace.so")).parent
        cls.gorace = cls.prefix / "bin/gorace"
        # LD_PRELOAD cannot name a folder with a space; packages are used from one without.
        cls.plain = cls.folder / "plain"
        shutil.copytree(cls.prefix, cls.plain, symlinks=True)

    @staticmethod
    def run_in(folder, *command, status=0, **environment):
        done = subprocess.run([str(c) for c in command], cwd=folder, capture_output=True, text=True, timeout=600,
                              env=os.environ | environment)
        if done.returncode != status:
            raise AssertionError(f"{command}: status {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done

    def compilers(self):
        found = [(c, x) for c, x in (("gcc", "g++"), ("clang", "clang++"), ("clang-19", "clang++-19")) if shutil.which(x)]
        self.assertTrue(found)
        return found

    def check_watched(self, folder, program):
        """It runs alone, and is watched when started by the launcher."""
        self.run_in(folder, program)
        done = self.run_in(folder, self.plain / "bin/gorace", "run", "--sarif=r.sarif", program, status=66)
        self.assertIn("at counter (global", done.stderr)
        self.assertEqual(len(json.loads((folder / "r.sarif").read_text())["runs"][0]["results"]), 1)

    def test_find_package(self):
        for c, cxx in self.compilers():
            with self.subTest(c):
                folder = self.folder / ("cmake-" + c)
                folder.mkdir()
                (folder / "CMakeLists.txt").write_text(CONSUMER % {"support": INCLUDES[1][2:]})
                (folder / "racy.c").write_text(racy())
                (folder / "annotated.cc").write_text(ANNOTATED)
                (folder / "channel.c").write_text(CHANNEL)
                self.run_in(folder, "cmake", "-B", "build", f"-DCMAKE_C_COMPILER={c}", f"-DCMAKE_CXX_COMPILER={cxx}",
                            f"-DCMAKE_PREFIX_PATH={self.plain}")
                self.run_in(folder, "cmake", "--build", "build")
                self.check_watched(folder, folder / "build/racy")
                self.run_in(folder, folder / "build/channel")
                self.run_in(folder / "build", "ctest")

    def test_pkg_config(self):
        if not shutil.which("pkg-config"):
            self.skipTest("SKIPPED: no pkg-config here")
        where = {"PKG_CONFIG_PATH": str(next(self.plain.rglob("pkgconfig")))}
        for c, _ in self.compilers():
            with self.subTest(c):
                folder = self.folder / ("pkg-" + c)
                folder.mkdir()
                (folder / "racy.c").write_text(racy())
                (folder / "channel.c").write_text(CHANNEL)
                flags = {}
                for name in ("gorace" if c == "gcc" else "gorace-clang", "goro"):
                    said = self.run_in(folder, "pkg-config", "--define-prefix", "--cflags", "--libs", name, **where).stdout
                    flags[name] = said.split()
                mine, goro = flags.values()
                self.run_in(folder, c, "-O1", *INCLUDES, "racy.c", "-o", "racy", "-pthread", *mine)
                self.check_watched(folder, folder / "racy")
                self.run_in(folder, c, "-O1", "channel.c", "-o", "channel", *goro)
                self.run_in(folder, "./channel")

    def test_folder_with_a_space(self):
        self.assertIn("space or colon", self.run_in(self.folder, self.gorace, "run", "true", status=2).stderr)
        self.run_in(self.folder, self.gorace, "--version")

    def test_what_is_there(self):
        for path in ("bin/gorace", "include/gorace/annotate.h", "include/goro/goro.h", "share/man/man1/gorace.1",
                     "share/man/man1/gorace-run.1", "share/bash-completion/completions/gorace", "share/doc/gorace/findings/data-race.md",
                     "share/doc/gorace/finding.schema.json"):
            self.assertTrue((self.prefix / path).is_file(), path)
        self.assertTrue((self.libraries / "gorace/link/libtsan.so").resolve().is_file())

    def test_nothing_names_the_build(self):
        build = pathlib.Path(os.environ["BUILD"]).resolve()
        for path in self.prefix.rglob("*"):
            if path.is_file() and path.suffix in (".cmake", ".pc", ".md", ".1", ""):
                self.assertNotIn(str(build).encode(), path.read_bytes() if path.stat().st_size < 1 << 16 else b"", path)
        for library in self.prefix.rglob("*.so"):
            self.assertNotIn("RUNPATH", self.run_in(self.folder, "readelf", "-d", library).stdout)

    def test_exports(self):
        for library, pattern in EXPORTS.items():
            said = self.run_in(self.folder, "nm", "-D", "--defined-only", self.libraries / library).stdout
            names = [line.split()[-1] for line in said.splitlines()]
            self.assertTrue(names)
            self.assertEqual([n for n in names if not re.fullmatch(pattern, n)], [], library)


if __name__ == "__main__":
    unittest.main()
