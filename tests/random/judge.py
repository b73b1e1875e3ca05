"""What a run of a random program reported, held against its oracle; run says what has to hold."""
import re
from pathlib import Path

import verdict
from machine import Machine, Moves
from oracle import ATOMICS, FREE, WRITES
from verdict import Wrong


def functions(frames, file):
    """Names of the program's own functions, innermost first. What gcc has split off and put back is one."""
    names, inlined = [], False
    for frame in frames:
        if Path(frame.get("file") or "").name == file:
            name = re.sub(r"\(.*", "", frame["function"])
            if not (inlined and name == names[-1]):
                names.append(name)
            inlined = frame["inlined"]
    return names


def line_of(frames, file):
    for frame in frames:
        if Path(frame.get("file") or "").name == file:
            return frame["line"]
    return None


def show(program, site):
    return f"line {site.line} ({site.function})"


def may_be(reported, access, machine):
    """A read and write in one statement is told as either. Machine code does not say what is atomic."""
    if access.kind == FREE:
        return reported["kind"] == "free"
    if reported["atomic"] != (access.kind in ATOMICS) and not machine:
        return False
    return reported["kind"] in ("read", "write") if access.kind in WRITES else reported["kind"] == "read"


def check_finding(program, by_line, file, finding, moves):
    """The two sites of a finding that is right."""
    if finding["kind"] != "data-race":
        raise Wrong(f"unexpected finding: {finding['message']}")
    sides = finding["accesses"]
    lines = [line_of(side["stack"], file) for side in sides]
    sites = [by_line.get(line) for line in lines]
    where = " and ".join(f"line {line}" for line in lines) + f": {finding['message']}"
    if None in sites:
        raise Wrong(f"no access stands at {where}")
    for side, site in zip(sides, sites):
        if functions(side["stack"], file) not in (site.stack(), site.stack()[:1] if site.function == "on_signal" else None):
            raise Wrong(f"{where}: stack is {functions(side['stack'], file)}, not {site.stack()}")
    oracle = moves if finding["tier"] == "possible" else program.oracle
    history = [a for h in oracle.history.values() for a in h]
    late = [a for a in history if a.site is sites[0] and may_be(sides[0], a, moves)]
    early = [a for a in history if a.site is sites[1] and may_be(sides[1], a, moves)]
    races = [(e, n) for e in early for n in late if e.place is n.place and e.number < n.number and oracle.is_race(e, n)]
    if not races:
        ordered = [(e, n) for e in early for n in late if e.place is n.place and e.common(n)]
        raise Wrong(f"{where}: no race in the oracle ({'they are ordered' if ordered else 'no common bytes'})")
    if not any(fits(program, finding, e, n) for e, n in races):
        raise Wrong(f"{where}: it is not at {races[0][0].place.name}, or not at the bytes that they have in common")
    for side, accesses in zip(sides, (late, early)):
        locks = locks_of(side, file)
        known = [{(name, site.line) for name, site in access.locks} for access in accesses]
        if moves:  # of two ways to one place the first one's is shown (docs/limits.md)
            locks, *known = ({name for name, _ in held} for held in (locks, *known))
        if locks not in known:
            raise Wrong(f"{where}: locks held are {locks}, not {known[0]}")
    return sites


def locks_of(side, file):
    """Names, and the lines where they were taken; what runs in a one-time initialisation holds that as well."""
    return {(lock["name"], line_of(lock["stack"], file)) for lock in side["locks"] if not re.match(r"o\d", lock["name"] or "")}


def fits(program, finding, early, late):
    """The report names the right object and bytes."""
    place, thing = early.place, finding["objects"][0]
    if thing["kind"] == "unknown":
        raise Wrong("the report does not say what was accessed")
    if place.kind == "global":
        at = int(finding["accesses"][0]["address"], 16) - int(thing["address"], 16)
        return thing["kind"] == "global" and thing["name"] == place.name and any(
            at <= byte < at + finding["accesses"][0]["size"] for byte in early.common(late))
    return True


def all_bytes(races):
    return ((early, late, byte) for early, late in races for byte in early.common(late))


def check(program, file, result, instrument=False):
    """`result` is of verdict.run()."""
    code, findings, _, output = result
    if code < 0:
        raise Wrong(f"died by signal {-code}")
    if output.strip():
        raise Wrong(f"unexpected output: {output.strip().splitlines()[0]}")
    by_line = {site.line: site for site in program.sites}
    moves = Moves(program.oracle.told) if instrument else None
    reported, fingerprints = set(), set()
    for finding in findings:
        sites = check_finding(program, by_line, file, finding, moves)
        verdict.check_described(finding)
        if finding["fingerprint"] in fingerprints:
            raise Wrong(f"told twice: {finding['message']}")
        fingerprints.add(finding["fingerprint"])
        reported.add(frozenset(sites))
    program.reported = reported
    oracle = Machine(program.oracle.told, moves) if instrument else program.oracle
    for early, late, byte in oracle.required if instrument else all_bytes(oracle.races()):
        if not oracle.explained(early, late, byte, reported):
            raise Wrong(f"missed: {early.kind} at {show(program, early.site)} and {late.kind} at {show(program, late.site)}, "
                        f"byte {byte} of {early.place.name}; {len(findings)} findings")
    expected = verdict.RACE_EXIT if any(finding["tier"] != "possible" for finding in findings) else 0
    if code != expected:
        raise Wrong(f"exit code {code}, not {expected}")
