#!/usr/bin/env python3
"""The HTML report in headless Chromium, by Playwright: page.mjs has the cases.

playwright-core comes from npm, into the build folder (PAGE_CACHE); the browser is the distribution's. Where one of them is
missing, the test is skipped with status 77 and a line that says so."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from launcher import GORACE, one_of_each, race  # noqa: E402

PLAYWRIGHT = "playwright-core@1.48.2"
SKIPPED = 77


def skip(why):
    print(f"SKIPPED: the HTML report is not looked at: {why}")
    sys.exit(SKIPPED)


def install(cache):
    if not (cache / "node_modules/playwright-core").is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        try:
            subprocess.run(["npm", "install", "--silent", "--no-save", "--prefix", cache, PLAYWRIGHT], check=True, timeout=600,
                           capture_output=True, text=True)
        except (OSError, subprocess.SubprocessError) as problem:
            skip(f"{PLAYWRIGHT} cannot be had: {problem}")
    return cache / "node_modules"


def main():
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    # Ubuntu's package is a stub where snaps cannot run.
    if not browser or subprocess.run([browser, "--version"], capture_output=True).returncode:
        skip("no Chromium here")
    if not shutil.which("node"):
        skip("no node here")
    modules = install(pathlib.Path(os.environ["PAGE_CACHE"]))
    with tempfile.TemporaryDirectory(prefix="page-") as name:
        folder = pathlib.Path(name)
        source = folder / "a.c"
        source.write_text("".join(f"line {i} of the source\n" for i in range(1, 50)))
        findings = one_of_each(str(source)) + [
            race("00000000000000ff", message="</script><img src=x onerror=alert(1)>", baseline=True)]
        (folder / "a.json").write_text("".join(json.dumps(f) + "\n" for f in findings))
        (folder / "broken.json").write_text("{")
        subprocess.run([GORACE, "report", "--html=page.html", "a.json", "broken.json"], cwd=folder, check=True,
                       stderr=subprocess.DEVNULL)
        done = subprocess.run(["node", HERE / "page.mjs", folder / "page.html"], timeout=1200,
                              env=dict(os.environ, PLAYWRIGHT=str(modules), CHROMIUM=browser, HOME=name))
    sys.exit(done.returncode)


if __name__ == "__main__":
    main()
