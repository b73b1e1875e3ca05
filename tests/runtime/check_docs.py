#!/usr/bin/env python3
"""Compiles every ```c block of a document; those with a main are linked with libgoro and run.

    check_docs.py DOCUMENT INCLUDE-DIR LIBGORO.A COMPILER
"""
import pathlib
import re
import subprocess
import sys
import tempfile


def main():
    document, include, library, compiler = sys.argv[1:]
    text = pathlib.Path(document).read_text()
    blocks = [(text[: m.start()].count("\n") + 2, m[1]) for m in re.finditer(r"^```c\n(.*?)^```$", text, re.M | re.S)]
    failures = 0
    if len(blocks) < 5:
        sys.exit(f"{document}: only {len(blocks)} blocks found")
    with tempfile.TemporaryDirectory() as folder:
        for line, code in blocks:
            whole = "int main(" in code
            head = "" if "goro/goro.h" in code else "#include <goro/goro.h>\n"
            source = pathlib.Path(folder) / "block.c"
            source.write_text(f'{head}#line {line} "{document}"\n{code}')
            command = [compiler, "-std=gnu11", "-D_GNU_SOURCE", "-O1", "-Wall", "-Wextra", "-Werror", "-Wno-unused-function",
                       f"-I{include}", str(source), "-o", f"{folder}/block"]
            command += [library, "-pthread"] if whole else ["-c"]
            if subprocess.run(command).returncode != 0:
                failures += 1
            elif whole and subprocess.run([f"{folder}/block"], stdout=subprocess.DEVNULL, timeout=600).returncode != 0:
                print(f"{document}:{line}: the program fails", file=sys.stderr)
                failures += 1
    print(f"{len(blocks)} blocks, {failures} failures")
    return failures != 0


if __name__ == "__main__":
    sys.exit(main())
