"""Steps that order threads without a lock: threads' own begin and end, semaphores, barriers, one-time initialisation, signals,
descriptors, and what C++ has of these."""
import accesses
from locks import give_all
from oracle import READ, WRITE


class Semaphore:
    def __init__(self, name, post, waits, wait_now, count):
        """waits: statements that may sleep; wait_now: those that never do."""
        self.name, self.post, self.waits, self.wait_now, self.count, self.pinned = name, post, waits, wait_now, count, False


class Channel:
    """One direction of a pipe or a pair of sockets."""

    def __init__(self, name, reader, writer, put, get):
        self.name, self.reader, self.writer, self.put, self.get = name, reader, writer, put, get
        self.bytes = 0
        self.pinned = False


def begin(world):
    add, setup = world.source.globals.append, world.source.setup.append
    add("sem_t s0, s1;")
    setup("sem_init(&s0, 0, 1); sem_init(&s1, 0, 0);")
    waits = ("must(!sem_wait({0}));", "must(!sem_timedwait({0}, &far));", "must(!sem_clockwait({0}, CLOCK_MONOTONIC, &far));")
    add("sem_t *s3;")
    setup('{ char n[32]; snprintf(n, sizeof n, "/random-%d", (int)getpid()); '
          "must((s3 = sem_open(n, O_CREAT | O_EXCL, 0600, 0)) != SEM_FAILED && !sem_unlink(n)); }")
    world.semaphores = [Semaphore(n, f"sem_post({n});", [w.format(n) for w in waits], [f"must(!sem_trywait({n}));"], c)
                        for n, c in (("&s0", 1), ("&s1", 0), ("s3", 0))]
    add("int pipe0[2], pair0[2], event0;")
    setup("must(!pipe(pipe0) && !socketpair(AF_UNIX, SOCK_STREAM, 0, pair0) && (event0 = eventfd(0, EFD_SEMAPHORE)) >= 0);")
    plain = ("must(write({0}, {1}, {2}) == {2});", "must(read({0}, {1}, {2}) == {2});")
    messages = ("must(send({0}, {1}, {2}, 0) == {2});", "must(recv({0}, {1}, {2}, 0) == {2});")
    world.channels = [Channel("pipe0", "pipe0[0]", "pipe0[1]", *plain), Channel("pair0", "pair0[0]", "pair0[1]", *messages),
                      Channel("pair1", "pair0[1]", "pair0[0]", *world.pick((plain, messages)))]
    world.events = Semaphore("event0", "{ uint64_t v = 1; must(write(event0, &v, 8) == 8); }",
                             ["{ uint64_t v; must(read(event0, &v, 8) == 8); }", "{ eventfd_t v; must(!eventfd_read(event0, &v)); }"],
                             [], 0)
    setup("{ struct sigaction a; memset(&a, 0, sizeof a); a.sa_handler = on_signal; sigaction(SIGUSR1, &a, 0); }")
    setup("{ sigset_t m; sigemptyset(&m); sigaddset(&m, SIGUSR2); pthread_sigmask(SIG_BLOCK, &m, 0); }")
    world.onces, world.rounds, world.once_done = 0, 0, []
    world.semaphores.append(world.events)
    if world.cxx:
        add("std::counting_semaphore<100> s2(0);")
        world.semaphores.append(Semaphore("s2", "s2.release();", [], ["s2.acquire();"], 0))
        # Never destroyed: main may return before the thread that sets one is joined.
        add("std::promise<int> &p0 = *new std::promise<int>, &p1 = *new std::promise<int>;")
        add("std::shared_future<int> &u0 = *new std::shared_future<int>(p0.get_future().share());")
        add("std::shared_future<int> &u1 = *new std::shared_future<int>(p1.get_future().share());")
        # In one of libstdc++'s places for those who wait, which it finds by bits 2 to 5 of an address.
        add("alignas(64) std::latch l0(2), l1(1);")
        world.latches = {"l0": 2, "l1": 1}
        world.promises = {"0": None, "1": None}


# ---- threads -------------------------------------------------------------------------------------------------------


def create(world, thread):
    if len(world.threads) >= world.most_threads or len(world.ready()) >= 5:
        return False
    world.create(thread)
    return True


