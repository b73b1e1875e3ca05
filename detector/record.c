/* See record.h. */
#include "record.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>

#include "actor.h"
#include "arena.h"
#include "outbuf.h"
#include "report_sys.h"

#define PATH_BYTES 4096
#define LONGEST 96      /* bytes of an event without text */
#define CLOCK_EVERY 256 /* events */

struct recorder {
    struct trace_chunk *chunk; /* NULL: none yet */
    struct recorder *next;     /* in `left` */
    uint32_t used, events;
    uint32_t generation; /* of the process that the chunk is mapped in */
    /* of the event before */
    uint64_t sequence, ticks, actor, object;
    uintptr_t pc;
};

HIDDEN bool record_on, record_memory;
static char path[PATH_BYTES], file[PATH_BYTES]; /* as given; the one in use */
static struct trace_head *head;
static struct recorder *left; /* of threads that have ended */
static struct oslock lock;    /* left, file, and the growth of the file */
static uint64_t sequence;     /* atomic: the last one drawn */
static uint64_t size_limit;
static uint32_t generation; /* forks between the first process and this one */

static long sys_map(size_t size, int fd, uint64_t offset)
{
    register long r10 __asm__("r10") = MAP_SHARED;
    register long r8 __asm__("r8") = fd;
    register long r9 __asm__("r9") = (long)offset;
    long r;
    __asm__ volatile("syscall"
                     : "=a"(r)
                     : "a"(SYS_mmap), "D"(0), "S"(size), "d"(PROT_READ | PROT_WRITE), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return r;
}

static uint64_t ticks_now(void)
{
    return __builtin_ia32_rdtsc();
}

static struct trace_clock clock_now(void)
{
    struct timespec t = {0};
    sys_call(SYS_clock_gettime, CLOCK_MONOTONIC, (long)&t, 0, 0);
    return (struct trace_clock){ticks_now(), (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec};
}

/* ---- the file ------------------------------------------------------------------------------------------------------ */

/* Bytes that are there to be written: without, a full disk would be a SIGBUS, and a limit of the file's size a SIGXFSZ. */
static long grow(int fd, uint64_t from, uint64_t size)
{
    static const char zeros[OS_PAGE];
    if (from + size > size_limit)
        return -EFBIG;
    long r = sys_call(SYS_fallocate, fd, 0, (long)from, (long)size);
    if (r != -EOPNOTSUPP && r != -ENOSYS)
        return r;
    for (uint64_t at = from; at < from + size; at += sizeof zeros) {
        r = sys_call(SYS_pwrite64, fd, (long)zeros, sizeof zeros, (long)at);
        if (r != sizeof zeros)
            return r < 0 ? r : -ENOSPC;
    }
    return 0;
}

/* Not inherited by a child of fork, in which it would be the parent's. */
static long map(int fd, uint64_t from, size_t size)
{
    long r = grow(fd, from, size);
    if (r < 0)
        return r;
    r = sys_map(size, fd, from);
    if (r < 0 && r > -4096)
        return r;
    sys_call(SYS_madvise, r, (long)size, MADV_DONTFORK, 0);
    return r;
}

static void name_file(const char *suffix, int number)
{
    struct outbuf o;
    outbuf_open(&o, -1);
    outbuf_format(&o, suffix, path, sys_getpid(), number);
    outbuf_char(&o, 0);
    for (size_t i = 0; i < o.used && i < sizeof file - 1; i++)
        file[i] = o.data[i];
    outbuf_close(&o);
}

static bool is_folder(void)
{
    size_t n = 0;
    while (path[n])
        n++;
    return n && path[n - 1] == '/';
}

/* Whether another process writes into the file, which must not be cut off under it: one that has executed this program, say. */
static bool is_in_use(void)
{
    struct trace_head other = {0};
    long fd = sys_open(file, O_RDONLY | O_NONBLOCK, 0);
    if (fd < 0)
        return false;
    long n = sys_call(SYS_pread64, fd, (long)&other, sizeof other, 0);
    sys_close((int)fd);
    return n == sizeof other && other.magic == TRACE_HEAD_MAGIC && other.pid != (uint32_t)sys_getpid() &&
           sys_call(SYS_kill, (long)other.pid, 0, 0, 0) != -ESRCH;
}

static long open_new(bool forked)
{
    long fd = -EEXIST;
    if (!is_folder()) {
        name_file("%s", 0);
        if (forked || is_in_use())
            name_file("%s.%d", 0);
        return sys_open(file, O_RDWR | O_CREAT | O_TRUNC, 0666);
    }
    for (int i = 0; fd == -EEXIST && i < 1000000; i++) {
        name_file("%s%d.%d", i);
        fd = sys_open(file, O_RDWR | O_CREAT | O_EXCL, 0666);
    }
    return fd;
}

static int begin(bool forked)
{
    long fd = open_new(forked);
    if (fd < 0)
        return (int)-fd;
    long at = map((int)fd, 0, TRACE_HEAD);
    sys_close((int)fd);
    if (at < 0 && at > -4096)
        return (int)-at;
    head = (struct trace_head *)at;
    *head = (struct trace_head){.magic = TRACE_HEAD_MAGIC, .version = TRACE_VERSION, .pid = (uint32_t)sys_getpid()};
    head->first = head->last = clock_now();
    return 0;
}

int record_start(const char *name, bool accesses)
{
    struct rlimit limit;
    size_t n = 0;
    for (; name[n] && n < sizeof path - 1; n++)
        path[n] = name[n];
    path[n] = 0;
    size_limit = sys_call(SYS_prlimit64, 0, RLIMIT_FSIZE, 0, (long)&limit) == 0 ? limit.rlim_cur : RLIM_INFINITY;
    int error = begin(false);
    if (error)
        return error;
    record_on = true;
    record_memory = accesses;
    detector_memory |= accesses;
    return 0;
}

void record_end(void)
{
    if (record_on)
        head->last = clock_now();
}

void record_forked(struct actor *a)
{
    if (!record_on)
        return;
    lock.held = 0; /* of a thread that is not here */
    left = NULL;
    generation++;
    a->stocks->recorder = NULL;
    if (begin(true))
        record_on = false;
}

/* ---- chunks -------------------------------------------------------------------------------------------------------- */

static void stop(int error)
{
    if (!__atomic_exchange_n(&record_on, false, __ATOMIC_RELAXED))
        return;
    __atomic_store_n(&head->stopped, (uint32_t)error, __ATOMIC_RELEASE);
    if (host.say && error != ENOENT) /* the launcher has ended, and taken the file with it */
        host.say("the trace cannot grow (no room, or a limit of file sizes): recording has stopped");
}

static bool next_chunk(struct recorder *r)
{
    if (r->chunk) {
        __atomic_store_n(&r->chunk->full, 1, __ATOMIC_RELEASE);
        os_unmap(r->chunk, TRACE_CHUNK);
        r->chunk = NULL;
    }
    os_lock(&lock);
    long fd = sys_open(file, O_RDWR, 0), at = fd;
    uint32_t number = head->chunks;
    if (fd >= 0) {
        at = map((int)fd, TRACE_HEAD + (uint64_t)number * TRACE_CHUNK, TRACE_CHUNK);
        sys_close((int)fd);
    }
    if (at < 0 && at > -4096) {
        os_unlock(&lock);
        stop((int)-at);
        return false;
    }
    r->chunk = (struct trace_chunk *)at;
    r->used = r->events = 0;
    r->generation = generation;
    r->actor = r->object = r->pc = 0;
    r->sequence = __atomic_load_n(&sequence, __ATOMIC_RELAXED);
    r->ticks = ticks_now();
    *r->chunk = (struct trace_chunk){.magic = TRACE_CHUNK_MAGIC,
                                     .pid = head->pid,
                                     .number = number,
                                     .sequence = r->sequence,
                                     .ticks = r->ticks,
                                     .process = head->first.ticks};
    __atomic_store_n(&head->chunks, number + 1, __ATOMIC_RELEASE);
    os_unlock(&lock);
    return true;
}

static struct recorder *recorder_new(void)
{
    os_lock(&lock);
    struct recorder *r = left;
    if (r)
        left = r->next;
    os_unlock(&lock);
    if (r)
        return r;
    r = arena_alloc(sizeof *r);
    if (r)
        *r = (struct recorder){0};
    return r;
}

void recorder_free(struct recorder *r)
{
    if (!r || r->generation != generation)
        return;
    os_lock(&lock);
    r->next = left;
    left = r;
    os_unlock(&lock);
}

/* With room for an event with `text` bytes of text, or NULL. */
static struct recorder *ready(struct actor *a, size_t text)
{
    struct recorder *r = a->stocks->recorder;
    if (unlikely(!r)) {
        r = a->stocks->recorder = recorder_new();
        if (!r)
            return NULL;
    }
    if (unlikely(!r->chunk || r->used + LONGEST + text > TRACE_CHUNK - sizeof *r->chunk))
        return next_chunk(r) ? r : NULL;
    return r;
}

/* ---- events -------------------------------------------------------------------------------------------------------- */

static unsigned char *put(unsigned char *to, uint64_t n)
{
    for (; n >= 128; n >>= 7)
        *to++ = (unsigned char)(n | 128);
    *to++ = (unsigned char)n;
    return to;
}

static unsigned char *put_signed(unsigned char *to, uint64_t difference)
{
    return put(to, difference << 1 ^ (uint64_t)((int64_t)difference >> 63));
}

static void write_event(struct recorder *r, uint64_t actor, enum trace_kind kind, uint64_t object, uint64_t value,
                        uintptr_t pc, const char *text, size_t length)
{
    unsigned char *const first = (unsigned char *)(r->chunk + 1) + r->used, *to = first;
    const uint64_t now = ticks_now(), number = __atomic_add_fetch(&sequence, 1, __ATOMIC_RELAXED);
    const uint64_t ticks = now > r->ticks ? now : r->ticks; /* another processor's counter may lag */
    *to++ = (unsigned char)(kind | (actor == r->actor ? TRACE_SAME_ACTOR : 0) | (pc ? TRACE_PC : 0));
    to = put(to, number - r->sequence);
    to = put(to, ticks - r->ticks);
    if (actor != r->actor)
        to = put(to, actor);
    to = put_signed(to, object - r->object);
    to = put(to, value);
    if (pc) {
        to = put_signed(to, pc - r->pc);
        r->pc = pc;
    }
    if (text) {
        to = put(to, length);
        copy_bytes(to, text, length);
        to += length;
    }
    r->sequence = number;
    r->ticks = ticks;
    r->actor = actor;
    r->object = object;
    r->used += (uint32_t)(to - first);
    __atomic_store_n(&r->chunk->used, r->used, __ATOMIC_RELEASE);
    if (unlikely(++r->events % CLOCK_EVERY == 0))
        head->last = clock_now();
}

void record_event(struct actor *a, enum trace_kind kind, uint64_t object, uint64_t value, uintptr_t pc)
{
    struct recorder *r = ready(a, 0);
    if (r)
        write_event(r, a->number, kind, object, value, pc, NULL, 0);
}

static void record_text(struct actor *a, enum trace_kind kind, uint64_t object, uint64_t value, const char *text)
{
    size_t length = 0;
    while (text[length] && length < PATH_BYTES)
        length++;
    struct recorder *r = ready(a, length);
    if (r)
        write_event(r, a->number, kind, object, value, 0, text, length);
}

void record_access(struct actor *a, uintptr_t addr, size_t size, int access_kind, uintptr_t pc)
{
    static const enum trace_kind kinds[] = {
        [ACCESS_READ] = TRACE_READ,
        [ACCESS_WRITE] = TRACE_WRITE,
        [ACCESS_ATOMIC_READ] = TRACE_ATOMIC_READ,
        [ACCESS_ATOMIC_WRITE] = TRACE_ATOMIC_WRITE,
        [ACCESS_FREE] = TRACE_FREE,
    };
    if (!actor_enter(a))
        return;
    if (record_on)
        record_event(a, kinds[access_kind], addr, size, pc);
    actor_leave(a);
}

void record_atomic(struct actor *a, uintptr_t addr, size_t size, bool write, uintptr_t pc)
{
    if (record_on)
        record_event(a, write ? TRACE_ATOMIC_WRITE : TRACE_ATOMIC_READ, addr, size, pc);
}

void record_parks(struct actor *a)
{
    record_event(a, TRACE_PARK, 0, 0, 0);
}

void record_runs(struct actor *a, const struct actor *on)
{
    record_event(a, TRACE_RUN, on->number, 0, 0);
}

static void record_outside(struct actor *a, enum trace_kind kind, uint64_t object, uint64_t value, const char *text)
{
    if (!actor_enter(a))
        return;
    if (record_on && text)
        record_text(a, kind, object, value, text);
    else if (record_on)
        record_event(a, kind, object, value, 0);
    actor_leave(a);
}

void record_delay(struct actor *a, uint32_t us, uint32_t point, uintptr_t pc)
{
    if (!actor_enter(a))
        return;
    if (record_on)
        record_event(a, TRACE_DELAY, us, point, pc);
    actor_leave(a);
}

void record_begins(struct actor *a, int tid)
{
    record_outside(a, TRACE_BEGIN, (uint64_t)tid, 0, NULL);
}

void record_name(struct actor *a, uint64_t actor, uint64_t goroutine, const char *name)
{
    record_outside(a, TRACE_NAME, actor, goroutine, name);
}

void record_module(struct actor *a, uintptr_t lo, size_t size, const char *name)
{
    record_outside(a, TRACE_MODULE, lo, size, name);
}
