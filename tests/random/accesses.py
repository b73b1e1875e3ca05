"""Steps that access memory, and the lives of heap blocks."""
from oracle import ATOMIC_READ, ATOMIC_WRITE, FREE, READ, WRITE
from source import RECORD_SIZE
from world import Place

ORDERS = {"load": ("RELAXED", "CONSUME", "ACQUIRE", "SEQ_CST"), "store": ("RELAXED", "RELEASE", "SEQ_CST"),
          "rmw": ("RELAXED", "ACQUIRE", "RELEASE", "ACQ_REL", "SEQ_CST")}
SYNC = (("add", "__sync_fetch_and_add({0}, {1});", "SEQ_CST"), ("add", "__sync_xor_and_fetch({0}, {1});", "SEQ_CST"),
        ("cas", "__sync_bool_compare_and_swap({0}, {2}, {1});", "SEQ_CST"),
        ("cas-fails", "__sync_val_compare_and_swap({0}, ~{2}, {1});", "SEQ_CST"),
        ("exchange", "__sync_lock_test_and_set({0}, {1});", "ACQUIRE"), ("store", "__sync_lock_release({0});", "RELEASE"))
BLOCKS = (24, 32, 32, 40, 200, 5000)


def begin(world):
    """Global objects, before the first step."""
    for n in range(2):
        world.source.globals.append(f"struct record g{n};")
        world.places.append(Place(f"g{n}", "global", RECORD_SIZE, {None: f"g{n}"}, f"(bytes)&g{n}"))
    world.source.globals.append("unsigned char big[9000];")
    world.places.append(Place("big", "global", 9000, {}, "big"))
    world.atomics = []
    for n, size in enumerate((1, 2, 4, 4, 8)):
        world.source.globals.append(f"uint{8 * size}_t x{n};")
        world.atomics.append(Place(f"x{n}", "global", size, {}, f"(bytes)&x{n}"))
    world.blocks = 0


def step_in(world, thread, inside, text):
    return world.do_in_function(thread, text) if inside else world.do(thread, text)


# ---- plain accesses ------------------------------------------------------------------------------------------------


def plain(world, thread, where=None):
    """where: (place, begin, size), or any."""
    if where:
        place, at, size = where
    else:
        place = world.pick(world.places + world.atomics[:1])
        at, size = world.plain_bytes(place)
    inside = world.chance(15)
    lvalue, bits = world.lvalue(-1 if inside else thread.number, place, at, size)
    kind = world.pick((READ, WRITE, WRITE))
    if place in world.atomics:
        kind = READ  # what a plain store does to a release sequence is not C11's business
    if not world.may(thread, [(place, at, size, kind)]):
        return False
    value = world.random.randrange(1, 8)
    if kind == READ:
        text = f"{{ uint64_t v = (uint64_t){lvalue}; USE(v); }}"
    elif bits or size == 16 or world.chance(70):
        text = f"{lvalue} = {value};"
    else:
        text = f"{lvalue} {world.pick('+^|')}= {value};"
        if world.machine:  # of the others a compiler may do those bytes alone that change
            text = f"{lvalue} += {value};"
    site = step_in(world, thread, inside, text)
    world.accessed(thread, site, [(place, at, size, kind)])
    return True


