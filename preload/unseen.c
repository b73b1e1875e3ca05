/* See unseen.h.
 *
 * Code that was not compiled with the hooks is seen where it calls the C library. Its locks are such calls; its atomic
 * operations are not, and reference counts, spin locks and the mutexes of many libraries (GLib, Qt, Abseil, Rust) are
 * made of them. A race with such code on a side is therefore a fact only when no code without hooks could have
 * ordered the two accesses: when none of it has an atomic read-modify-write instruction. Otherwise it is counted, and
 * the end of the run says so. A race between two sides with the hooks is always reported.
 *
 * The C and C++ runtimes do not count: what they order with atomic operations is wrapped (libstdcxx.c), and a side in them belongs to
 * whoever called them. Neither do allocators (malloc is wrapped) and what the detector loads for itself.
 *
 * Instructions are recognised by their bytes, from any offset: a misread prefix can only keep a race from being
 * reported. Plain loads and stores, which order on this processor too, cannot be told from others: a program that
 * synchronises by them alone is still reported.
 *
 * Where nothing has the hooks, such code is not looked at any more once the first race was held back: none of its races would
 * be reported, and some programs have millions of them.
 *
 * A verdict of "there are such" is final; otherwise all is looked at again when modules have come. The text is read
 * while dl_iterate_phdr keeps it from being unmapped. */
#include "unseen.h"

#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <string.h>

#include "../instrument/instrument.h"
#include "expected.h"
#include "modules.h"

#define OURS_MAX 64
#define FRAMES_MAX 64

static uintptr_t ours[OURS_MAX]; /* load addresses; complete before there is a second thread */
static int nours;
static char atomic_module[64]; /* written under the loader's lock, before: */
static bool atomics_known;     /* atomic */
static uint64_t scanned_adds;  /* atomic; the loader's count of modules at the last whole look */
static uint64_t count;         /* atomic */

/* ---- which modules ------------------------------------------------------------------------------------------------ */

static bool is_ours(uintptr_t load)
{
    for (int i = 0; i < nours; i++)
        if (ours[i] == load)
            return true;
    return false;
}

struct counting {
    int skip; /* modules that were there before, which come first */
    bool take;
};

static int number(struct dl_phdr_info *info, size_t size, void *ctx)
{
    struct counting *c = ctx;
    (void)size;
    if (!c->take)
        c->skip++;
    else if (c->skip)
        c->skip--;
    else if (nours < OURS_MAX)
        ours[nours++] = info->dlpi_addr;
    return 0;
}

static struct counting before;

void unseen_ours_begin(void)
{
    before = (struct counting){0, false};
    dl_iterate_phdr(number, &before);
    before.take = true;
}

void unseen_ours_end(void)
{
    dl_iterate_phdr(number, &before);
}

/* ---- atomic instructions ------------------------------------------------------------------------------------------ */

/* Whether the bytes after a lock prefix are an instruction that takes one: an operation on memory. */
static bool takes_lock(const unsigned char *p)
{
    if (*p == 0x66)
        p++;
    if ((*p & 0xf0) == 0x40) /* REX */
        p++;
    unsigned op = *p++;
    if (op == 0x0f) {
        op = *p++;
        if (op == 0xc7) /* cmpxchg8b, cmpxchg16b */
            return *p >> 6 != 3 && (*p >> 3 & 7) == 1;
        /* cmpxchg, xadd, bts, btr, btc */
        bool one = op == 0xb0 || op == 0xb1 || op == 0xc0 || op == 0xc1 || op == 0xab || op == 0xb3 || op == 0xbb ||
                   op == 0xba;
        return one && *p >> 6 != 3;
    }
    if (*p >> 6 == 3)
        return false;
    unsigned extension = *p >> 3 & 7;
    if (op == 0x80 || op == 0x81 || op == 0x83)
        return extension != 7; /* all but cmp */
    if (op == 0xfe || op == 0xff)
        return extension < 2; /* inc, dec */
    /* add, or, adc, sbb, and, sub, xor to memory; not of a register to where the same one points, which nobody writes: that is the
     * bytes of an offset or a constant such as 240. */
    return op < 0x38 && (op & 7) < 2 && *p >> 3 != (*p & 7);
}

static bool has_atomics(const unsigned char *text, size_t size)
{
    const unsigned char *end = text + size;
    for (const unsigned char *p = text; end - p > 8; p++) {
        p = memchr(p, 0xf0, (size_t)(end - p));
        if (!p || end - p <= 8)
            return false;
        if (takes_lock(p + 1))
            return true;
    }
    return false;
}

