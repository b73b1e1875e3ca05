/* See patch.h. What another thread may be about to run is changed by one byte at a time, each of which leaves either an
 * instruction of before or a trap. A jump is completed behind its trap, then every processor forgets what it has fetched
 * (membarrier(2)), then the trap becomes a jump (as Linux patches its own text). */
#include "patch.h"

#include <linux/membarrier.h>
#include <sys/mman.h>

#include "../detector/os.h"
#include "../preload/raw.h"

#define TRAP 0xcc
#define JUMP 0xe9

void patch_start(void)
{
    raw_syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0, 0, 0, 0);
}

static bool protect(uintptr_t lo, uintptr_t hi, int how)
{
    lo &= ~(OS_PAGE - 1);
    hi = (hi + OS_PAGE - 1) & ~(OS_PAGE - 1);
    return raw_syscall(SYS_mprotect, (long)lo, (long)(hi - lo), how, 0, 0, 0) == 0;
}

bool patch_open(uintptr_t lo, uintptr_t hi)
{
    return protect(lo, hi, PROT_READ | PROT_WRITE | PROT_EXEC);
}

void patch_close(uintptr_t lo, uintptr_t hi)
{
    protect(lo, hi, PROT_READ | PROT_EXEC);
}

static void put(uintptr_t at, uint8_t byte)
{
    __atomic_store_n((uint8_t *)at, byte, __ATOMIC_SEQ_CST);
}

void patch_trap(uintptr_t at)
{
    put(at, TRAP);
}

void patch_back(uintptr_t at, uint8_t byte)
{
    put(at, byte);
}

bool patch_is_jump(uintptr_t at)
{
    return *(const volatile uint8_t *)at == JUMP;
}

static void write_distance(uintptr_t from, uintptr_t to, unsigned keep)
{
    const uint32_t distance = (uint32_t)(to - (from + 5));
    for (unsigned k = 1; k < 5; k++)
        if (!(keep >> k & 1))
            put(from + k, (uint8_t)(distance >> (8 * (k - 1))));
}

void patch_jump(uintptr_t from, uintptr_t stub, uintptr_t to, unsigned traps)
{
    if (stub != to) {
        write_distance(stub, to, 0);
        put(stub, JUMP);
    }
    write_distance(from, stub, traps);
    raw_syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0, 0, 0, 0);
    put(from, JUMP);
}
