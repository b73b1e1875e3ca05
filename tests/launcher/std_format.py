#!/usr/bin/env python3
"""The STD format of traces, read strictly.   std_format.py FILE...

What the README of RAPID (github.com/focs-lab/rapid) says of it, and what its reader takes:

    trace    = { thread "|" event "|" location "\\n" }
    event    = ( "r" | "w" ) "(" variable ")" | ( "acq" | "rel" ) "(" lock ")" | ( "fork" | "join" ) "(" thread ")"
    thread, variable, lock = a word without blanks, bars and brackets
    location = a number that fits into 32 bits with a sign

Of meaning: a lock is held by one thread at a time, which is the one that gives it up; a thread is forked once, by another one and
before it does anything, unless it is the first of its process; it is joined once, by another one, and does nothing behind that.
A thread may end with a lock in hand, as the process may.
"""
import re
import sys
from collections import Counter

LINE = re.compile(r"([^\s|()]+)\|(r|w|acq|rel|fork|join)\(([^\s|()]+)\)\|([0-9]{1,10})")


class Malformed(Exception):
    pass


def demand(holds, number, line, why):
    if not holds:
        raise Malformed(f"line {number}: {line}: {why}")


def read(text, roots=1):
    """How many events of each kind. At most `roots` threads may act without having been forked; at the end, held locks may remain."""
    count, holders, acted, forked, joined, unforked = Counter(), {}, set(), {}, set(), set()
    if text and not text.endswith("\n"):
        raise Malformed("the last line has no end")
    for number, line in enumerate(text.split("\n")[:-1], 1):
        match = LINE.fullmatch(line)
        demand(match, number, line, "no event")
        thread, what, of, location = match.groups()
        demand(int(location) < 2**31, number, line, "no location")
        demand(thread not in joined, number, line, f"{thread} was joined")
        if thread not in acted and thread not in forked:
            unforked.add(thread)
        demand(len(unforked) <= roots, number, line, f"{thread} was not forked")
        acted.add(thread)
        count[what] += 1
        if what == "acq":
            demand(of not in holders, number, line, f"held by {holders.get(of)}")
            holders[of] = thread
        elif what == "rel":
            demand(holders.pop(of, None) == thread, number, line, "not held by who gives it up")
        elif what == "fork":
            demand(of not in forked and of not in acted and of != thread, number, line, "is there already")
            forked[of] = thread
        elif what == "join":
            demand(of not in joined and of != thread, number, line, "joined already")
            demand(of in forked or of in acted, number, line, "was never there")
            joined.add(of)
    count["held"] = len(holders)
    return count


def main():
    wrong = False
    for name in sys.argv[1:]:
        with open(name, encoding="ascii") as trace:
            try:
                print(name, dict(read(trace.read())))
            except Malformed as why:
                print(f"{name}: {why}")
                wrong = True
    return wrong


if __name__ == "__main__":
    sys.exit(main())
