"""What a run of a random program must be found to have: happens-before by vector clocks, from the definitions.

Nothing here is taken from the detector. Sources: C11 5.1.2.4 and 7.17 with C17's wording of release sequences for threads,
atomics and fences; POSIX for locks, barriers, semaphores and the like; and for what POSIX leaves open docs/limits.md ("What counts
as a race"): of several senders that cannot be told apart, all earlier ones count.

The list of accesses is never shortened. An access belongs to a site, which is a line of the program that runs once.

A pair of accesses is a race if it has common bytes of one object in one lifetime, one of the two writes or frees, they are not
both atomic, and neither happens before the other. What a run must report of these (`Oracle.explained`), in words: no race is
left out, but
  - for one earlier access another one may stand that follows it, conflicts with as much, and so races as well (the last write of
    a thread stands for those before it);
  - of accesses by one thread between two of its releases, which have the same races with what is done later, the first that
    conflicts with as much stands for the others."""

READ, WRITE, ATOMIC_READ, ATOMIC_WRITE, FREE = "read", "write", "atomic read", "atomic write", "free"
KINDS = (READ, WRITE, ATOMIC_READ, ATOMIC_WRITE, FREE)
WRITES = (WRITE, ATOMIC_WRITE, FREE)
ATOMICS = (ATOMIC_READ, ATOMIC_WRITE)
ACQUIRES = ("CONSUME", "ACQUIRE", "ACQ_REL", "SEQ_CST")
RELEASES = ("RELEASE", "ACQ_REL", "SEQ_CST")


def conflict(a, b):
    return (a in WRITES or b in WRITES) and not (a in ATOMICS and b in ATOMICS)


# Whether the first conflicts with all that the second conflicts with.
COVERS = {(a, b): all(conflict(a, k) for k in KINDS if conflict(b, k)) for a in KINDS for b in KINDS}


def join(to, other):
    for thread, time in other.items():
        if to.get(thread, 0) < time:
            to[thread] = time


class Access:
    def __init__(self, site, thread, place, begin, size, kind, clock, number):
        self.site, self.thread, self.place, self.kind = site, thread, place, kind
        self.begin, self.end = begin, begin + size
        self.clock = dict(clock)
        self.epoch = clock[thread]
        self.number = number

    def before(self, later):
        return later.clock.get(self.thread, 0) >= self.epoch

    def same_moment(self, other):
        return self.thread == other.thread and self.epoch == other.epoch

    def common(self, other):
        return range(max(self.begin, other.begin), min(self.end, other.end))


class Change:
    """One modification of an atomic object."""

    def __init__(self, thread, rmw, released, fenced):
        self.thread, self.rmw, self.released, self.fenced = thread, rmw, released, fenced


class Oracle:
    def __init__(self):
        self.clocks = {}   # thread: what it knows
        self.keys = {}     # synchronisation object: what it passes on
        self.changes = {}  # atomic object: its modification order
        self.fences = {}   # thread: what its last release fence gives to later stores
        self.pending = {}  # thread: what an acquire fence would make known
        self.history = {}  # place (an object in one lifetime): its accesses

    # ---- threads and objects that order them

    def born(self, thread, parent=None):
        self.clocks[thread] = dict(self.clocks[parent]) if parent is not None else {}
        self.clocks[thread][thread] = 1
        if parent is not None:
            self.tick(parent)

    def tick(self, thread):
        self.clocks[thread][thread] += 1

    def joined(self, thread, ended):
        join(self.clocks[thread], self.clocks[ended])

    def release(self, thread, key):
        join(self.keys.setdefault(key, {}), self.clocks[thread])
        self.tick(thread)

    def acquire(self, thread, key):
        join(self.clocks[thread], self.keys.get(key, {}))

    # ---- atomic objects

    def load(self, thread, location, order):
        """Synchronises with the heads of all release sequences that the last change belongs to, real and hypothetical."""
        to = self.clocks[thread] if order in ACQUIRES else self.pending.setdefault(thread, {})
        changes = self.changes.get(location, [])
        for at, head in enumerate(changes):
            if all(later.rmw or later.thread == head.thread for later in changes[at + 1:]):
                join(to, head.released)
                join(to, head.fenced)

    def store(self, thread, location, order, rmw=False):
        released = dict(self.clocks[thread]) if order in RELEASES else {}
        change = Change(thread, rmw, released, dict(self.fences.get(thread, {})))
        self.changes.setdefault(location, []).append(change)
        if released:
            self.tick(thread)

    def fence(self, thread, order):
        if order in ACQUIRES:
            join(self.clocks[thread], self.pending.get(thread, {}))
        if order in RELEASES:
            self.fences[thread] = dict(self.clocks[thread])
            self.tick(thread)

    # ---- accesses

    def races_with(self, thread, place, begin, size, kind):
        """The earlier accesses that this one would race with."""
        probe = Access(None, thread, place, begin, size, kind, self.clocks[thread], -1)
        return [a for a in self.history.get(place, []) if self.is_race(a, probe)]

    def access(self, site, thread, place, begin, size, kind, locks=frozenset()):
        """locks: pairs of a lock that is held and the site where it was taken, for the report only."""
        history = self.history.setdefault(place, [])
        history.append(Access(site, thread, place, begin, size, kind, self.clocks[thread], len(history)))
        history[-1].locks = locks

    @staticmethod
    def is_race(early, late):
        return (early.thread != late.thread and conflict(early.kind, late.kind) and bool(early.common(late))
                and not early.before(late))

    def races(self):
        for history in self.history.values():
            for at, late in enumerate(history):
                for early in history[:at]:
                    if self.is_race(early, late):
                        yield early, late

    def stands(self, shown, early, byte):
        if shown is early:
            return True
        for between in self.history[early.place]:
            if not between.begin <= byte < between.end:
                continue
            as_shown = between is shown or between.same_moment(shown)
            after = between.same_moment(early) or (between.number > early.number and early.before(between))
            if as_shown and after and COVERS[shown.kind, between.kind] and COVERS[between.kind, early.kind]:
                return True
        return False

    def explained(self, early, late, byte, reported):
        """Whether the race of the two on that byte is in `reported`, a set of pairs of sites, or one that stands for it."""
        here = [a for a in self.history[early.place] if a.begin <= byte < a.end]
        for again in here:
            if not (again is late or (again.same_moment(late) and again.number < late.number
                                      and COVERS[again.kind, late.kind])):
                continue
            for other in here:
                first, second = sorted((again, other), key=lambda a: a.number)
                if (frozenset((first.site, second.site)) in reported and self.is_race(first, second)
                        and self.stands(other, early, byte)):
                    return True
        return False
