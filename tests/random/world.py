"""The state of a random program while it is made up: who does the next step, what it does to the oracle, and its text.

A step is made by `do` (or `sleep` and `wake`, which come in pairs) with the text of the statement; what it means is told to the
oracle right after. Names of synchronisation objects are the oracle's keys."""
import random

from machine import Recorder
from source import BITS, RECORD, RECORD_SIZE, Site, Source


class Place:
    """A piece of memory in one lifetime."""

    def __init__(self, name, kind, size, direct, pointer, owner=None):
        self.name, self.kind, self.size = name, kind, size  # kind: as a report calls it
        self.direct = direct    # {thread or None (any): the lvalue of a struct record}
        self.pointer = pointer  # an expression for its first byte
        self.owner = owner      # the thread on whose stack, or in whose thread-local storage, it is
        self.made = None        # the site that allocated it


class Thread:
    def __init__(self, number, kind):
        self.number, self.kind = number, kind
        self.state = "ready"  # ready, asleep, ended, joined
        self.held = []        # locks, in the order they were taken; a recursive one several times
        self.taken = {}       # the site where each of them was first taken
        self.detached = False


class World:
    def __init__(self, seed, cxx, clang, machine):
        self.clang, self.machine = clang, machine  # hooks of clang's; only the machine code is seen
        self.random = random.Random(seed)
        self.cxx = cxx
        self.oracle = Recorder()
        self.source = Source(cxx)
        self.steps = 0
        self.sites = []
        self.threads = {}
        self.places = []
        self.manner = self.random.choice(("free", "free", "few", "clean"))
        self.allowed = 1 + self.random.randrange(3) if self.manner == "few" else 0
        self.source.globals.append("__thread struct record tl;")

    # ---- chance

    def chance(self, of_100):
        return self.random.randrange(100) < of_100

    def pick(self, sequence):
        return self.random.choice(list(sequence))

    # ---- steps

    def site(self, function, outer=()):
        site = Site(function, list(outer))
        self.sites.append(site)
        return site

    def own_site(self, thread):
        site = self.site(function_of(thread))
        self.source.bodies[thread.number].append(site)
        return site

    def do(self, thread, text):
        """A step that ends by itself."""
        self.steps += 1
        site = self.own_site(thread)
        site.text = f"await(&s, {self.steps - 1}); {text} step(&s, {self.steps});"
        return site

    def do_by(self, thread, function, text="", before=""):
        """The same, with the statement in a function of its own, to which `before` and the name lead."""
        site = self.site(function, [function_of(thread)])
        site.text = text
        self.do(thread, f"{before or function + '()'};")
        return site

    def do_in_function(self, thread, text):
        name = f"f{self.steps + 1}"
        site = self.do_by(thread, name, text)
        keep = self.pick(("__attribute__((noinline)) ", "inline "))
        if self.machine:
            keep = "__attribute__((noinline)) "  # or a line may be that of the caller
        self.source.functions.append((f"static {keep}void {name}(void)", [site]))
        return site

    def sleep(self, thread, text):
        """Announces itself, then does what sleeps. wake() has to follow, right after the step that ends the sleep."""
        self.steps += 1
        site = self.own_site(thread)
        site.text = f"await(&s, {self.steps - 1}); step(&s, {self.steps}); {text}"
        thread.state = "asleep"
        return site

    def wake(self, thread, site, text=""):
        self.steps += 1
        site.text += f" {text} await(&s, {self.steps - 1}); step(&s, {self.steps});"
        thread.state = "ready"

    def in_handler(self, thread, text):
        """The next step, done by the signal handler on top of the thread, which waits for a step of its own."""
        site = self.in_cases(self.source.cases, "on_signal", [function_of(thread)], text)
        self.do(thread, "")
        return site

    def in_cases(self, cases, function, outer, text):
        """The next step, one of those of a function that libc calls and that is told the number of the step."""
        self.steps += 1
        site = self.site(function, outer)
        apart = f'__asm__ volatile("" : : "i"({self.steps}));'  # or clang makes one store, without a line, of those of two cases
        site.text = f"case {self.steps}: await(&s, {self.steps - 1}); {text} {apart} step(&s, {self.steps}); break;"
        cases.append(site)
        return site

    # ---- threads

    def ready(self, *without):
        return [t for t in self.threads.values() if t.state == "ready" and t not in without]

    def begin_main(self):
        main = self.threads[0] = Thread(0, "main")
        self.source.bodies[0] = []
        self.oracle.born(0)
        self.add_places_of(main)
        return main

    def create(self, parent):
        number = len(self.threads)
        kind = self.pick(("pthread", "pthread", "std" if self.cxx else "c11"))
        new = Thread(number, kind)
        result = "int" if kind == "c11" else "void *"
        head = f"static {result} t{number}(void *arg)"
        self.source.globals.append(head + ";")
        self.source.begins[number] = [head, "{", "    (void)arg;", "    struct record local;",
                                      f"    publish({number}, &local, &tl);"]
        self.source.bodies[number] = []
        if kind == "pthread":
            text = f"{{ pthread_t h; must(!pthread_create(&h, 0, t{number}, 0)); put_thread({number}, h); }}"
        elif kind == "c11":
            text = f"{{ thrd_t h; must(thrd_create(&h, t{number}, 0) == thrd_success); put_thread({number}, h); }}"
        else:
            text = f"put_thread({number}, (new std::thread(t{number}, nullptr))->native_handle());"
        self.do(parent, text)
        self.oracle.born(number, parent.number)
        self.threads[number] = new
        self.do(new, "")
        self.add_places_of(new)
        return new

    def add_places_of(self, thread):
        n = thread.number
        # clang 19 has no hook for the fields of a local variable that are not its first, though its address is known elsewhere.
        direct = {} if self.clang else {n: "local"}
        self.places.append(Place(f"stack of {n}", "stack", RECORD_SIZE, direct, f"stack({n})", n))
        self.places.append(Place(f"tls of {n}", "tls", RECORD_SIZE, {n: "tl"}, f"tls({n})", n))

    def end(self, thread):
        """The thread does its last step. What is on its stack is there until then."""
        self.do(thread, "")
        thread.state = "ended"
        self.places = [p for p in self.places if p.owner != thread.number]

    # ---- memory

    def lvalue(self, number, place, at, size):
        """(text, whether it is a bit-field): an lvalue of these bytes. number: the thread in whose function it stands, or -1."""
        direct = place.direct.get(number, place.direct.get(None))
        fields = [f for f in RECORD if f[1:] == (at, size)]
        if direct and fields and self.chance(70):
            name = self.pick(fields)[0]
            return f"{direct}.{name}", name in BITS
        if place.size == RECORD_SIZE and fields and self.chance(50):
            name = self.pick(fields)[0]
            return f"((struct record *){place.pointer})->{name}", name in BITS
        sort = "A" if at % size == 0 and size < 16 and self.chance(60) else "U"
        return f"*({sort}{size} *)({place.pointer} + {at})", False

    def may(self, thread, accesses):
        """Whether these accesses, [(place, begin, size, kind)], are wanted in this program."""
        if self.manner == "free":
            return True
        races = sum(bool(self.oracle.races_with(thread.number, *access)) for access in accesses)
        if races > self.allowed:
            return False
        self.allowed -= races
        return True

    def accessed(self, thread, site, accesses):
        for place, begin, size, kind in accesses:
            locks = {(lock.name, taken) for lock, taken in thread.taken.items()}
            self.oracle.access(site, thread.number, place, begin, size, kind, locks)

    def plain_bytes(self, place):
        if place.size == RECORD_SIZE and self.chance(70):
            return self.pick(RECORD)[1:]
        size = self.pick((1, 2, 4, 4, 8, 8, 8 if self.machine else 16))  # of sixteen a compiler reads what is used
        at = self.random.randrange(max(1, min(place.size, 48) - size + 1))
        if place.size > 4096 and self.chance(50):
            at = 4096 - self.random.randrange(size + 8)
        return at, min(size, place.size)


def function_of(thread):
    return f"t{thread.number}" if thread.number else "main"
