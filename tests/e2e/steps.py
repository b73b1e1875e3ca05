"""Findings that are made of steps (deadlocks, cycles of lock order, misuse), held against the lines that a source marks.

A mark is the role that a line has in a finding; a finding is all marks with its number (none: 1):
    pthread_mutex_lock(&a); // WAITS               a wait of a deadlock, or of who is stuck
    pthread_mutex_lock(&b); // TAKES               a cycle of lock order (nothing hangs): the inner lock
    pthread_mutex_lock(&a); // HELD                where a lock was taken that the report says is held
    pthread_mutex_unlock(&m); // MISUSE unlock-not-owner    what was done, and the name of the misuse
    pthread_mutex_destroy(&m); // DESTROYED        where it was destroyed
    pthread_mutex_init(&m, 0); // MADE             where it was initialised
    copy = *original; // COPIED                    where it was copied
    pthread_mutex_lock(&a); // HELD, WAITS 2       more than one role
Each finding is found, nothing else is, and a finding has exactly the lines that are marked."""
import re
from collections import Counter

from verdict import RACE_EXIT, Wrong

MARK = re.compile(r"\b(WAITS|TAKES|HELD|MISUSE|WAITED|DESTROYED|MADE|COPIED)\b\s*(\d*)\s*([a-z-]*)")
ROLES = {"waits": "WAITS", "acquires": "TAKES", "misuses": "MISUSE", "took": "HELD", "waited": "WAITED",
         "destroyed": "DESTROYED", "initialised": "MADE", "copied": "COPIED"}
STEPS = {"deadlock": "waits", "stuck": "waits", "lock-order-cycle": "edges", "misuse": "places"}


def read_marks(lines):
    """`lines`: pairs of label and text. {number: {"roles": {(word, label)}, "misuse": name or None}}"""
    groups = {}
    for label, text in lines:
        _, slashes, comment = text.partition("//")
        for word, group, name in MARK.findall(comment) if slashes else []:
            entry = groups.setdefault(int(group or 1), {"roles": set(), "misuse": None})
            entry["roles"].add((word, label))
            if word == "MISUSE":
                entry["misuse"] = name or None
    return groups


def roles_of(finding, line_of):
    roles = set()
    for step in finding[STEPS[finding["kind"]]]:
        if not step["stack"]:
            raise Wrong(f"{step['role']} has no stack")
        roles.add((ROLES[step["role"]], line_of(step["stack"])))
        for lock in step["locks"]:
            if not lock["stack"]:
                raise Wrong("a lock that is held has no stack")
            roles.add(("HELD", line_of(lock["stack"])))
    return roles


def show(roles):
    return ", ".join(f"{word} {line}" for word, line in sorted(roles))


def check_findings(findings, groups, line_of):
    if not groups:
        raise Wrong("no line has a mark")
    found = set()
    for finding in findings:
        if finding.get("kind") not in STEPS:
            raise Wrong(f"unexpected kind {finding.get('kind')}")
        roles = roles_of(finding, line_of)
        match = [k for k, group in groups.items() if group["roles"] == roles]
        if not match:
            raise Wrong(f"{finding['kind']}, which no mark names: {show(roles)}")
        wanted = groups[match[0]]["misuse"]
        if wanted and finding.get("misuse") != wanted:
            raise Wrong(f"misuse is {finding.get('misuse')}, not {wanted}")
        found.add(match[0])
        for actor in finding["actors"]:
            if not actor["main"] and not actor["stack"]:
                raise Wrong("the report does not say where a thread was created")
    missing = sorted(set(groups) - found)
    if missing:
        raise Wrong("not found: " + "; ".join(show(groups[k]["roles"]) for k in missing))
    twice = [f for f, n in Counter(f.get("fingerprint") for f in findings).items() if n > 1]
    if twice or None in [f.get("fingerprint") for f in findings]:
        raise Wrong(f"fingerprint missing or printed twice: {twice}")


def check_run(groups, line_of, result):
    """`result` is of verdict.run()."""
    code, findings, _, output = result
    if output.strip():
        raise Wrong(f"unexpected output: {output.strip().splitlines()[0]}")
    if not findings:
        raise Wrong(f"nothing found (exit code {code})")
    check_findings(findings, groups, line_of)
    if code != RACE_EXIT:
        raise Wrong(f"exit code {code}, not {RACE_EXIT}")
