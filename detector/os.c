/* System calls of the core; see os.h. The return value is the kernel's: negative errno on failure. */
#include "os.h"

#include "turn.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <sys/mman.h>
#include <sys/syscall.h>

static long sys6(long n, long a, long b, long c, long d, long e, long f)
{
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    long r;
    __asm__ volatile("syscall"
                     : "=a"(r)
                     : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return r;
}

static bool failed(long r)
{
    return r < 0 && r > -4096;
}

/* Large ranges lie apart from what the loader maps: code that is relocated (instrument/area.c) needs room within 2 GB of
 * its library, also of one that is loaded late. Only a wish: where something lies, or there is no such address, the kernel
 * chooses. Not near 1 << 44, where AddressSanitizer has its shadow, nor at the ends, where programs and libraries are. */
#define LARGE ((size_t)64 << 20)
#define GRAIN ((size_t)2 << 20) /* as the kernel aligns large ranges itself */
#define APART ((uintptr_t)0x300000000000)
#define APART_SIZE ((uintptr_t)1 << 45)

static uintptr_t place(size_t size)
{
    static uintptr_t used; /* atomic */
    if (size < LARGE)
        return 0;
    return APART + __atomic_fetch_add(&used, (size + GRAIN - 1) & ~(GRAIN - 1), __ATOMIC_RELAXED) % APART_SIZE;
}

void *os_reserve(size_t size)
{
    long r = sys6(SYS_mmap, (long)place(size), (long)size, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (failed(r))
        return NULL;
    /* A huge page a touch would turn sparse shadow into memory. */
    sys6(SYS_madvise, r, (long)size, MADV_NOHUGEPAGE, 0, 0, 0);
    return (void *)r;
}

void os_unmap(void *p, size_t size)
{
    sys6(SYS_munmap, (long)p, (long)size, 0, 0, 0, 0);
}

void os_drop(void *p, size_t size)
{
    sys6(SYS_madvise, (long)p, (long)size, MADV_DONTNEED, 0, 0, 0);
}

void os_populate(void *p, size_t size)
{
    sys6(SYS_madvise, (long)p, (long)size, MADV_POPULATE_WRITE, 0, 0, 0);
}

bool os_peek(void *to, uintptr_t from, size_t n)
{
    struct {
        void *base;
        size_t size;
    } local = {to, n}, remote = {(void *)from, n};
    long pid = sys6(SYS_getpid, 0, 0, 0, 0, 0, 0);
    return sys6(SYS_process_vm_readv, pid, (long)&local, 1, (long)&remote, 1, 0) == (long)n;
}

long os_pagemap_open(void)
{
    return sys6(SYS_openat, AT_FDCWD, (long)"/proc/thread-self/pagemap", O_RDONLY | O_CLOEXEC, 0, 0, 0);
}

void os_pagemap_close(long map)
{
    if (map >= 0)
        sys6(SYS_close, map, 0, 0, 0, 0, 0);
}

bool os_touched(long map, void *p, size_t pages, uint64_t *entry)
{
    if (map < 0)
        return false;
    /* proc(5), pagemap: 64 bits a page; 63 present, 62 swapped. */
    long want = (long)(pages * sizeof *entry);
    long got = sys6(SYS_pread64, map, (long)entry, want, (long)((uintptr_t)p / OS_PAGE * sizeof *entry), 0, 0);
    if (got != want)
        return false;
    for (size_t i = 0; i < pages; i++)
        entry[i] >>= 62;
    return true;
}

static bool expedited;

void os_barrier_setup(void)
{
    expedited = !failed(sys6(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0, 0, 0, 0));
}

void os_barrier_all(void)
{
    if (expedited && !failed(sys6(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0, 0, 0, 0)))
        return;
    if (!failed(sys6(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0, 0, 0, 0)))
        return;
    /* No membarrier (seccomp): a write-protection change of a touched page interrupts every CPU that runs us. */
    static char page[2 * 4096];
    long p = ((long)page + 4095) & ~4095L;
    __atomic_fetch_add((char *)p, 1, __ATOMIC_SEQ_CST);
    sys6(SYS_mprotect, p, 4096, PROT_READ, 0, 0, 0);
    sys6(SYS_mprotect, p, 4096, PROT_READ | PROT_WRITE, 0, 0, 0);
}

void os_futex_wait(uint32_t *word, uint32_t value)
{
    sys6(SYS_futex, (long)word, FUTEX_WAIT_PRIVATE, value, 0, 0, 0);
}

void os_futex_wake_all(uint32_t *word)
{
    sys6(SYS_futex, (long)word, FUTEX_WAKE_PRIVATE, 0x7fffffff, 0, 0, 0);
}

void os_yield(void)
{
    sys6(SYS_sched_yield, 0, 0, 0, 0, 0, 0);
}

static void sleep_ns(long ns)
{
    const struct {
        long sec, nsec;
    } t = {ns / 1000000000, ns % 1000000000};
    sys6(SYS_nanosleep, (long)&t, 0, 0, 0, 0, 0);
}

void os_sleep_ms(unsigned ms)
{
    sleep_ns((long)ms * 1000000);
}

#define FIRST_PAUSES 16 /* without a look at the line: it is its holder's */
#define MOST_PAUSES 128
#define FIRST_SLEEP 20000 /* ns */
#define MOST_SLEEP 1000000

void os_insist(bool (*try)(void *what), void *what)
{
    for (int pauses = FIRST_PAUSES; pauses <= MOST_PAUSES; pauses *= 2) {
        for (int i = 0; i < pauses; i++)
            __builtin_ia32_pause();
        if (try(what))
            return;
    }
    for (long sleep = FIRST_SLEEP; !try(what); sleep = 2 * sleep < MOST_SLEEP ? 2 * sleep : MOST_SLEEP)
        sleep_ns(sleep);
}

static bool try_lock(void *what)
{
    struct oslock *l = what;
    return __atomic_load_n(&l->held, __ATOMIC_RELAXED) == 0 && os_trylock(l);
}

void oslock_slow(struct oslock *l)
{
    os_insist(try_lock, l);
}

static bool try_turn(void *what)
{
    return turn_try(what);
}

void turn_slow(struct turn *t)
{
    os_insist(try_turn, t);
}