def end_thread(world, thread):
    if thread.number == 0 or any(lock.pinned for lock in thread.held) or len(world.ready()) < 3:
        return False
    give_all(world, thread)
    world.end(thread)
    return True


def join_call(world, thread):
    if thread.kind == "c11":
        return f"must(thrd_join(thread({thread.number}), 0) == thrd_success);"
    call = world.pick(("must(!pthread_join({0}, 0));", "must(!pthread_timedjoin_np({0}, 0, &far));",
                       "must(!pthread_clockjoin_np({0}, 0, CLOCK_MONOTONIC, &far));",
                       "while (pthread_tryjoin_np({0}, 0)) sched_yield();"))
    return call.format(f"thread({thread.number})")


def joined(world, thread, ended):
    world.oracle.joined(thread.number, ended.number)
    ended.state = "joined"


def join(world, thread):
    ended = [t for t in world.threads.values() if t.state == "ended" and t.number and not t.detached]
    if ended:
        other = world.pick(ended)
        world.do(thread, join_call(world, other))
        joined(world, thread, other)
        return True
    others = [t for t in world.ready(thread) if t.number and not t.detached and not any(lock.pinned for lock in t.held)]
    if not others or len(world.ready()) < 3 or any(lock.pinned for lock in thread.held) or thread.held:
        return False
    other = world.pick(others)
    sleeping = world.sleep(thread, join_call(world, other))
    give_all(world, other)
    accesses.plain(world, other)
    world.end(other)
    world.wake(thread, sleeping)
    joined(world, thread, other)
    return True


# ---- semaphores, barriers, latches ---------------------------------------------------------------------------------


def post(world, thread):
    semaphore = world.pick(s for s in world.semaphores)
    if semaphore.pinned:
        return False
    world.do(thread, semaphore.post)
    world.oracle.release(thread.number, semaphore.name)
    semaphore.count += 1
    return True


def wait(world, thread):
    semaphore = world.pick(s for s in world.semaphores)
    if semaphore.pinned:
        return False
    if semaphore.count:
        world.do(thread, world.pick(semaphore.waits + semaphore.wait_now))
    else:
        if thread.number == 0 or not world.ready(thread) or not semaphore.waits:
            return False
        semaphore.pinned = True
        sleeping = world.sleep(thread, world.pick(semaphore.waits))
        world.meanwhile()
        poster = world.pick(world.ready(thread))
        world.do(poster, semaphore.post)
        world.oracle.release(poster.number, semaphore.name)
        semaphore.count += 1
        semaphore.pinned = False
        world.wake(thread, sleeping)
    semaphore.count -= 1
    world.oracle.acquire(thread.number, semaphore.name)
    return True


def barrier(world, thread):
    """A round: all but the last sleep, and all know of all."""
    parties = [t for t in world.ready(thread) if t.number]
    world.random.shuffle(parties)
    parties = parties[:world.random.randrange(1, 4)]
    if not parties:
        return False
    name = f"barrier{len(parties) + 1}"
    if name in world.barriers:
        return False
    definition = f"pthread_barrier_t {name};"
    if definition not in world.source.globals:
        world.source.globals.append(definition)
        world.source.setup.append(f"pthread_barrier_init(&{name}, 0, {len(parties) + 1});")
    world.barriers.add(name)
    world.rounds += 1
    key = f"round {world.rounds}"
    sleeping = []
    for party in parties:
        sleeping.append(world.sleep(party, f"pthread_barrier_wait(&{name});"))
        world.oracle.release(party.number, key)
    world.meanwhile()
    last = world.pick(world.ready())
    world.do(last, f"pthread_barrier_wait(&{name});")
    world.oracle.release(last.number, key)
    world.oracle.acquire(last.number, key)
    for party, site in zip(parties, sleeping):
        world.wake(party, site)
        world.oracle.acquire(party.number, key)
    world.barriers.remove(name)
    return True


