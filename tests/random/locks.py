"""Steps that take and give locks, and conditions.

Locks are taken in the order of their rank, so that no cycle is there to be reported; only a trylock may go against it, and who has
done so takes nothing below. Whoever sleeps for a lock gets it in the very next step after it was given."""
import accesses
from oracle import READ, WRITE
from world import Place


class Lock:
    def __init__(self, name, kind, rank):
        self.name, self.kind, self.rank = name, kind, rank
        self.owner = None
        self.depth = 0
        self.readers = []
        self.pinned = False  # somebody sleeps for it, or waits on its condition

    def free(self):
        return self.owner is None and not self.readers


TYPES = {  # definition, statements of main
    "mutex": ("pthread_mutex_t {0} = PTHREAD_MUTEX_INITIALIZER;", ""),
    "recursive": ("pthread_mutex_t {0} = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;", ""),
    "errorcheck": ("pthread_mutex_t {0} = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;", ""),
    "rwlock": ("pthread_rwlock_t {0} = PTHREAD_RWLOCK_INITIALIZER;", ""),
    "robust": ("pthread_mutex_t {0};", "init_mutex(&{0}, PTHREAD_MUTEX_ROBUST, PTHREAD_PRIO_NONE);"),
    "inheriting": ("pthread_mutex_t {0};", "init_mutex(&{0}, PTHREAD_MUTEX_STALLED, PTHREAD_PRIO_INHERIT);"),
    "writers-first": ("pthread_rwlock_t {0} = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;", ""),
    "spin": ("pthread_spinlock_t {0};", "pthread_spin_init(&{0}, 0);"),
    "c11": ("mtx_t {0};", "mtx_init(&{0}, mtx_timed | mtx_recursive);"),
    "std": ("std::mutex {0};", ""),
    "std-recursive": ("std::recursive_mutex {0};", ""),
    "std-timed": ("std::timed_mutex {0};", ""),
    "std-shared": ("std::shared_mutex {0};", ""),
}
RECURSIVE = ("recursive", "c11", "std-recursive")
SHARED = ("rwlock", "writers-first", "std-shared")
# kind: (lock, try, give, timed); a statement each that fails the program if it goes otherwise. {0}: the name, {1}: 1 if it is got,
# {2}: a time, {3}: a clock
PTHREAD = ("must(!pthread_mutex_lock(&{0}));", "must(!pthread_mutex_trylock(&{0}) == {1});",
           "must(!pthread_mutex_unlock(&{0}));", ("must(!pthread_mutex_timedlock(&{0}, &{2}) == {1});",
                                                  "must(!pthread_mutex_clocklock(&{0}, {3}, &{2}) == {1});"))
RWLOCK = ("must(!pthread_rwlock_wrlock(&{0}));", "must(!pthread_rwlock_trywrlock(&{0}) == {1});",
          "must(!pthread_rwlock_unlock(&{0}));", ("must(!pthread_rwlock_timedwrlock(&{0}, &{2}) == {1});",
                                                  "must(!pthread_rwlock_clockwrlock(&{0}, {3}, &{2}) == {1});"))
READ_RWLOCK = ("must(!pthread_rwlock_rdlock(&{0}));", "must(!pthread_rwlock_tryrdlock(&{0}) == {1});",
               "must(!pthread_rwlock_unlock(&{0}));", ("must(!pthread_rwlock_timedrdlock(&{0}, &{2}) == {1});",
                                                       "must(!pthread_rwlock_clockrdlock(&{0}, {3}, &{2}) == {1});"))
