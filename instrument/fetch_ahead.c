/* See fetch_ahead.h. A program prefetches where it knows that it will miss the cache: in tables that it reads at random. The
 * compiler has no hook for it; so the program's own access does not miss there, and the hook of each does, twice, as a line of memory
 * is two of shadow (zstd -6: a fifth of the detector's time).
 *
 * A prefetching instruction becomes a jump to a stub near the module, which prefetches what it did, and the shadow of it, and
 * jumps back. Nothing else of the text is changed, no byte but its own: a jump takes five bytes, and where the instruction
 * has four, the byte behind it is the upper one of the distance, as it is, and the stub lies where that leads to ("punning":
 * Duck, Gao, Roychoudhury, PLDI'20). So it does not matter what else goes where.
 *
 * Functions without any are not even decoded. */
#include "fetch_ahead.h"

#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/resource.h>

#include "../detector/cas16.h"
#include "../detector/shadow.h"
#include "../preload/modules.h"
#include "area.h"
#include "code.h"
#include "engine.h"
#include "operand.h"
#include "patch.h"
#include "reading.h"

#define LINE 64
#define JUMP 5u
#define STUB_MOST 128u
#define ABOVE 7
#define EQUAL 4

static unsigned patched, in_modules;
static bool alone; /* nobody but the caller runs code of the program */

/* ---- the stub -------------------------------------------------------------------------------------------------------- */

/* push, or pop */
static void stack_register(struct code *c, unsigned opcode, unsigned reg)
{
    code_rex(c, false, 0, 0, reg);
    code_8(c, opcode | (reg & 7));
}

static void load_constant(struct code *c, unsigned reg, uintptr_t value)
{
    code_rex(c, true, 0, 0, reg);
    code_8(c, 0xb8 | (reg & 7));
    code_bytes(c, &value, sizeof value);
}

/* Prefetches never fault, whatever the address; the table of regions is not read behind its end. */
static void write_stub(struct code *c, const struct insn *i, const uint8_t *bytes, const struct live *l)
{
    bool kept[2];
    const unsigned a = operand_register(l->gprs, i->gpr_read, &kept[0]),
                   b = operand_register(l->gprs, (uint16_t)(i->gpr_read | 1u << a), &kept[1]);
    if (kept[0] || kept[1])
        code_move_stack(c, -128); /* the red zone */
    if (kept[0])
        stack_register(c, 0x50, a);
    if (kept[1])
        stack_register(c, 0x50, b);
    operand_address(c, a, i, bytes, 0);
    code_prefetch(c, i->opcode, bytes[i->modrm_at] >> 3 & 7, a, 0);
    code_registers(c, true, 0xc1, 5, a); /* shr */
    code_8(c, REGION_SHIFT);
    code_registers(c, true, 0x81, 7, a); /* cmp */
    code_32(c, (uint32_t)REGIONS - 1);
    uint8_t *outside = code_jump_if(c, ABOVE);
    load_constant(c, b, (uintptr_t)shadow_table);
    code_indexed(c, 0x8b, a, b, a, 3);   /* a = what shadow.h says of the region */
    code_registers(c, true, 0x85, a, a); /* test */
    uint8_t *nowhere = code_jump_if(c, EQUAL);
    operand_address(c, b, i, bytes, 0);
    code_indexed(c, 0x8d, a, a, b, 1);   /* lea a, [a + 2 * b] */
    code_registers(c, true, 0x83, 4, a); /* and */
    code_8(c, (uint8_t) - (int)(2 * LINE));
    code_prefetch(c, PREFETCH_T0, a, 0);
    code_prefetch(c, PREFETCH_T0, a, LINE);
    code_here(c, outside);
    code_here(c, nowhere);
    if (kept[1])
        stack_register(c, 0x58, b);
    if (kept[0])
        stack_register(c, 0x58, a);
    if (kept[0] || kept[1])
        code_move_stack(c, 128);
    code_jump(c, i->at + i->length);
}

/* ---- where it lies --------------------------------------------------------------------------------------------------- */

#define POOL ((uintptr_t)16 << 10)
#define POOLS 256
#define STEP ((uintptr_t)1 << 20)
#define ROOM_TO_GROW ((uintptr_t)128 << 20)
static struct code pools[POOLS];
static unsigned npools;