def latch(world, thread):
    """libstdc++ counts who is in wait() by operations that acquire and release, and who brings a latch to zero looks at that number."""
    if not world.cxx:
        return False
    name = world.pick(world.latches)
    if world.latches[name]:
        world.do(thread, f"{name}.count_down();")
        world.oracle.release(thread.number, name)
        world.latches[name] -= 1
        if not world.latches[name]:
            world.oracle.acquire(thread.number, "latch waiters")
        return True
    how = world.pick(("{0}.wait();", "must({0}.try_wait());"))
    world.do(thread, how.format(name))
    if "try" not in how:
        world.oracle.acquire(thread.number, "latch waiters")
        world.oracle.release(thread.number, "latch waiters")
    world.oracle.acquire(thread.number, name)
    if "try" not in how:
        world.oracle.release(thread.number, "latch waiters")
    return True


def promise(world, thread):
    if not world.cxx:
        return False
    name = world.pick(world.promises)
    if world.promises[name]:
        world.do(thread, f"must(u{name}.get() == 5);")
        world.oracle.acquire(thread.number, f"promise {name}")
        return True
    others = [t for t in world.ready(thread) if t.number]
    # Who waits for one says so by an atomic operation, which in machine code is a release.
    sleeper = world.pick(others) if others and not world.machine and world.chance(50) else None
    if sleeper:
        sleeping = world.sleep(sleeper, f"must(u{name}.get() == 5);")
    world.do(thread, f"p{name}.set_value(5);")
    world.oracle.release(thread.number, f"promise {name}")
    world.promises[name] = True
    if sleeper:
        world.wake(sleeper, sleeping)
        world.oracle.acquire(sleeper.number, f"promise {name}")
    return True


# ---- one-time initialisation ---------------------------------------------------------------------------------------


def once(world, thread):
    if world.once_done and world.chance(60):
        name, text = world.pick(world.once_done)
        world.do(thread, text)
        world.oracle.acquire(thread.number, name)
        return True
    world.onces += 1
    name = f"o{world.onces}"
    place = world.pick(world.places)
    at, size = world.plain_bytes(place)
    if not world.may(thread, [(place, at, size, WRITE)]):
        return False
    lvalue, _ = world.lvalue(-1, place, at, size)
    kind = world.pick(("pthread", "std", "static") if world.cxx else ("pthread", "c11"))
    inner = f"i{world.onces}"
    head = f"static void {inner}(void)"
    if kind == "pthread":
        definition, text = f"pthread_once_t {name} = PTHREAD_ONCE_INIT;", f"pthread_once(&{name}, {inner});"
    elif kind == "c11":
        definition, text = f"once_flag {name} = ONCE_FLAG_INIT;", f"call_once(&{name}, {inner});"
    elif kind == "std":
        definition, text = f"std::once_flag {name};", f"std::call_once({name}, {inner});"
    else:
        head = f"static int {inner}(void)"
        definition = f"int {name}();"
        text = f"{name}();"
    world.source.globals.append(definition)
    site = world.do_by(thread, inner, f"{lvalue} = 3;" + (" return 1;" if kind == "static" else ""), before=text.rstrip(";"))
    world.source.functions.append((head, [site]))
    if kind == "static":
        site.outer.insert(0, name)
        call = world.site(name)
        call.text = f"static int v = {inner}(); return v;"
        world.source.functions.append((f"int {name}()", [call]))
    world.accessed(thread, site, [(place, at, size, WRITE)])
    world.oracle.release(thread.number, name)
    world.once_done.append((name, text))
    return True


def compare(world, thread):
    """A comparison that the C library calls back."""
    place = world.pick(world.places)
    at, size = world.plain_bytes(place)
    if not world.may(thread, [(place, at, size, WRITE)]):
        return False
    lvalue, _ = world.lvalue(-1, place, at, size)
    name = f"compare{world.steps + 1}"
    site = world.do_by(thread, name, f"{lvalue} = 2; return 0;", before=f"{{ int n[2] = {{2, 1}}; qsort(n, 2, sizeof(int), {name}); }}")
    world.source.functions.append((f"static int {name}(const void *a, const void *b)", [site]))
    world.accessed(thread, site, [(place, at, size, WRITE)])
    return True


# ---- signals -------------------------------------------------------------------------------------------------------


def send_signal(world, to, number):
    return (f"must(!pthread_kill(thread({to.number}), {number}));" if world.chance(60) else
            f"{{ union sigval v = {{0}}; must(!pthread_sigqueue(thread({to.number}), {number}, v)); }}")