def ranges(world, thread):
    """Calls and assignments that access more than a word; two places at times."""
    to = world.pick(world.places)
    begin = world.random.randrange(to.size)
    n = world.pick((1, 3, 8, 24, 32, 100, 5000))
    n = min(n, to.size - begin)
    far = [p for p in world.places if p is not to and p.size >= n]
    how = world.pick(("set", "copy", "move", "assign", "compare", "print", "string"))
    target = f"{to.pointer} + {begin}"
    accesses = [(to, begin, n, WRITE)]
    if how in ("copy", "move", "compare"):
        if not far:
            return False
        other = world.pick(far)
        start = world.random.randrange(other.size - n + 1)
        source = f"{other.pointer} + {start}"
        accesses.append((other, start, n, READ))
    if how == "set":
        text = f"memset({target}, {world.random.randrange(1, 9)}, size({n}));"
    elif how == "copy":
        text = f"memcpy({target}, {source}, size({n}));"
    elif how == "move":
        text = f"memmove({target}, {source}, size({n}));"
    elif how == "compare":
        accesses[0] = (to, begin, n, READ)
        text = f"{{ int r = memcmp({target}, {source}, size({n})); USE(r); }}"
    elif how == "assign":
        pairs = [p for p in world.places if p.size == RECORD_SIZE and p is not to]
        if to.size != RECORD_SIZE or not pairs:
            return False
        other = world.pick(pairs)
        accesses = [(to, 0, RECORD_SIZE, WRITE), (other, 0, RECORD_SIZE, READ)]
        text = f"*(struct record *)({to.pointer}) = *(struct record *)({other.pointer});"
    elif how == "print":
        if n < 4:
            return False
        accesses = [(to, begin, 4, WRITE)]
        text = f'snprintf((char *){target}, size({n}), "%d", {world.random.randrange(100, 1000)});'
    else:
        if n < 6:
            return False
        accesses = [(to, begin, 6, WRITE)]
        text = f'strcpy((char *){target}, (const char *)"hello" + size(0));'
    if not world.may(thread, accesses):
        return False
    site = step_in(world, thread, world.chance(15) and "local" not in text, text)
    world.accessed(thread, site, accesses[::-1])
    return True


# ---- atomic operations ---------------------------------------------------------------------------------------------


def atomic(world, thread):
    place = world.pick(world.atomics)
    size, location = place.size, f"(A{place.size} *)({place.pointer})"
    how = world.pick(("load", "load", "store", "store", "add", "exchange", "cas", "cas-fails", "sync", "flag"))
    value = world.random.randrange(1, 100)
    order = world.pick(ORDERS[{"load": "load", "store": "store"}.get(how, "rmw")])
    fail = world.pick(("RELAXED", "ACQUIRE", "SEQ_CST"))
    text = None
    if how == "sync":  # the older builtins have an order of their own
        how, text, order = world.pick(SYNC)
        text = text.format(location, value, f"(A{size})peek({place.pointer}, {size})")
    elif how == "flag":
        if size != 1:
            return False
        how, text = world.pick((("exchange", "test_and_set"), ("store", "clear")))
        order = world.pick(ORDERS["store" if how == "store" else "rmw"])
        text = f"__atomic_{text}({place.pointer}, __ATOMIC_{order});"
    if how == "cas-fails" and world.machine:
        return False  # is an instruction that writes
    kind = ATOMIC_READ if how in ("load", "cas-fails") else ATOMIC_WRITE
    if not world.may(thread, [(place, 0, size, kind)]):
        return False
    if text:
        pass
    elif how == "load":
        text = f"{{ uint64_t v = __atomic_load_n({location}, __ATOMIC_{order}); USE(v); }}"
    elif how == "store":
        text = f"__atomic_store_n({location}, {value}, __ATOMIC_{order});"
    elif how == "add":
        changes = ("fetch_add", "sub_fetch", "fetch_or", "and_fetch", "fetch_xor", "fetch_nand")
        text = f"__atomic_{world.pick(changes)}({location}, {value}, __ATOMIC_{order});"
    elif how == "exchange":
        text = f"__atomic_exchange_n({location}, {value}, __ATOMIC_{order});"
    else:
        expected = ("~" if how == "cas-fails" else "") + f"peek({place.pointer}, {size})"
        text = (f"{{ A{size} e = (A{size}){expected}; __atomic_compare_exchange_n({location}, &e, {value}, "
                f"{world.random.randrange(2)}, __ATOMIC_{order}, __ATOMIC_{fail}); }}")
    site = world.do(thread, text)
    if how != "store":  # what it reads, if that is an acquire, happens before the access itself
        world.oracle.load(thread.number, place, fail if how == "cas-fails" else order)
    world.accessed(thread, site, [(place, 0, size, kind)])
    if how not in ("load", "cas-fails"):
        world.oracle.store(thread.number, place, order, rmw=how != "store")
    return True


def fence(world, thread):
    order = world.pick(("ACQUIRE", "RELEASE", "ACQ_REL", "SEQ_CST", "SYNC"))
    world.do(thread, "__sync_synchronize();" if order == "SYNC" else f"__atomic_thread_fence(__ATOMIC_{order});")
    order = order.replace("SYNC", "SEQ_CST")
    world.oracle.fence(thread.number, order)
    return True


