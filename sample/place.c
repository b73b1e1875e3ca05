/* See place.h. _dl_find_object, of glibc 2.35, finds modules without a lock. */
#include "place.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>

#include "../detector/os.h"
#include "../instrument/image.h"
#include "../preload/modules.h"

#define INSN_MAX 15

static bool find(uintptr_t at, struct dl_find_object *f)
{
    return _dl_find_object((void *)at, f) == 0;
}

enum place place_of(uintptr_t pc)
{
    struct dl_find_object f;
    uintptr_t lo, hi;
    modules_self(&lo, &hi);
    if (pc - lo < hi - lo)
        return PLACE_OURS;
    if (modules_runtime(pc))
        return PLACE_RUNTIME;
    return find(pc, &f) ? PLACE_PROGRAM : PLACE_MADE;
}

/* The page behind that of `pc` is touched only if the instruction goes on there. */
bool place_insn(uintptr_t pc, struct insn *i)
{
    const uintptr_t here = OS_PAGE - (pc & (OS_PAGE - 1));
    if (here >= INSN_MAX)
        return decode((const uint8_t *)pc, INSN_MAX, pc, i);
    struct dl_find_object f;
    return decode((const uint8_t *)pc, (unsigned)here, pc, i) ||
           (find(pc, &f) && (uintptr_t)f.dlfo_map_end - pc >= INSN_MAX && decode((const uint8_t *)pc, INSN_MAX, pc, i));
}

static bool function_of(uintptr_t pc, uintptr_t *start, uintptr_t *size)
{
    struct dl_find_object f;
    struct image m;
    if (!find(pc, &f))
        return false;
    m.text = (uintptr_t)f.dlfo_map_start;
    m.text_end = (uintptr_t)f.dlfo_map_end;
    if (!image_table(&m, f.dlfo_eh_frame))
        return false;
    uint32_t lo = 0, hi = m.nfunctions;
    while (lo < hi) {
        const uint32_t mid = (lo + hi) / 2;
        if (!image_function(&m, mid, start, size))
            return false;
        if (*start <= pc)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo && image_function(&m, lo - 1, start, size) && pc - *start < *size;
}

bool place_insn_before(uintptr_t end, struct insn *i)
{
    uintptr_t start, size;
    if (!function_of(end - 1, &start, &size))
        return false;
    for (uintptr_t at = start; at < end; at += i->length) {
        const uintptr_t rest = start + size - at;
        if (!decode((const uint8_t *)at, rest < INSN_MAX ? (unsigned)rest : INSN_MAX, at, i))
            return false;
        if (at + i->length == end)
            return true;
    }
    return false;
}

bool place_writable(uintptr_t addr)
{
    struct dl_find_object f;
    if (!find(addr, &f))
        return true;
    const ElfW(Ehdr) *header = f.dlfo_map_start;
    const uintptr_t load = f.dlfo_link_map->l_addr;
    if (*(const uint32_t *)header != 0x464c457f || header->e_phoff != sizeof *header ||
        place_of((uintptr_t)header) == PLACE_OURS)
        return false;
    const ElfW(Phdr) *p = (const void *)(header + 1);
    bool writable = false;
    for (int k = 0; k < header->e_phnum; k++) {
        const bool in = addr - load - p[k].p_vaddr < p[k].p_memsz;
        if (in && p[k].p_type == PT_GNU_RELRO)
            return false;
        writable |= in && p[k].p_type == PT_LOAD && p[k].p_flags & PF_W;
    }
    return writable;
}
