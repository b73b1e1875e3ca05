/* See area.h.
 *
 * Trap-safe jumps: a jump of 5 bytes covers the beginnings of instructions to which nothing is known to go. Should
 * anything do so after all, it has to find a trap there, so these bytes of the jump's distance are made to be int3 (0xcc),
 * by the choice of where it leads: to a stub that jumps on. The last byte of the distance is 0xcc where the stub lies
 * between 832 and 816 MB below the jump, so stubs of a module lie there. Other one-byte opcodes trap as well, but as
 * faults of other kinds, which programs handle themselves.
 *
 * All is under the engine's lock. */
#include "area.h"

#include <sys/mman.h>

#include "../detector/os.h"
#include "../preload/raw.h"

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

#define REACH ((uintptr_t)0x7ff00000)
#define DATA ((uintptr_t)64 << 20) /* of a module, around its text */
#define STEP ((uintptr_t)4 << 20)
#define TRAP 0xccu
#define WINDOW_LOW ((uintptr_t)0x34000000)  /* below the jump: its distance is 0xcc000000 ... */
#define WINDOW_HIGH ((uintptr_t)0x33000000) /* ... to 0xccffffff */
#define CHUNK ((uintptr_t)16 << 20)

struct stubs {
    uintptr_t lo, hi;
    uintptr_t next; /* where the search for a place of which little is asked begins */
};
#define STUBS 512
static struct stubs stubs[STUBS];
static unsigned nstubs;

bool area_map(uintptr_t at, uintptr_t size)
{
    const long got = raw_syscall(SYS_mmap, (long)at, (long)size, PROT_READ | PROT_WRITE | PROT_EXEC,
                                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
    if (got == (long)at)
        return true;
    if (got > 0) /* a kernel that does not know the flag */
        raw_syscall(SYS_munmap, got, (long)size, 0, 0, 0, 0);
    return false;
}

uintptr_t area_size(uintptr_t lo, uintptr_t hi)
{
    return (12 * (hi - lo) + ((uintptr_t)3 << 20)) & ~(OS_PAGE - 1);
}

static uintptr_t map_near(uintptr_t lo, uintptr_t hi)
{
    const uintptr_t size = area_size(lo, hi);
    hi += DATA;
    /* Far below, where the heap does not grow to and mappings come late; else above. */
    const uintptr_t lowest = hi > REACH + 0x10000 ? hi - REACH : 0x10000;
    for (uintptr_t at = (lowest + STEP - 1) & ~(STEP - 1); at + size <= lo; at += STEP)
        if (area_map(at, size))
            return at;
    const uintptr_t first = lo > WINDOW_LOW + DATA ? lo - WINDOW_LOW : 0;
    for (uintptr_t at = (first + REACH - size) & ~(STEP - 1); at > hi; at -= STEP)
        if (area_map(at, size))
            return at;
    return 0;
}

static bool has_stubs(uintptr_t at)
{
    for (unsigned i = 0; i < nstubs; i++)
        if (stubs[i].lo == at)
            return true;
    return false;
}

/* By chunks, which modules that lie together share. */
static void map_stubs(uintptr_t lo, uintptr_t hi)
{
    if (lo < WINDOW_LOW + CHUNK)
        return;
    for (uintptr_t at = (lo - WINDOW_LOW) & ~(CHUNK - 1); at < hi - WINDOW_HIGH && nstubs < STUBS; at += CHUNK)
        if (!has_stubs(at) && area_map(at, CHUNK))
            stubs[nstubs++] = (struct stubs){at, at + CHUNK, at};
}

static struct {
    uintptr_t lo, area;
} reserved[STUBS];
static unsigned nreserved;

void area_reserve(uintptr_t lo, uintptr_t hi)
{
    map_stubs(lo, hi);
    if (nreserved < STUBS) {
        reserved[nreserved].area = map_near(lo, hi);
        reserved[nreserved++].lo = lo;
    }
}

uintptr_t area_near(uintptr_t lo, uintptr_t hi)
{
    for (unsigned i = 0; i < nreserved; i++) {
        if (reserved[i].lo == lo) {
            reserved[i].lo = 0;
            return reserved[i].area;
        }
    }
    map_stubs(lo, hi);
    return map_near(lo, hi);
}

/* The next distance, from `distance` on, whose bytes are as they have to be. */
static uint32_t next_distance(uint32_t distance, unsigned traps)
{
    for (int byte = 2; byte >= 0; byte--) {
        if (!(traps >> (byte + 1) & 1))
            continue;
        const unsigned shift = 8 * (unsigned)byte;
        const uint32_t have = distance >> shift & 0xff;
        if (have == TRAP)
            continue;
        distance = (distance >> shift) << shift;
        distance += (have < TRAP ? TRAP - have : 256 + TRAP - have) << shift;
        return next_distance(distance, traps);
    }
    return distance;
}

static bool is_free(uintptr_t at)
{
    for (uintptr_t p = at - 4; p <= at + 4; p++)
        if (*(const uint8_t *)p == 0xe9)
            return false; /* another stub begins there, or a byte that looks like it */
    return true;
}

#define TRIES 4096

static bool reaches(uintptr_t jump, uintptr_t to)
{
    const intptr_t distance = (intptr_t)(to - (jump + 5));
    return distance == (int32_t)distance;
}

static uintptr_t search(struct stubs *s, uintptr_t from, uintptr_t to, unsigned traps)
{
    const uintptr_t base = from + 5;
    uintptr_t lo = s->lo + 8, hi = s->hi - 16;
    if (!reaches(lo, to) || !reaches(hi, to)) /* another module's, far away */
        return 0;
    if (traps >> 4 & 1) {
        lo = lo > base - WINDOW_LOW ? lo : base - WINDOW_LOW;
        hi = hi < base - WINDOW_HIGH - 1 ? hi : base - WINDOW_HIGH - 1;
    }
    uintptr_t at = traps & 12 || s->next + 8 < lo ? lo : s->next + 8;
    for (int tries = 0; tries < TRIES && at <= hi; tries++) {
        const intptr_t wanted = (intptr_t)(at - base);
        if (wanted != (int32_t)wanted)
            return 0;
        at = base + (uintptr_t)(intptr_t)(int32_t)next_distance((uint32_t)wanted, traps);
        if (at < lo || at > hi)
            return 0;
        if (is_free(at)) {
            if (!(traps & 12))
                s->next = at;
            return at;
        }
        at++;
    }
    return 0;
}

uintptr_t area_stub(uintptr_t from, uintptr_t to, unsigned traps)
{
    for (unsigned i = 0; i < nstubs; i++) {
        const uintptr_t at = search(&stubs[i], from, to, traps);
        if (at)
            return at;
    }
    return 0;
}
