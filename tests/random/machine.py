"""What must be found of a random program under instrument=1, where only its machine code is seen (docs/limits.md).

All atomic operations acquire and release, whatever their order. An aligned move may be an atomic one: two such that race are a
possible race, and from then on the moves of those bytes order. So more is ordered than in the program as it is written, of which
oracle.py knows: a finding of the full class has to be a race there, and a possible one at least be ordered by nothing but atomic operations.
What has a side that is no such move, and races here, too, has to be found, in either class.
How much the moves of such bytes order is taken here for as much as it can be, so that nothing is asked for in vain."""
from oracle import ATOMICS, FREE, Oracle, WRITES, join


class Recorder(Oracle):
    """An oracle that remembers what it was told, so that another one can be told the same."""

    def __init__(self):
        super().__init__()
        self.told = []


def recorded(name):
    own = getattr(Oracle, name)

    def method(self, *args, **more):
        self.told.append((name, args, more))
        return own(self, *args, **more)

    return method


for verb in ("born", "joined", "release", "acquire", "load", "store", "fence", "access"):
    setattr(Recorder, verb, recorded(verb))


def could_be_atomic(begin, size, kind):
    """Words that are copied may be so by one move each."""
    return kind != FREE and (size in (1, 2, 4, 8) and begin % size == 0 or size in (16, 32) and begin % 8 == 0)


def is_move(access):
    return could_be_atomic(access.begin, access.end - access.begin, access.kind)


def meet(early, late):
    """A race, if atomic operations were none."""
    return (early.thread != late.thread and (early.kind in WRITES or late.kind in WRITES) and bool(early.common(late))
            and not early.before(late))


class Told(Oracle):
    def __init__(self, told):
        super().__init__()
        for name, args, more in told:
            getattr(self, name)(*args, **more)


class Moves(Told):
    """What is ordered by other things than atomic operations: what is not may be a possible race."""

    def load(self, thread, location, order):
        pass

    def store(self, thread, location, order, rmw=False):
        pass

    def fence(self, thread, order):
        pass

    @staticmethod
    def is_race(early, late):
        return meet(early, late)


ATOMIC_INSIDE = ("l0", "l1", "s2", "promise")  # what libstdc++ makes of atomic operations


class Machine(Told):
    """moves: the same program as Moves."""

    def __init__(self, told, moves):
        self.moves = moves
        self.shared = set()   # bytes that count as atomic: (place, byte)
        self.required = []    # (early, late, byte): what has to be reported, or what stands for it
        super().__init__(told)

    def load(self, thread, location, order):
        pass  # access() acquires

    def store(self, thread, location, order, rmw=False):
        self.gives(thread, location)
        if rmw or order == "SEQ_CST":  # an instruction with a lock
            self.tick(thread)
            self.shared.update((location, byte) for byte in range(location.size))

    def release(self, thread, key):
        if str(key).startswith(ATOMIC_INSIDE):
            self.acquire(thread, key)
        super().release(thread, key)

    def fence(self, thread, order):
        pass

    def gives(self, thread, key):
        """Without a new epoch, as none may begin."""
        join(self.keys.setdefault(key, {}), self.clocks[thread])

    def access(self, site, thread, place, begin, size, kind, locks=frozenset()):
        move = could_be_atomic(begin, size, kind)
        here = [(place, byte) for byte in range(begin, begin + size)]
        for at in here:
            if move and at in self.shared:
                self.acquire(thread, at)
        super().access(site, thread, place, begin, size, kind, locks)
        late = self.history[place][-1]
        races = [early for early in self.history[place] if self.is_race(early, late)]
        if kind in ATOMICS:
            self.acquire(thread, place)
        seen = self.moves.history[place]
        first = [early for early in seen[:late.number] if move and is_move(early) and meet(early, seen[late.number])]
        if not first:  # else what changes memory may look at it first, and then knows of all that it could race with
            self.required += [(early, late, byte) for early in races for byte in early.common(late) if (place, byte) not in self.shared]
        for early in first:
            self.shared.update((place, byte) for byte in early.common(late))
            for clock in self.clocks.values():  # what its writer released before it was known for atomic is gone
                join(self.clocks[thread], clock)
        if move and kind in WRITES:
            for at in here:
                if at in self.shared:
                    self.gives(thread, at)
