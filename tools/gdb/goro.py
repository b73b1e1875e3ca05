"""Goroutines in gdb: gdb -x goro.py PROGRAM (or -p PID, or a core file), then

    info goroutines          one line each: id, name, state, what it waits for, where it was started
    goroutine N COMMAND      runs a gdb command on goroutine N's stack:  goroutine 7 bt
    goroutine all COMMAND    on each of them

Needs debugging information of libgoro. A goroutine that runs, is preempted or is in a blocking call is looked at through its
thread. For a parked one the stack pointer, frame pointer and program counter of the selected thread are replaced while the
command runs; in a core file, where registers cannot be written, an unwinder presents them as the caller of frame 0.
"""
import gdb
import gdb.unwinder

BLOCK = 256  # struct block of task.c
STATES = ("idle", "runnable", "running", "waiting", "blocking call", "preempted", "dead")
RUNNING, WAITING, BLOCKED, FROZEN = 2, 3, 4, 5


def text(value):
    return value.string() if int(value) else ""


def goroutines():
    block = gdb.parse_and_eval("'task.c'::common.blocks")
    found = []
    while int(block):
        for i in range(BLOCK):
            g = block["gs"][i]
            if int(g["status"]):
                found.append(g)
        block = block["next"]
    return sorted(found, key=lambda g: int(g["id"]))


def state(g):
    status = int(g["status"])
    if status != WAITING:
        return STATES[status] + (", not started" if status == 1 and not int(g["sp"]) else "")
    reason = gdb.parse_and_eval("rt_reasons")[int(g["reason"])]
    waits = f" {int(g['object']):#x}" if int(g["object"]) else ""
    return text(reason) + waits


def describe(g):
    site = g["site"]
    name = f' "{text(g["name"])}"' if int(g["name"]) else ""
    started = ""
    if int(site):
        started = f": {text(site['function'])} started at {text(site['file'])}:{int(site['line'])}"
    parent = f" by goroutine {int(g['parent'])}" if int(g["parent"]) else ""
    return f"goroutine {int(g['id'])}{name} [{state(g)}]{started}{parent}"


class Presented(gdb.unwinder.Unwinder):
    """While `registers` is set, the caller of the innermost frame is the parked goroutine."""

    class FrameId:
        def __init__(self, sp, pc):
            self.sp = sp
            self.pc = pc

    def __init__(self):
        super().__init__("goroutine")
        self.present(None)

    def present(self, registers):
        self.registers = registers
        self.presented = False  # only the innermost frame is ours
        gdb.invalidate_cached_frames()

    def __call__(self, pending):
        if not self.registers:
            return None
        sp = pending.read_register("rsp")
        if self.presented:
            return None
        self.presented = True
        info = pending.create_unwind_info(self.FrameId(sp, pending.read_register("rip")))
        for register, value in self.registers.items():
            info.add_saved_register(register, gdb.Value(value).cast(gdb.lookup_type("unsigned long")))
        return info


presented = Presented()
gdb.unwinder.register_unwinder(None, presented, replace=True)


def saved_registers(g):
    frame = g["sp"].cast(gdb.lookup_type("struct rt_frame").pointer())
    return {"rsp": int(g["sp"]) + frame.dereference().type.sizeof, "rbp": int(frame["rbp"]), "rip": int(frame["rip"])}


def on_parked(g, command):
    registers = saved_registers(g)
    frame = gdb.newest_frame()
    before = {name: int(frame.read_register(name)) & (1 << 64) - 1 for name in registers}
    frame.select()
    try:
        for name in ("rip", "rbp", "rsp"):
            gdb.execute(f"set ${name} = {registers[name]}")
    except gdb.error:
        presented.present(registers)
        try:
            gdb.execute(command)
        finally:
            presented.present(None)
        return
    try:
        gdb.execute(command)
    finally:
        gdb.newest_frame().select()
        for name in ("rip", "rbp", "rsp"):
            gdb.execute(f"set ${name} = {before[name]}")


def on_thread(g, command):
    tid = int(g["m"]["tid"])
    for thread in gdb.selected_inferior().threads():
        if tid in thread.ptid:
            thread.switch()
            gdb.execute(command)
            return
    raise gdb.GdbError(f"goroutine {int(g['id'])}: no thread {tid}")


def run_on(g, command):
    selected = gdb.selected_thread()
    try:
        if int(g["status"]) in (RUNNING, BLOCKED, FROZEN):
            on_thread(g, command)
        elif not int(g["sp"]):
            gdb.write("(not started)\n")
        else:
            on_parked(g, command)
    finally:
        selected.switch()


class InfoGoroutines(gdb.Command):
    """All goroutines, one line each."""

    def __init__(self):
        super().__init__("info goroutines", gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        for g in goroutines():
            gdb.write(describe(g) + "\n")


class Goroutine(gdb.Command):
    """goroutine N COMMAND, goroutine all COMMAND: runs a gdb command on a goroutine's stack."""

    def __init__(self):
        super().__init__("goroutine", gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        which, _, command = argument.partition(" ")
        if not command:
            raise gdb.GdbError("goroutine N COMMAND, or goroutine all COMMAND")
        chosen = [g for g in goroutines() if which in ("all", str(int(g["id"])))]
        if not chosen:
            raise gdb.GdbError(f"no goroutine {which}")
        for g in chosen:
            if which == "all":
                gdb.write("\n" + describe(g) + "\n")
            run_on(g, command)


InfoGoroutines()
Goroutine()
