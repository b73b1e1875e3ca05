#!/usr/bin/env python3
"""record= and gorace trace: what is in a trace of which program, in what order; crashes; exports."""
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import unittest
from collections import Counter

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import std_format  # noqa: E402
from launcher import GORACE, LauncherTest  # noqa: E402

LIBRARY = pathlib.Path(GORACE).parent.parent / "lib/libgorace.so"
ZSTD = b"\x28\xb5\x2f\xfd"
RAW = b"GORTRACE"
LINE = re.compile(r"(\d+) (\d+\.\d+) (main thread|T\d+|goroutine \d+(?: \(\w+\))?) "
                  r"(creates|names|begins|ends|joins|takes|gives up|waits|goes on|acquires|releases|adds to|hands over|meets|runs|parks|"
                  r"reads atomically|writes atomically|reads|writes|frees|module)(?: (.*))?")

# Two threads take the lock 1000 times each; then the program ends as `end` says.
LOCKS = """
    #include <pthread.h>
    #include <signal.h>
    #include <stdlib.h>
    #include <sys/wait.h>
    #include <unistd.h>
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static int counter;
    static void *work(void *arg)
    {
        for (int i = 0; i < 1000; i++) {
            pthread_mutex_lock(&lock);
            counter++;
            pthread_mutex_unlock(&lock);
        }
        return arg;
    }
    int main(void)
    {
        pthread_t threads[2];
        for (int i = 0; i < 2; i++)
            pthread_create(&threads[i], NULL, work, NULL);
        for (int i = 0; i < 2; i++)
            pthread_join(threads[i], NULL);
        %s
        return 0;
    }
"""

# A recursive lock, a lock for readers and writers, a condition, a destructor of thread-local data that locks.
KINDS = """
    #include <pthread.h>
    static pthread_mutex_t again, lock = PTHREAD_MUTEX_INITIALIZER;
    static pthread_rwlock_t rw = PTHREAD_RWLOCK_INITIALIZER;
    static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
    static pthread_key_t key;
    static int counter, arrived;
    static void count(void *arg)
    {
        pthread_mutex_lock(&again);
        pthread_mutex_lock(&again);
        counter += arg != NULL;
        pthread_mutex_unlock(&again);
        counter++;
        pthread_mutex_unlock(&again);
    }
    static void *work(void *arg)
    {
        pthread_setspecific(key, arg);
        pthread_rwlock_rdlock(&rw);
        pthread_rwlock_unlock(&rw);
        pthread_rwlock_wrlock(&rw);
        counter++;
        pthread_rwlock_unlock(&rw);
        pthread_mutex_lock(&lock);
        arrived++;
        pthread_cond_broadcast(&changed);
        while (arrived < 3)
            pthread_cond_wait(&changed, &lock);
        pthread_mutex_unlock(&lock);
        count(NULL);
        return arg;
    }
    int main(void)
    {
        pthread_t threads[3];
        pthread_mutexattr_t recursive;
        pthread_mutexattr_init(&recursive);
        pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE);
        pthread_mutex_init(&again, &recursive);
        pthread_key_create(&key, count);
        for (int i = 0; i < 3; i++)
            pthread_create(&threads[i], NULL, work, &counter);
        for (int i = 0; i < 3; i++)
            pthread_join(threads[i], NULL);
        return 0;
    }
"""

# One goroutine takes a lock, another one gives it up; timers start goroutines.
HANDED = """
    #include <goro/goro.h>
    static goro_mutex lock;
    static goro_rwmutex rw;
    static goro_waitgroup all;
    static void give_up(void)
    {
        goro_mutex_unlock(&lock);
        goro_rwmutex_rlock(&rw);
        goro_rwmutex_runlock(&rw);
        goro_waitgroup_done(&all);
    }
    static void later(void *arg)
    {
        (void)arg;
        give_up();
    }
    static int start(void *arg)
    {
        (void)arg;
        for (int i = 0; i < 3; i++) {
            goro_waitgroup_add(&all, 2);
            goro_mutex_lock(&lock);
            goro_go(give_up);
            goro_mutex_lock(&lock);
            struct goro_timer *timer = goro_after_func(GORO_MILLISECOND, later, NULL);
            goro_rwmutex_lock(&rw);
            goro_rwmutex_unlock(&rw);
            goro_waitgroup_wait(&all);
            goro_timer_free(timer);
        }
        return 0;
    }
    int main(void)
    {
        return goro_run(start, NULL);
    }
"""

