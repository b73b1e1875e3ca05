/* See asleep.h. The state of a thread is the letter behind its name in /proc/self/task/TID/stat: S for one that sleeps and
 * can be woken, as in a futex; a woken one is R from that moment. */
#include "asleep.h"

#include <fcntl.h>

#include "folder.h"
#include "raw.h"

#define PATIENCE 500 /* times that a thread on its way out is met running; less than one look asks (stuck.c) */

/* 0: it is gone. */
static char state_of(int folder, const char *tid)
{
    char path[32], text[512];
    size_t n = raw_length(tid);
    raw_copy(path, tid, n);
    raw_copy(path + n, "/stat", 6);
    long fd = raw_syscall(SYS_openat, folder, (long)path, O_RDONLY | O_CLOEXEC, 0, 0, 0);
    if (fd < 0)
        return 0;
    long got = raw_syscall(SYS_read, fd, (long)text, sizeof text, 0, 0, 0);
    raw_syscall(SYS_close, fd, 0, 0, 0, 0, 0);
    while (got > 0 && text[got - 1] != ')') /* a name may have parentheses of its own; the last one ends it */
        got--;
    return got > 0 && got + 1 < (long)sizeof text ? text[got + 1] : 0;
}

/* A thread that is nobody's: one of ours that has ended and is on its way out, which runs, or one that we were not told of,
 * which sleeps sooner or later, or is met again and again. */
static enum asleep stranger(int tid, char state)
{
    static int known, suspect, met; /* atomic; a mix-up of two callers costs a report that comes late, or not */
    if (state == 'S' || __atomic_load_n(&known, __ATOMIC_RELAXED) == tid)
        return ASLEEP_UNKNOWN;
    if (__atomic_exchange_n(&suspect, tid, __ATOMIC_RELAXED) != tid)
        __atomic_store_n(&met, 0, __ATOMIC_RELAXED);
    if (__atomic_add_fetch(&met, 1, __ATOMIC_RELAXED) < PATIENCE)
        return ASLEEP_NOT_YET;
    __atomic_store_n(&known, tid, __ATOMIC_RELAXED);
    return ASLEEP_UNKNOWN;
}

struct asking {
    enum sleeper (*who)(int tid);
    int self;
    enum asleep result;
};

static void ask(int folder, const char *name, void *arg)
{
    struct asking *asking = arg;
    int tid = folder_number(name);
    if (tid == asking->self)
        return;
    char state = state_of(folder, name);
    if (state == 0 || state == 'X' || state == 'Z')
        return;
    enum sleeper sleeper = asking->who(tid);
    if (sleeper == SLEEPER_UNKNOWN && asking->result != ASLEEP_UNKNOWN)
        asking->result = stranger(tid, state);
    else if (sleeper == SLEEPER_WAITS && state != 'S' && asking->result == ASLEEP_ALL)
        asking->result = ASLEEP_NOT_YET;
}

enum asleep threads_asleep(enum sleeper (*who)(int tid))
{
    struct asking asking = {who, (int)raw_syscall(SYS_gettid, 0, 0, 0, 0, 0, 0), ASLEEP_ALL};
    return folder_each("/proc/self/task", ask, &asking) ? asking.result : ASLEEP_UNKNOWN;
}

/* A line of maps as far as it is of interest: "begin-end rwxs ..." */
struct line {
    uintptr_t bound[2];
    unsigned field; /* 0: begin, 1: end, 2: permissions, 3: the rest */
    char last;
};

/* True at the end of the field of permissions. */
static bool take(struct line *l, char c)
{
    if (c == '\n') {
        *l = (struct line){0};
    } else if (l->field < 2) {
        unsigned digit = c >= 'a' ? (unsigned)(c - 'a' + 10) : (unsigned)(c - '0');
        if (c == '-' || c == ' ')
            l->field++;
        else
            l->bound[l->field] = l->bound[l->field] << 4 | digit;
    } else if (l->field == 2) {
        if (c == ' ') {
            l->field++;
            return true;
        }
        l->last = c;
    }
    return false;
}

bool memory_shared(uintptr_t addr, bool otherwise)
{
    char buffer[2048];
    struct line l = {0};
    bool shared = otherwise, found = false;
    long fd = raw_syscall(SYS_openat, AT_FDCWD, (long)"/proc/self/maps", O_RDONLY | O_CLOEXEC, 0, 0, 0);
    long n;
    if (fd < 0)
        return otherwise;
    while (!found && (n = raw_syscall(SYS_read, fd, (long)buffer, sizeof buffer, 0, 0, 0)) > 0)
        for (long i = 0; i < n && !found; i++)
            if (take(&l, buffer[i]) && addr - l.bound[0] < l.bound[1] - l.bound[0]) {
                found = true;
                shared = l.last == 's';
            }
    raw_syscall(SYS_close, fd, 0, 0, 0, 0, 0);
    return shared;
}