static bool lies_in(const struct code *c, uintptr_t lo, uintptr_t hi)
{
    const uintptr_t at = (uintptr_t)c->at;
    return at >= lo && at <= hi && c->end - c->at >= (long)STUB_MOST;
}

/* Where the main thread's stack grows to. */
static bool is_for_stack(uintptr_t at)
{
    const uintptr_t top = getauxval(AT_RANDOM);
    struct rlimit most;
    const bool known = getrlimit(RLIMIT_STACK, &most) == 0;
    return at < top && (top - at < ROOM_TO_GROW || (known && top - at - ROOM_TO_GROW < most.rlim_cur));
}

/* One of which a stub can begin at an address of lo to hi; NULL: there is none. */
static struct code *pool_in(uintptr_t lo, uintptr_t hi)
{
    for (unsigned k = 0; k < npools; k++)
        if (lies_in(&pools[k], lo, hi))
            return &pools[k];
    if (npools == POOLS)
        return NULL;
    for (uintptr_t at = (lo + STEP - 1) & ~(STEP - 1); at <= hi; at += STEP)
        if (at && !is_for_stack(at) && area_map(at, POOL)) {
            pools[npools] = (struct code){(uint8_t *)at, (uint8_t *)at + POOL, false};
            return &pools[npools++];
        }
    return NULL;
}

#define REACH ((uintptr_t)0x7ff00000)

static struct code *pool_for(const struct insn *i, const uint8_t *bytes)
{
    const uintptr_t from = i->at + JUMP;
    if (i->length >= JUMP)
        return pool_in(from > REACH ? from - REACH : STEP, from + REACH);
    const int32_t distance = (int32_t)((uint32_t)bytes[JUMP - 1] << 24);
    const uintptr_t lo = from + (uintptr_t)(intptr_t)distance;
    /* Not behind the module, where the heap grows, nor below all memory. */
    return (distance >= 0 && (uintptr_t)distance < ROOM_TO_GROW) || lo >> ADDRESS_BITS ? NULL
                                                                                       : pool_in(lo, lo + 0xffffff);
}

/* ---- the text -------------------------------------------------------------------------------------------------------- */

static bool is_patchable(const struct insn *i, const struct live *l)
{
    return i->prefetches && (i->opcode == 0x18 || i->opcode == 0x0d) && i->memory == MEMORY_NONE &&
           i->length >= JUMP - 1 && !i->local && !i->segment && i->base != GPR_SP && !l->flags;
}

/* At once, so that whoever runs it meanwhile finds what was before or what is then. Not if the instruction lies in two parts of
 * 16 bytes, unless nobody can. */
static bool put_jump(uintptr_t at, unsigned length, uintptr_t to)
{
    uint8_t jump[JUMP] = {0xe9};
    const int32_t distance = (int32_t)(to - (at + JUMP));
    copy_bytes(jump + 1, &distance, sizeof distance);
    union {
        uint64_t half[2];
        uint8_t byte[16];
    } now, then;
    const uintptr_t part = at & ~(uintptr_t)15;
    const unsigned n = length < JUMP ? length : JUMP; /* what is behind them is as it has to be */
    if (at - part + n > 16) {
        if (alone)
            copy_bytes((void *)at, jump, n);
        return alone;
    }
    copy_bytes(&now, (const void *)part, sizeof now);
    then = now;
    copy_bytes(&then.byte[at - part], jump, n);
    return cas16((uint64_t *)part, now.half, then.half);
}

static void patch(const struct insn *i, const struct live *l, const uint8_t *bytes)
{
    struct code *pool = pool_for(i, bytes);
    if (!pool)
        return;
    const struct code before = *pool;
    write_stub(pool, i, bytes, l);
    if (!pool->full && put_jump(i->at, i->length, (uintptr_t)before.at))
        patched++;
    else
        *pool = before;
}

static void patch_function(uintptr_t start, uint32_t size)
{
    const char *why;
    const uint8_t *bytes = (const uint8_t *)start;
    const uint32_t n = reading_make(bytes, start, size, &why);
    bool open = false;
    for (uint32_t k = n; k-- > 0;) { /* backwards: what is behind a jump of four bytes is not to change any more */
        const struct insn *i = &reading.insns[k];
        if (!is_patchable(i, &reading.lives[k]))
            continue;
        open = open || patch_open(start, start + size);
        if (!open)
            return;
        patch(i, &reading.lives[k], bytes + (i->at - start));
    }
    if (open)
        patch_close(start, start + size);
}