CHANNEL = """
    #include <goro/goro.h>
    static void produce(goro_chan_of(int) values)
    {
        for (int i = 0; i < 5; i++)
            goro_chan_send(values, i);
        goro_chan_close(values);
    }
    static int start(void *arg)
    {
        goro_chan_of(int) values = goro_chan_make(int, 0);
        int sum = 0;
        (void)arg;
        goro_go(produce, values);
        goro_chan_range(values, v)
            sum += v;
        goro_chan_free(values);
        return sum != 10;
    }
    int main(void)
    {
        return goro_run(start, NULL);
    }
"""


class Trace(LauncherTest):
    def record(self, program, *options, status=0, environment=None):
        self.gorace("run", "-q", "-o", "record=t.trace", *(f"-o{o}" for o in options), "--", program, status=status,
                    environment=environment)
        return self.folder / "t.trace"

    def timeline(self, trace, *options):
        """(process, time, actor, what, of what) of each event."""
        lines = self.gorace("trace", "--timeline", *options, trace).stdout.splitlines()
        events = [LINE.fullmatch(line) for line in lines]
        self.assertNotIn(None, events, lines)
        return [event.groups() for event in events]

    def check_locks(self, events, takes=2000):
        """Every take is there, and the lock has one holder at a time: so the order is one that can have been."""
        of_lock = [(actor, what) for _, _, actor, what, of in events if what in ("takes", "gives up") and "lock" in of]
        self.assertEqual(Counter(what for _, what in of_lock), {"takes": takes, "gives up": takes})
        for (taker, takes_it), (giver, gives_up) in zip(of_lock[::2], of_lock[1::2]):
            self.assertEqual((takes_it, gives_up, taker), ("takes", "gives up", giver))

    def test_threads(self):
        program = self.compile("locks", LOCKS % "")
        trace = self.record(program)
        self.assertEqual(trace.read_bytes()[:4], ZSTD)
        self.assertEqual([p.name for p in self.folder.iterdir() if p.name.startswith("t.trace")], ["t.trace"])
        events = self.timeline(trace)
        self.check_locks(events)
        times = [float(time) for _, time, *_ in events]
        self.assertTrue(all(0 <= time < 100 for time in times))
        whats = [(actor, what, of) for _, _, actor, what, of in events]
        for number in (1, 2):
            born = next(i for i, e in enumerate(whats) if e[:2] == ("main thread", "creates") and e[2].startswith(f"T{number} at main"))
            first = next(i for i, e in enumerate(whats) if e[0] == f"T{number}")
            end = whats.index((f"T{number}", "ends", None))
            joined = whats.index(("main thread", "joins", f"T{number}"))
            self.assertLess(born, first)
            self.assertLess(end, joined)
        takes = {of for actor, what, of in whats if what == "takes" and actor == "T1" and "lock" in of}
        self.assertEqual(takes, {"mutex lock at work locks.c:%d" % self.line_of("pthread_mutex_lock")})
        one = self.timeline(trace, "--actor=2")
        self.assertEqual(one, [event for event in events if event[2] == "T2"])
        self.assertRegex(self.gorace("trace", trace).stdout, r"2000 times taken  mutex lock\n")

    def line_of(self, text):
        lines = (self.folder / "locks.c").read_text().splitlines()
        return 1 + next(i for i, line in enumerate(lines) if text in line)

    def test_crash(self):
        for end, status in (("abort();", -signal.SIGABRT), ("*(volatile int *)8 = 1;", -signal.SIGSEGV),
                            ("kill(getpid(), SIGKILL);", -signal.SIGKILL), ("_exit(3);", 3)):
            with self.subTest(end):
                program = self.compile("locks", LOCKS % end)
                self.check_locks(self.timeline(self.record(program, status=status)))

    def test_processes(self):
        """A child of fork, and one that is another program, have their own part."""
        program = self.compile("locks", LOCKS % "if (fork() == 0) { work(NULL); execl(\"/bin/true\", \"true\", NULL); } wait(NULL);")
        trace = self.record(program)
        events = self.timeline(trace)
        parts = {}
        for event in events:
            parts.setdefault(event[0], []).append(event)
        self.assertEqual(len(parts), 2)  # the child keeps its number when it becomes the other program
        parent, child = parts.values()
        self.check_locks(parent)
        self.check_locks(child, takes=1000)
        modules = [of for *_, what, of in child if what == "module"]
        self.assertTrue(any("/locks at" in of for of in modules) and any("/true at" in of for of in modules), modules)
        self.assertEqual(self.gorace("trace", trace).stdout.count("process "), 3)

    def test_without_the_launcher(self):
        program = self.compile("locks", LOCKS % "")
        subprocess.run([program], cwd=self.folder, check=True,
                       env=dict(os.environ, LD_PRELOAD=str(LIBRARY), GORACE_OPTIONS="record=t.%p.trace"))
        trace, = self.folder.glob("t.*.trace")
        self.assertEqual(trace.read_bytes()[:8], RAW)
        self.check_locks(self.timeline(trace))

    def test_cut_off(self):
        program = self.compile("locks", LOCKS % "")
        trace = self.record(program)
        whole = len(self.timeline(trace))
        trace.write_bytes(trace.read_bytes()[:-40])
        done = self.gorace("trace", "--timeline", trace)
        self.assertIn("ends in the middle", done.stderr)
        self.assertGreater(len(done.stdout.splitlines()), 0)
        self.assertLessEqual(len(done.stdout.splitlines()), whole)
        self.write("other", "no trace at all, but long enough to be one")
        self.assertIn("not a trace", self.gorace("trace", "other", status=2).stderr)
        self.assertIn("No such file", self.gorace("trace", "missing", status=2).stderr)

    def test_no_room(self):
        """The program goes on; what is there can be read."""
        program = self.compile("locks", LOCKS % "for (int i = 0; i < 100; i++) work(NULL);")
        done = subprocess.run(["sh", "-c", f"ulimit -f 1000; exec {program}"], cwd=self.folder, capture_output=True, text=True,
                              env=dict(os.environ, LD_PRELOAD=str(LIBRARY), GORACE_OPTIONS="record=t.trace"), check=True)
        self.assertEqual(done.stderr.count("recording has stopped"), 1)
        self.assertIn("stopped early", self.gorace("trace", "t.trace").stdout)
        self.assertGreater(len(self.timeline("t.trace")), 1000)
        done = subprocess.run([program], cwd=self.folder, capture_output=True, text=True, check=True,
                              env=dict(os.environ, LD_PRELOAD=str(LIBRARY), GORACE_OPTIONS="record=none/t.trace"))
        self.assertIn("cannot record", done.stderr)

    def test_long(self):
        """More than fits into a chunk."""
        program = self.compile("locks", LOCKS % "for (int i = 0; i < 100; i++) work(NULL);")
        trace = self.record(program)
        self.check_locks(self.timeline(trace), takes=102000)
        self.assertLess(trace.stat().st_size, 102000 * 2 * 8)

    def test_accesses(self):
        program = self.compile("locks", LOCKS % "")
        of = Counter((what, of.split(",")[0]) for *_, what, of in self.timeline(self.record(program, "record_accesses=1")) if of)
        self.assertEqual(of["writes", "counter"], 2000)
        self.assertIn(of["reads", "counter"], (0, 2000))  # clang tells of one access where it is read and written
        for *_, what, _ in self.timeline(self.record(program)):
            self.assertNotIn(what, ("reads", "writes"))

    def test_goroutines(self):
        program = self.compile("channel", CHANNEL, os.environ["LIBGORO"])
        events = self.timeline(self.record(program))
        inside = {actor: [what for _, _, other, what, _ in events if other == actor and what in ("runs", "parks", "ends")]
                  for actor in ("goroutine 1 (main)", "goroutine 2 (produce)")}
        for actor, switches in inside.items():
            self.assertEqual(switches[-1], "ends", actor)
            self.assertEqual(switches[:-1][::2], ["runs"] * ((len(switches) - 1 + 1) // 2), actor)
            self.assertEqual(switches[:-1][1::2], ["parks"] * ((len(switches) - 1) // 2), actor)
        self.assertEqual(sum(what == "meets" for _, _, _, what, _ in events), 5)
        self.assertTrue(any(what == "waits" and of.startswith("channel") for _, _, _, what, of in events))

    def test_without_the_launcher(self):
        """Who executes another program goes on in its file: that one takes another, and cuts nothing off."""
        program = self.compile("starts", LOCKS % """
        if (fork() == 0)
            execl("./locks", "locks", (char *)0);
        wait(NULL);
        for (int i = 0; i < 2; i++)
            pthread_create(&threads[i], NULL, work, NULL);
        for (int i = 0; i < 2; i++)
            pthread_join(threads[i], NULL);""")
        self.compile("locks", LOCKS % "")
        environment = os.environ | {"LD_PRELOAD": str(LIBRARY), "GORACE_OPTIONS": f"record={self.folder}/t.trace"}
        done = subprocess.run([str(self.folder / program)], cwd=self.folder, env=environment, capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        other, = self.folder.glob("t.trace.*")
        self.check_locks(self.timeline(self.folder / "t.trace"), takes=4000)
        self.check_locks(self.timeline(other), takes=2000)
        # It is nobody's any more.
        subprocess.run([str(self.folder / "locks")], cwd=self.folder, env=environment, check=True)
        self.check_locks(self.timeline(self.folder / "t.trace"), takes=2000)
        self.assertEqual(len(list(self.folder.glob("t.trace*"))), 2)

    def std(self, program, status=0, roots=1):
        """Of the whole export, read strictly (std_format.py): how many events of each kind there are."""
        trace = self.record(program, "record_accesses=1", status=status)
        self.gorace("trace", "--std=t.std", trace)
        return std_format.read((self.folder / "t.std").read_text(), roots)

    def test_std(self):
        count = self.std(self.compile("locks", LOCKS % ""))
        self.assertEqual((count["fork"], count["join"], count["held"]), (2, 2, 0))
        self.assertGreaterEqual(count["w"], 2000)
        self.assertGreaterEqual(count["acq"], 2000)

    def test_std_of_all_kinds_of_locks(self):
        """Recursive ones are held once; a condition gives one up; readers hold none; destructors act before the join."""
        count = self.std(self.compile("kinds", KINDS))
        self.assertEqual((count["fork"], count["join"], count["held"]), (3, 3, 0))
        # Who reads and who writes use the same one: each of the three begins to read, ends, and writes.
        text = (self.folder / "t.std").read_text()
        self.assertEqual(Counter(re.findall(r"acq\(([LS]\d+)\)", text))[self.lock_of_first_acquire(text)], 9)

    def lock_of_first_acquire(self, text):
        return re.search(r"acq\(([LS]\d+)\)", text).group(1)

    def test_std_of_goroutines(self):
        for name, code in (("channel", CHANNEL), ("handed", HANDED)):
            count = self.std(self.compile(name, code, os.environ["LIBGORO"]))
            self.assertGreater(count["acq"], 10, name)
            self.assertEqual(count["held"], 0, name)

    def test_std_of_processes(self):
        count = self.std(self.compile("forks", LOCKS % "fork() == 0 ? _exit(0) : (void)wait(NULL);"), roots=2)
        self.assertEqual(count["fork"], 2)

    def test_std_of_a_crash(self):
        count = self.std(self.compile("crash", LOCKS % "pthread_mutex_lock(&lock); abort();"), status=-signal.SIGABRT)
        self.assertEqual(count["held"], 1)

    def test_std_is_read_strictly(self):
        good = "T1|fork(T2)|1\nT2|acq(L1)|2\nT2|rel(L1)|2\nT1|join(T2)|3\n"
        self.assertEqual(sum(std_format.read(good).values()), 4)
        for bad in ("T1|acq(L1)|5", "T1|acq(L1)\n", "T1|acq()|5\n", "T1 |r(V1)|5\n", "T1|r(V1)|-5\n", "T1|r(V1)|4294967296\n",
                    "T1|begin|5\n", "\n", "T1|rel(L1)|5\n", "T1|acq(L1)|5\nT1|acq(L1)|5\n",
                    "T1|fork(T2)|1\nT1|acq(L1)|5\nT2|rel(L1)|5\n", "T1|r(V1)|5\nT2|r(V1)|5\n", "T1|fork(T1)|5\n",
                    "T1|fork(T2)|5\nT1|fork(T2)|5\n", "T1|join(T2)|5\n", good + "T2|r(V1)|5\n", good + "T1|join(T2)|5\n"):
            with self.assertRaises(std_format.Malformed, msg=bad):
                std_format.read(bad)

    def test_perfetto(self):
        program = self.compile("channel", CHANNEL, os.environ["LIBGORO"])
        trace = self.record(program, environment={"GORO_MAXPROCS": "1"})  # on two the producer may always be there first
        self.gorace("trace", "--perfetto=t.json", trace)
        events = json.loads((self.folder / "t.json").read_text())["traceEvents"]
        names = {e["tid"]: e["args"]["name"] for e in events if e["name"] == "thread_name"}
        self.assertIn("goroutine 2 (produce)", names.values())
        slices = Counter((names[e["tid"]], e["name"].split(" 0x")[0]) for e in events if e["ph"] == "X")
        self.assertGreater(slices["goroutine 2 (produce)", "runs"], 0)
        self.assertGreater(slices["goroutine 1 (main)", "waits for channel"], 0)
        self.assertTrue(all(e["dur"] >= 0 for e in events if e["ph"] == "X"))
        self.assertEqual(sum(e["ph"] == "s" for e in events), sum(e["ph"] == "f" for e in events))


if __name__ == "__main__":
    unittest.main()
