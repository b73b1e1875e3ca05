"""Valgrind's source, as the machine's own distribution ships it.

It comes through apt with a private configuration, made from the sources that the machine already uses with the type
turned into deb-src: nothing of the system's configuration changes, and no host is named here. What was fetched stays in
the cache folder; a second run needs no network.

The programs are compiled from two copies of the tree. In `plain` they see Valgrind's own headers, whose requests only
Valgrind understands. In `annotated` those two headers are replaced by annotations.h, which says the same through the
dynamic-annotation functions, so that a detector without client requests is told the same facts.
"""

import pathlib
import re
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
APT = pathlib.Path("/etc/apt")

# What Valgrind's configure would have found on x86-64 Linux with a current glibc.
CONFIG = """#define _GNU_SOURCE 1
#define HAVE_ASM_UNISTD_H 1
#define HAVE_BUILTIN_ATOMIC 1
#define HAVE_PTHREAD_CONDATTR_SETCLOCK 1
#define HAVE_PTHREAD_MUTEX_ERRORCHECK_NP 1
#define HAVE_PTHREAD_MUTEX_RECURSIVE_NP 1
#define HAVE_PTHREAD_MUTEX_TIMEDLOCK 1
#define HAVE_PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP 1
#define HAVE_PTHREAD_RWLOCK_TIMEDRDLOCK 1
#define HAVE_PTHREAD_RWLOCK_TIMEDWRLOCK 1
#define HAVE_PTHREAD_YIELD 1
#define HAVE_TLS 1
"""


def deb_src_lists(into):
    """Copies the machine's apt sources into folder `into` with deb turned into deb-src."""
    made = 0
    lists = [APT / "sources.list"] + sorted((APT / "sources.list.d").glob("*"))
    for path in (p for p in lists if p.is_file()):
        text = path.read_text(errors="replace")
        if path.suffix == ".sources":
            text = re.sub(r"^Types:.*$", "Types: deb-src", text, flags=re.M)
        elif path.suffix == ".list":
            text = re.sub(r"^(\s*)deb(-src)?\s", r"\1deb-src ", text, flags=re.M)
        else:
            continue
        (into / path.name).write_text(text)
        made += 1
    if not made:
        sys.exit("conformance: this machine has no apt sources to take valgrind's source from")


def apt_fetch(folder):
    parts, state = folder / "sources.d", folder / "lists"
    for path in (parts, state / "partial", folder / "cache" / "archives" / "partial"):
        path.mkdir(parents=True, exist_ok=True)
    deb_src_lists(parts)
    options = []
    for name, value in (("Dir::Etc::sourcelist", "-"), ("Dir::Etc::sourceparts", parts), ("Dir::State::Lists", state),
                        ("Dir::Cache", folder / "cache"), ("APT::Sandbox::User", "root")):
        options += ["-o", f"{name}={value}"]
    for verb in (["update"], ["source", "--download-only", "valgrind"]):
        done = subprocess.run(["apt-get", "-q", *options, *verb], cwd=folder, text=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode:
            sys.exit(f"conformance: apt-get {verb[0]} failed:\n{done.stdout}")


def fetch(cache):
    """Returns the two trees, `plain` and `annotated`, below `cache`."""
    cache.mkdir(parents=True, exist_ok=True)
    plain, annotated = cache / "plain", cache / "annotated"
    if not (plain / "config.h").exists():
        archives = sorted(cache.glob("valgrind_*.orig.tar.*"))
        if not archives:
            apt_fetch(cache)
            archives = sorted(cache.glob("valgrind_*.orig.tar.*"))
        shutil.rmtree(plain, ignore_errors=True)
        plain.mkdir()
        subprocess.run(["tar", "xf", archives[-1], "-C", plain, "--strip-components=1"], check=True)
        (plain / "valgrind-version").write_text(archives[-1].name.split("_")[1].split(".orig")[0])
        (plain / "config.h").write_text(CONFIG)
    # Copied anew each time: it is small, and annotations.h may have changed.
    shutil.rmtree(annotated, ignore_errors=True)
    for tool in ("helgrind", "drd", "memcheck"):
        shutil.copytree(plain / tool / "tests", annotated / tool / "tests", symlinks=True)
    shutil.copytree(plain / "tests", annotated / "tests", symlinks=True)
    shutil.copytree(plain / "include", annotated / "include", symlinks=True)
    shutil.copy(plain / "config.h", annotated)
    for header in ("helgrind/helgrind.h", "drd/drd.h"):
        shutil.copy(HERE / "annotations.h", annotated / header)
    return plain, annotated
