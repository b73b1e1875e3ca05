"""The text of a random program: each step of the run is one line, in the thread that does it.

A step waits, by the invisible barrier, for the step before it, and then tells the next one. A step that sleeps (a lock that is
held, an empty pipe) has two numbers: at the first it has announced itself and goes to sleep, at the second it has come back:
the step just before that one is what wakes it."""

RECORD = [  # name, offset, size; of the bit-fields those of which it is clear which bytes are accessed
    ("a", 0, 1), ("b", 1, 1), ("c", 2, 2), ("d", 4, 4), ("e", 8, 8), ("f", 16, 1), ("g", 16, 1), ("h", 17, 1), ("i", 18, 2),
    ("j", 20, 4), ("l", 24, 8)]
BITS = "fgj"
RECORD_SIZE = 32

HEAD = r"""
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#ifdef __cplusplus
#include <atomic>
#include <condition_variable>
#include <future>
#include <latch>
#include <mutex>
#include <semaphore>
#include <shared_mutex>
#include <thread>
#else
#include <threads.h>
#endif
#include "hidden.h"

#define USE(v) __asm__ volatile("" : : "r"((uint64_t)(v)))

struct record {
    uint8_t a, b;
    uint16_t c;
    uint32_t d;
    uint64_t e;
    uint8_t f : 3, g : 5;
    uint8_t h;
    uint16_t i;
    uint32_t j : 25, k : 7;
    uint64_t l;
};
extern char record_is_as_expected[sizeof(struct record) == 32 && offsetof(struct record, h) == 17 ? 1 : -1];

static struct schedule s;

static __attribute__((unused)) void init_mutex(pthread_mutex_t *m, int robust, int protocol)
{
    pthread_mutexattr_t how;
    pthread_mutexattr_init(&how);
    pthread_mutexattr_setrobust(&how, robust);
    pthread_mutexattr_setprotocol(&how, protocol);
    must(!pthread_mutex_init(m, &how));
}
static const struct timespec past = {1, 0}, far = {1LL << 32, 0};
"""


class Site:
    """A line of the program that is executed once."""

    def __init__(self, function, outer):
        self.function = function  # in which it stands
        self.outer = outer        # the functions that lead to it, innermost first
        self.line = None
        self.text = ""

    def stack(self):
        return [self.function] + self.outer


class Source:
    def __init__(self, cxx):
        self.cxx = cxx
        self.globals = []    # definitions
        self.setup = []      # statements of main, before the first step
        self.functions = []  # (head, [Site]): what steps call
        self.bodies = {}     # thread: [Site]
        self.cases = []      # of the signal handler: [Site]
        self.words = []      # of what is said after a thread's function: [Site]
        self.begins = {}     # thread: the function's head

    def assemble(self):
        lines = HEAD.strip().split("\n") + self.globals

        def emit(sites):
            for site in sites:
                lines.append("    " + site.text)
                site.line = len(lines)

        for head, sites in self.functions:
            lines += [head, "{"]
            emit(sites)
            lines.append("}")
        lines += ["static void on_signal(int number)", "{", "    (void)number;", "    switch (signal_case()) {"]
        for site in self.cases:
            emit([site])
        lines += ["    }", "}"]
        lines += ["static void last_words(void *number)", "{", "    switch ((intptr_t)number) {"]
        for site in self.words:
            emit([site])
        lines += ["    }", "}"]
        for number in sorted(self.bodies, reverse=True):
            if number == 0:
                continue
            lines.extend(self.begins[number])
            emit(self.bodies[number])
            lines += ["    return 0;", "}"]
        lines += ["int main(void)", "{", "    struct record local;", "    publish(0, &local, &tl);"]
        lines += ["    " + text for text in self.setup]
        emit(self.bodies[0])
        lines += ["    return 0;", "}"]
        return "\n".join(lines) + "\n"