CLOCKS = ("CLOCK_REALTIME", "CLOCK_MONOTONIC")
STD = ("{0}.lock();", "must({0}.try_lock() == {1});", "{0}.unlock();", None)
CALLS = {
    "mutex": PTHREAD, "recursive": PTHREAD, "errorcheck": PTHREAD, "robust": PTHREAD,
    "inheriting": PTHREAD[:3] + (PTHREAD[3][:1],),  # libc refuses any other clock for it
    "rwlock": RWLOCK, "writers-first": RWLOCK,
    "spin": ("pthread_spin_lock(&{0});", "must(!pthread_spin_trylock(&{0}) == {1});", "pthread_spin_unlock(&{0});", None),
    "c11": ("must(mtx_lock(&{0}) == thrd_success);", "must((mtx_trylock(&{0}) == thrd_success) == {1});",
            "must(mtx_unlock(&{0}) == thrd_success);", ("must((mtx_timedlock(&{0}, &{2}) == thrd_success) == {1});",)),
    "std": STD, "std-recursive": STD,
    "std-timed": STD[:3] + (("must({0}.try_lock_until(std::chrono::system_clock::from_time_t({2}.tv_sec)) == {1});",),),
    "std-shared": STD,
}
READ_CALLS = {
    "rwlock": READ_RWLOCK, "writers-first": READ_RWLOCK,
    "std-shared": ("{0}.lock_shared();", "must({0}.try_lock_shared() == {1});", "{0}.unlock_shared();", None),
}
CONDITIONS = {  # of a kind of lock: definition, wait, timed wait that is over at once, signal, broadcast. {0}: the lock, {1}: {0}_told
    "mutex": ("pthread_cond_t c_{0} = PTHREAD_COND_INITIALIZER;", "while (!{1}) pthread_cond_wait(&c_{0}, &{0}); {1} = 0;",
              "must(pthread_cond_timedwait(&c_{0}, &{0}, &past) == ETIMEDOUT);",
              "pthread_cond_signal(&c_{0});", "pthread_cond_broadcast(&c_{0});"),
    "errorcheck": ("pthread_cond_t c_{0} = PTHREAD_COND_INITIALIZER;",
                   "while (!{1}) pthread_cond_clockwait(&c_{0}, &{0}, CLOCK_MONOTONIC, &far); {1} = 0;",
                   "must(pthread_cond_clockwait(&c_{0}, &{0}, CLOCK_REALTIME, &past) == ETIMEDOUT);",
                   "pthread_cond_signal(&c_{0});", "pthread_cond_broadcast(&c_{0});"),
    "c11": ("cnd_t c_{0};", "while (!{1}) cnd_wait(&c_{0}, &{0}); {1} = 0;",
            "must(cnd_timedwait(&c_{0}, &{0}, &past) == thrd_timedout);", "cnd_signal(&c_{0});", "cnd_broadcast(&c_{0});"),
    "std": ("std::condition_variable c_{0};",
            "{{ std::unique_lock<std::mutex> u({0}, std::adopt_lock); while (!{1}) c_{0}.wait(u); u.release(); }} {1} = 0;",
            None, "c_{0}.notify_one();", "c_{0}.notify_all();"),
}


def begin(world):
    kinds = ["mutex", "recursive", "errorcheck", "robust", "inheriting", "rwlock", "writers-first", "spin"]
    kinds += ["std", "std-recursive", "std-timed", "std-shared"] if world.cxx else ["c11"]
    chosen = [world.pick(kinds) for _ in range(4)]
    world.locks = []
    for rank, kind in enumerate(chosen):
        lock = Lock(f"m{rank}", kind, rank)
        definition, setup = TYPES[kind]
        world.source.globals.append(definition.format(lock.name))
        if setup:
            world.source.setup.append(setup.format(lock.name))
        if kind in CONDITIONS:
            world.source.globals += [CONDITIONS[kind][0].format(lock.name), f"int {lock.name}_told;"]
            if kind == "c11":
                world.source.setup.append(f"cnd_init(&c_{lock.name});")
        lock.told = Place(f"{lock.name}_told", "global", 4, {}, f"(bytes)&{lock.name}_told")
        world.locks.append(lock)


# ---- what a lock orders: who gives it is before whoever gets it later; readers are not before readers


def got(world, thread, lock, site, reads=False):
    thread.taken.setdefault(lock, site)
    world.oracle.acquire(thread.number, lock.name)
    if reads:
        lock.readers.append(thread)
    else:
        world.oracle.acquire(thread.number, lock.name + " readers")
        lock.owner = thread
        lock.depth += 1
    thread.held.append(lock)


def given(world, thread, lock):
    """Of a recursive one, each unlock counts: one that does not free it lets nobody in."""
    thread.held.reverse()
    thread.held.remove(lock)
    thread.held.reverse()
    if lock not in thread.held:
        del thread.taken[lock]
    if thread in lock.readers:
        lock.readers.remove(thread)
        world.oracle.release(thread.number, lock.name + " readers")
        return
    lock.depth -= 1
    world.oracle.release(thread.number, lock.name)
    if not lock.depth:
        lock.owner = None


def in_order(thread, lock):
    return all(held.rank < lock.rank for held in thread.held)


