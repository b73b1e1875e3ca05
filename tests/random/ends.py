"""How threads end: what is run after their function, exits from within, cancellation; and who is detached.

A thread's last words are steps of `last_words`, the destructor of a key or of a thread-local object, or a cleanup handler."""
from locks import give_all
from oracle import READ, WRITE
from world import function_of


def begin(world):
    add, setup = world.source.globals.append, world.source.setup.append
    add("static void last_words(void *number);")
    add("pthread_key_t key;")
    setup("must(!pthread_key_create(&key, last_words));")
    if world.cxx:
        add("struct parting { int number; ~parting() { if (number) last_words((void *)(intptr_t)number); } };")
        add("thread_local struct parting parting;")
    else:
        add("tss_t tss;")
        setup("must(tss_create(&tss, last_words) == thrd_success);")


def may_end(world, thread):
    return thread.number and not any(lock.pinned for lock in thread.held) and len(world.ready()) > 2


def ended(world, thread):
    """Its last step is done: what was its own is gone."""
    thread.state = "ended"
    world.places = [p for p in world.places if p.owner != thread.number]


def say(world, thread, outer):
    """The next step, done by last_words."""
    place = world.pick([p for p in world.places if p.kind != "stack" or p.owner != thread.number])
    at, size = world.plain_bytes(place)
    access = (place, at, size, world.pick((READ, WRITE)))
    text = ""
    if world.may(thread, [access]):
        lvalue, _ = world.lvalue(-1, place, at, size)
        text = f"{lvalue} = 5;" if access[3] == WRITE else f"{{ uint64_t v = (uint64_t){lvalue}; USE(v); }}"
    site = world.in_cases(world.source.words, "last_words", outer, text)
    if text:
        world.accessed(thread, site, [access])


def last_words(world, thread):
    """Ends, and a destructor has something to say."""
    if not may_end(world, thread):
        return False
    give_all(world, thread)
    number = world.steps + 2
    how = world.pick(("key", "key", "parting" if world.cxx else "tss"))
    world.do(thread, {"key": f"must(!pthread_setspecific(key, (void *){number}));",
                      "tss": f"must(tss_set(tss, (void *){number}) == thrd_success);",
                      "parting": f"parting.number = {number};"}[how])
    say(world, thread, ["parting::~parting"] if how == "parting" else [])
    ended(world, thread)
    return True


def leave(world, thread):
    """Ends by a call, in a function of its own."""
    if not may_end(world, thread) or world.cxx:  # in C++ libstdc++'s thread makes an end of what unwinds through it
        return False
    give_all(world, thread)
    name = f"leave{world.steps + 1}"
    text = "thrd_exit(0);" if thread.kind == "c11" else "pthread_exit(0);"
    site = world.do_by(thread, name, "")
    # The step's end has to come before the call, which does not return.
    site.text = f"step(&s, {world.steps}); {text}"
    world.source.functions.append((f"static __attribute__((noinline)) void {name}(void)", [site]))
    ended(world, thread)
    return True


def cancel(world, thread):
    """Cancelled in a sleep, with a handler for it."""
    if not may_end(world, thread) or thread.kind != "pthread" or world.cxx or not world.ready(thread):
        return False
    give_all(world, thread)
    number = world.steps + 3
    sleep = world.pick(("pause();", "poll(0, 0, -1);", "{ struct timespec t = {1000000, 0}; nanosleep(&t, 0); }",
                        "for (;;) pthread_testcancel();"))
    world.sleep(thread, f"pthread_cleanup_push(last_words, (void *){number}); {sleep} pthread_cleanup_pop(0);")
    canceller = world.pick(world.ready(thread))
    world.do(canceller, f"must(!pthread_cancel(thread({thread.number})));")
    world.oracle.release(canceller.number, f"cancel {thread.number}")
    world.oracle.acquire(thread.number, f"cancel {thread.number}")
    say(world, thread, [function_of(thread)])
    ended(world, thread)
    return True


def detach(world, thread):
    """By whoever is at it; itself, too."""
    others = [t for t in world.threads.values() if t.number and t.state in ("ready", "ended") and not t.detached]
    if not others:
        return False
    other = world.pick(others)
    world.do(thread, f"must(thrd_detach(thread({other.number})) == thrd_success);" if other.kind == "c11"
             else f"must(!pthread_detach(thread({other.number})));")
    other.detached = True
    return True


STEPS = [(last_words, 3), (leave, 1), (cancel, 2), (detach, 1)]