def handed_over(world, thread):
    """A message by an atomic flag, with fences or without, and orders that may be too weak: written, told, seen, read."""
    others = world.ready(thread)
    if not others:
        return False
    other, flag = world.pick(others), world.pick(world.atomics[1:])
    location = f"(A{flag.size} *)({flag.pointer})"
    by_fence = world.pick(((False, False), (True, False), (False, True), (True, True)))
    store = world.pick(("RELEASE", "RELEASE", "SEQ_CST", "RELAXED")) if not by_fence[0] else "RELAXED"
    load = world.pick(("ACQUIRE", "ACQUIRE", "SEQ_CST", "RELAXED")) if not by_fence[1] else "RELAXED"
    if not world.may(thread, [(flag, 0, flag.size, ATOMIC_WRITE)]):
        return False
    place = world.pick(world.places)
    where = (place,) + tuple(world.plain_bytes(place))
    plain(world, thread, where)
    if by_fence[0]:
        world.do(thread, "__atomic_thread_fence(__ATOMIC_RELEASE);")
        world.oracle.fence(thread.number, "RELEASE")
    site = world.do(thread, f"__atomic_store_n({location}, {world.random.randrange(1, 100)}, __ATOMIC_{store});")
    world.accessed(thread, site, [(flag, 0, flag.size, ATOMIC_WRITE)])
    world.oracle.store(thread.number, flag, store)
    if not world.may(other, [(flag, 0, flag.size, ATOMIC_READ)]):
        return True
    site = world.do(other, f"{{ uint64_t v = __atomic_load_n({location}, __ATOMIC_{load}); USE(v); }}")
    world.oracle.load(other.number, flag, load)
    world.accessed(other, site, [(flag, 0, flag.size, ATOMIC_READ)])
    if by_fence[1]:
        world.do(other, "__atomic_thread_fence(__ATOMIC_ACQUIRE);")
        world.oracle.fence(other.number, "ACQUIRE")
    plain(world, other, where)
    return True


# ---- heap ----------------------------------------------------------------------------------------------------------


def allocate(world, thread):
    if len([p for p in world.places if p.kind == "heap"]) >= 3 or world.blocks >= 250:
        return False
    n, size = world.blocks, world.pick(BLOCKS)
    world.blocks += 1
    call = world.pick(("malloc({})", "malloc({})", "calloc(1, {})", "aligned_alloc(16, {})"))
    if "aligned" in call:
        size = size + 15 & ~15
    place = Place(f"block {n}", "heap", size, {}, f"heap({n})")
    place.made = world.do(thread, f"put_heap({n}, {call.format(size)});")
    world.places.append(place)
    return True


def release(world, thread):
    blocks = [p for p in world.places if p.kind == "heap"]
    if not blocks:
        return False
    place = world.pick(blocks)
    whole = (place, 0, place.size, FREE)
    if not world.may(thread, [whole]):
        return False
    site = world.do(thread, f"free({place.pointer});")
    world.places.remove(place)
    world.accessed(thread, site, [whole])
    return True


def reallocate(world, thread):
    """The old block ends, a new one begins with the bytes that are kept."""
    blocks = [p for p in world.places if p.kind == "heap"]
    if not blocks or world.blocks >= 250:
        return False
    old, n, size = world.pick(blocks), world.blocks, world.pick(BLOCKS)
    if not world.may(thread, [(old, 0, old.size, FREE)]):
        return False
    world.blocks += 1
    new = Place(f"block {n}", "heap", size, {}, f"heap({n})")
    new.made = world.do(thread, f"put_heap({n}, realloc({old.pointer}, {size}));")
    world.places.remove(old)
    world.places.append(new)
    world.accessed(thread, new.made, [(old, 0, old.size, FREE), (new, 0, min(old.size, size), WRITE)])
    return True


STEPS = [(plain, 30), (ranges, 8), (atomic, 8), (fence, 2), (handed_over, 5), (allocate, 4), (release, 3), (reallocate, 1)]