def take(world, thread):
    lock = world.pick(world.locks)
    reads = lock.kind in SHARED and world.chance(60)
    calls = (READ_CALLS if reads else CALLS)[lock.kind]
    mine = lock in thread.held
    how = world.pick(("lock", "lock", "lock", "lock", "try", "timed"))
    if lock.pinned:
        return False
    if mine and (lock.kind not in RECURSIVE or thread.held[-1] is not lock or lock.depth > 2):
        return False
    could = mine or (lock.owner is None if reads else lock.free())
    if how == "try" or (how == "timed" and not could and calls[3]):
        if not could and lock.kind == "errorcheck" and how == "timed":
            return False
        call = calls[1] if how == "try" else world.pick(calls[3])
        text = call.format(lock.name, int(could), "past", world.pick(CLOCKS))
        if how == "timed" and not in_order(thread, lock):
            return False  # a timed lock waits, if not for ever: it has its place in the order of locks
        site = world.do(thread, text)
        if could:
            got(world, thread, lock, site, reads)
        return True
    if not mine and not in_order(thread, lock):
        return False
    if could:
        call = world.pick(calls[3]) if how == "timed" and calls[3] else calls[0]
        site = world.do(thread, call.format(lock.name, 1, "far", world.pick(CLOCKS)))
        got(world, thread, lock, site, reads)
        return True
    return take_later(world, thread, lock, reads, calls[0].format(lock.name, 1))


def take_later(world, thread, lock, reads, text):
    """It is held: sleeps until whoever has it gives it."""
    holders = [lock.owner] if lock.owner else list(lock.readers)
    if thread in holders or thread.number == 0 or any(h.state != "ready" for h in holders):
        return False
    lock.pinned = True
    sleeping = world.sleep(thread, text)
    world.meanwhile()
    for holder in holders:
        while holder in lock.readers or holder is lock.owner:
            give_this(world, holder, lock)
    lock.pinned = False
    world.wake(thread, sleeping)
    got(world, thread, lock, sleeping, reads)
    return True


def give_this(world, thread, lock):
    calls = (READ_CALLS if thread in lock.readers else CALLS)[lock.kind]
    world.do(thread, calls[2].format(lock.name))
    given(world, thread, lock)


def give(world, thread):
    locks = [lock for lock in thread.held if not lock.pinned]
    if not locks:
        return False
    give_this(world, thread, world.pick(locks))
    return True


def both_read(world, thread):
    """Two threads, one after the other, hold the same lock for reading, and access the same bytes."""
    locks = [lock for lock in world.locks if lock.kind in SHARED and lock.owner is None and not lock.pinned]
    others = world.ready(thread)
    if not locks or not others:
        return False
    lock, place = world.pick(locks), world.pick(world.places)
    where = (place,) + tuple(world.plain_bytes(place))
    for each in (thread, world.pick(others)):
        if lock in each.held or not in_order(each, lock):
            return False
        got(world, each, lock, world.do(each, READ_CALLS[lock.kind][0].format(lock.name)), reads=True)
        accesses.plain(world, each, where)
        give_this(world, each, lock)
    return True


def give_all(world, thread):
    while thread.held:
        give_this(world, thread, thread.held[-1])


# ---- conditions: a wait gives its mutex and gets it again; a signal orders nothing


def wait(world, thread):
    locks = [lock for lock in thread.held if lock.kind in CONDITIONS and lock.depth == 1 and not lock.pinned]
    if not locks or thread.held[-1] is not locks[-1]:
        return False
    lock = locks[-1]
    definition, text, timed, one, every = CONDITIONS[lock.kind]
    told = (lock.told, 0, 4)
    if timed and world.chance(30):
        thread.taken[lock] = world.do(thread, timed.format(lock.name))
        world.oracle.release(thread.number, lock.name)
        world.oracle.acquire(thread.number, lock.name)
        return True
    if thread.number == 0:
        return False
    lock.pinned = True
    sleeping = world.sleep(thread, text.format(lock.name, f"{lock.name}_told"))
    world.accessed(thread, sleeping, [told + (READ,)])
    given(world, thread, lock)
    world.meanwhile()
    teller = world.pick(world.ready(thread))
    calls = CALLS[lock.kind]
    # Whoever waits is perhaps about to: has told that he will, and has the mutex still.
    site = world.do(teller, calls[0].format(lock.name) if in_order(teller, lock)
                    else calls[1].format(lock.name, 0).replace("must", "while"))
    got(world, teller, lock, site)
    site = world.do(teller, f"{lock.name}_told = 1;")
    world.accessed(teller, site, [told + (WRITE,)])
    signal = world.pick((one, every)).format(lock.name)
    if world.chance(40):
        world.do(teller, calls[2].format(lock.name))
        given(world, teller, lock)
        world.do(teller, signal)
    else:
        world.do(teller, signal)
        world.do(teller, calls[2].format(lock.name))
        given(world, teller, lock)
    lock.pinned = False
    world.wake(thread, sleeping)
    got(world, thread, lock, sleeping)
    world.accessed(thread, sleeping, [told + (READ,), told + (WRITE,)])
    return True


STEPS = [(take, 14), (give, 12), (wait, 6), (both_read, 3)]