/* The bytes of a prefetching instruction, or what looks like them. */
static bool seems_to_prefetch(const uint8_t *bytes, size_t size)
{
    const uint8_t *const end = bytes + size;
    for (const uint8_t *p = bytes; (p = memchr(p, 0x0f, (size_t)(end - p))) != NULL && end - p > 2; p++)
        if ((p[1] == 0x18 || p[1] == 0x0d) && p[2] >> 6 != 3 && (p[2] >> 3 & 7) <= 3)
            return true;
    return false;
}

/* visit() for the functions that are to be looked at; it says whether to go on. */
static void each_function(const struct image *m, bool (*visit)(uintptr_t start, uint32_t size))
{
    for (uint32_t k = 0; k < m->nfunctions; k++) {
        uintptr_t start, size;
        if (image_function(m, k, &start, &size) && size <= UINT32_MAX &&
            seems_to_prefetch((const uint8_t *)start, size) && !visit(start, (uint32_t)size))
            return;
    }
}

/* ---- modules --------------------------------------------------------------------------------------------------------- */

#define MODULES 256
static struct {
    uintptr_t text;
    bool loaded;
} seen[MODULES]; /* under the engine's lock */
static unsigned nseen;

static bool is_new(uintptr_t text)
{
    for (unsigned k = 0; k < nseen; k++)
        if (seen[k].text == text)
            return !(seen[k].loaded = true);
    return true;
}

static bool found; /* scratch of the walk */
static bool find(uintptr_t start, uint32_t size)
{
    (void)start;
    (void)size;
    found = true;
    return false;
}
static bool visit(uintptr_t start, uint32_t size)
{
    patch_function(start, size);
    return true;
}

static void remember_done(uintptr_t text)
{
    if (nseen == MODULES)
        return;
    seen[nseen].text = text;
    seen[nseen++].loaded = true;
}

/* One that has nothing to be decoded is done with. */
static void look_for(void *image)
{
    const uintptr_t text = ((const struct image *)image)->text;
    found = false;
    if (!is_new(text))
        return;
    each_function(image, find);
    if (!found)
        remember_done(text);
}

static void work_on(void *image)
{
    const unsigned before = patched;
    const uintptr_t text = ((const struct image *)image)->text;
    if (nseen == MODULES || !is_new(text))
        return;
    remember_done(text);
    each_function(image, visit);
    in_modules += patched != before;
}

static void begin_walk(void *arg)
{
    (void)arg;
    for (unsigned k = 0; k < nseen; k++)
        seen[k].loaded = false;
}
static void end_walk(void *arg)
{
    (void)arg;
    for (unsigned k = nseen; k-- > 0;)
        if (!seen[k].loaded)
            seen[k] = seen[--nseen];
}

/* The loader's lock is held, and the engine's is taken under it, never the other way round. */
static int look(struct dl_phdr_info *info, size_t size, void *decoder)
{
    struct image image;
    uintptr_t lo, hi;
    (void)size;
    modules_self(&lo, &hi);
    if (!image_read(&image, info) || image.text - lo < hi - lo || !modules_instrumented(image.text))
        return 0;
    engine_alone(decoder ? work_on : look_for, &image);
    return !decoder && found;
}

void fetch_ahead(bool nobody_else)
{
    static bool none; /* no decoder; atomic */
    const char *why;
    if (__atomic_load_n(&none, __ATOMIC_RELAXED))
        return;
    alone = nobody_else;
    engine_alone(begin_walk, NULL);
    if (dl_iterate_phdr(look, NULL)) {
        if (!decode_start(&why)) {
            __atomic_store_n(&none, true, __ATOMIC_RELAXED);
            return;
        }
        dl_iterate_phdr(look, &found);
    }
    engine_alone(end_walk, NULL);
}

const char *fetch_ahead_summary(void)
{
    static char line[160];
    if (!patched)
        return NULL;
    snprintf(line, sizeof line, "gorace: %u prefetching instructions of %u modules fetch shadow memory as well",
             patched, in_modules);
    return line;
}