static int look(struct dl_phdr_info *info, size_t size, void *ctx)
{
    (void)size;
    uintptr_t self_lo, self_hi;
    modules_self(&self_lo, &self_hi);
    if (atomics_known || info->dlpi_adds == __atomic_load_n(&scanned_adds, __ATOMIC_RELAXED))
        return 1;
    *(uint64_t *)ctx = info->dlpi_adds;
    /* The empty hooks are never called here, as libgorace.so stands before them. */
    if (is_ours(info->dlpi_addr) || modules_is_runtime(info->dlpi_name) ||
        strstr(info->dlpi_name, "/libgorace_hooks.so"))
        return 0;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &info->dlpi_phdr[i];
        uintptr_t lo = info->dlpi_addr + p->p_vaddr;
        if (p->p_type != PT_LOAD || (p->p_flags & (PF_X | PF_R)) != (PF_X | PF_R) || self_lo - lo < p->p_memsz ||
            modules_instrumented(lo) || instrument_covers(lo))
            continue;
        if (has_atomics((const unsigned char *)lo, p->p_filesz)) {
            const char *slash = strrchr(info->dlpi_name, '/');
            const char *name = slash ? slash + 1 : *info->dlpi_name ? info->dlpi_name : "the program";
            strncpy(atomic_module, name, sizeof atomic_module - 1);
            __atomic_store_n(&atomics_known, true, __ATOMIC_RELEASE);
            return 1;
        }
    }
    return 0;
}

static bool atomics_unseen(void)
{
    uint64_t adds = 0;
    if (!__atomic_load_n(&atomics_known, __ATOMIC_ACQUIRE) && dl_iterate_phdr(look, &adds) == 0)
        __atomic_store_n(&scanned_adds, adds, __ATOMIC_RELAXED);
    return __atomic_load_n(&atomics_known, __ATOMIC_ACQUIRE);
}

/* ---- findings ----------------------------------------------------------------------------------------------------- */

enum code { CODE_SEEN, CODE_UNSEEN, CODE_ORDERS };

/* The code that is responsible for the access: the first that is not of a runtime. */
static enum code code_of(const struct finding_access *a)
{
    uintptr_t pcs[FRAMES_MAX];
    int n = context_pcs(a->stack, pcs, FRAMES_MAX);
    for (int i = 0; i < n; i++) {
        Dl_info module;
        if (instrument_orders_only(pcs[i]))
            return CODE_ORDERS;
        if (modules_instrumented(pcs[i]) || instrument_covers(pcs[i]) || !dladdr((void *)pcs[i], &module))
            return CODE_SEEN; /* what was unloaded since is given the benefit of having had hooks */
        if (!modules_runtime(pcs[i]))
            return CODE_UNSEEN;
    }
    return CODE_SEEN; /* no stack: there is nothing to judge by */
}

bool unseen_order(const struct finding *f)
{
    if (f->kind != FINDING_RACE)
        return false;
    const enum code now = code_of(&f->access[0]), before = code_of(&f->access[1]);
    if (now == CODE_ORDERS || before == CODE_ORDERS)
        return true;
    if ((now == CODE_SEEN && before == CODE_SEEN) || !atomics_unseen())
        return false;
    __atomic_fetch_add(&count, 1, __ATOMIC_RELAXED);
    return true;
}

/* A runtime's caller would have to be asked for by its stack, and code of no module is given the benefit of the doubt. */
bool unseen_code(uintptr_t pc)
{
#ifdef DLFO_STRUCT_HAS_EH_DBASE /* has _dl_find_object */
    struct dl_find_object module;
    return __atomic_load_n(&atomics_known, __ATOMIC_ACQUIRE) && !modules_any_instrumented() && !expected_any() &&
           !modules_runtime(pc) && _dl_find_object((void *)pc, &module) == 0;
#else
    (void)pc;
    return false;
#endif
}

const char *unseen_summary(void)
{
    static char line[sizeof atomic_module + 200];
    uint64_t n = __atomic_load_n(&count, __ATOMIC_RELAXED);
    snprintf(
        line, sizeof line,
        "gorace: %lu possible race%s of code without hooks not reported: what it may order with atomic operations, as "
        "in %s, is not seen (unseen_races=1 reports them)",
        n, n == 1 ? "" : "s", atomic_module);
    return n ? line : NULL;
}

void unseen_forked(void)
{
    __atomic_store_n(&count, 0, __ATOMIC_RELAXED);
}
