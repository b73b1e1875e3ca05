"""A random program, made from a seed: its text, and what its run must be found to have."""
import accesses
import ends
import events
import locks
from world import World


class Program(World):
    def __init__(self, seed, clang, machine=False):
        super().__init__(seed, seed % 3 == 0, clang, machine)
        self.seed = seed
        self.depth = 0
        self.barriers = set()
        self.reported = set()  # pairs of sites, by the run (judge.py)
        self.most_threads = 3 + self.random.randrange(6)
        self.kinds = [pair for part in (accesses, locks, events, ends) for pair in part.STEPS]
        # Each program has its own taste: some steps are frequent, some never come.
        self.weights = [weight * self.pick((0, 1, 1, 2, 4)) for _, weight in self.kinds]
        self.weights[0] = max(self.weights[0], 20)
        main = self.begin_main()
        for part in (accesses, locks, events, ends):
            part.begin(self)
        events.create(self, main)
        events.create(self, main)
        until = self.pick((20, 40, 80, 160))
        for _ in range(20 * until):  # not all that is tried can be done
            if self.steps < until:
                self.step()
        self.finish(main)
        self.text = self.source.assemble()

    def step(self):
        action, = self.random.choices([kind for kind, _ in self.kinds], self.weights)
        action(self, self.pick(self.ready()))

    def meanwhile(self, chance=60):
        """Steps of others, between going to sleep and being woken."""
        if self.depth >= 2 or not self.chance(chance):
            return
        self.depth += 1
        for _ in range(self.random.randrange(1, 5)):
            self.step()
        self.depth -= 1

    def finish(self, main):
        for thread in self.ready(main):
            locks.give_all(self, thread)
            self.end(thread)
            if self.chance(50) and not thread.detached:
                self.do(main, events.join_call(self, thread))
                events.joined(self, main, thread)
        for _ in range(4):
            accesses.plain(self, main)
        locks.give_all(self, main)