def signal(world, thread):
    """A handler runs on top of a thread that waits for its turn, or the signal is waited for."""
    others = world.ready(thread)
    if not others:
        return False
    other = world.pick(others)
    if world.chance(40) and other.number:
        wait = world.pick(("int n; must(!sigwait(&m, &n));", "must(sigwaitinfo(&m, 0) == SIGUSR2);",
                           "must(sigtimedwait(&m, 0, &far) == SIGUSR2);"))
        sleeping = world.sleep(other, f"{{ sigset_t m; sigemptyset(&m); sigaddset(&m, SIGUSR2); {wait} }}")
        world.do(thread, send_signal(world, other, "SIGUSR2"))
        world.oracle.release(thread.number, "SIGUSR2")
        world.wake(other, sleeping)
        world.oracle.acquire(other.number, "SIGUSR2")
        return True
    if other.number == 0:
        return False
    place = world.pick(world.places)
    at, size = world.plain_bytes(place)
    world.do(thread, f"signal_will({world.steps + 2}); " + send_signal(world, other, "SIGUSR1"))
    world.oracle.release(thread.number, "SIGUSR1")
    world.oracle.acquire(other.number, "SIGUSR1")
    lvalue, bits = world.lvalue(-1, place, at, size)
    access = (place, at, size, world.pick((READ, WRITE)))
    if not world.may(other, [access]):
        world.in_handler(other, "")
        return True
    text = f"{lvalue} = 6;" if access[3] == WRITE else f"{{ uint64_t v = (uint64_t){lvalue}; USE(v); }}"
    site = world.in_handler(other, text)
    world.accessed(other, site, [access])
    return True


# ---- descriptors ---------------------------------------------------------------------------------------------------


def send(world, thread):
    """Data that comes from a place of the program and goes into one."""
    channel = world.pick(world.channels)
    if channel.pinned or channel.bytes > 1000:
        return False
    place = world.pick(world.places)
    n = min(world.pick((1, 4, 9, 24)), place.size)
    at = world.random.randrange(place.size - n + 1)
    if not world.may(thread, [(place, at, n, READ)]):
        return False
    site = world.do(thread, channel.put.format(channel.writer, f"{place.pointer} + {at}", n))
    world.accessed(thread, site, [(place, at, n, READ)])
    world.oracle.release(thread.number, channel.name)
    channel.bytes += n
    return True


def receive(world, thread):
    channel = world.pick(world.channels)
    if channel.pinned:
        return False
    if channel.bytes and world.chance(20):
        world.do(thread, f"{{ struct pollfd f = {{{channel.reader}, POLLIN, 0}}; must(poll(&f, 1, 0) == 1); }}")
        world.oracle.acquire(thread.number, channel.name)
        return True
    place = world.pick(world.places)
    n = min(world.pick((1, 4, 9)), place.size, channel.bytes or 1)
    at = world.random.randrange(place.size - n + 1)
    access = (place, at, n, WRITE)
    text = channel.get.format(channel.reader, f"{place.pointer} + {at}", n)
    if channel.bytes:
        before = dict(world.oracle.clocks[thread.number])
        world.oracle.acquire(thread.number, channel.name)
        if not world.may(thread, [access]):
            world.oracle.clocks[thread.number] = before
            return False
        channel.bytes -= n
        world.accessed(thread, world.do(thread, text), [access])
        return True
    senders = world.ready(thread)
    if thread.number == 0 or not senders or world.manner != "free":
        return False
    sender = world.pick(senders)
    sleeping = world.sleep(thread, text)
    world.do(sender, channel.put.format(channel.writer, '(const void *)"data"', n))
    world.oracle.release(sender.number, channel.name)
    world.wake(thread, sleeping)
    world.oracle.acquire(thread.number, channel.name)
    world.accessed(thread, sleeping, [access])
    return True


STEPS = [(create, 4), (end_thread, 2), (join, 3), (post, 4), (wait, 5), (barrier, 4), (latch, 3), (promise, 3), (once, 4), (compare, 1),
         (signal, 4), (send, 4), (receive, 5)]
