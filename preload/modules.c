/* See modules.h. The list of text ranges is replaced as a whole, so that readers need no lock; old lists are kept, since
 * a reader may still be looking at one: they are small, and made only when modules come or go. */
#include "modules.h"

#include <elf.h>
#include <link.h>
#include <stddef.h>

#include "../detector/arena.h"

#define MODULES_MAX 1950
#define RUNTIMES_MAX 32
#define GONE_MAX 64
#define DATA_MAX 1024
struct text {
    uintptr_t lo, hi;
};
struct list {
    uint32_t n, nruntime, ngone, ndata, dropped;
    bool cancels;                  /* some module can cancel threads, or send one a signal */
    struct text text[MODULES_MAX]; /* of instrumented modules */
    struct text runtime[RUNTIMES_MAX];
    struct text gone[GONE_MAX]; /* of instrumented modules that were unloaded, where no other one lies by now */
    struct text data[DATA_MAX]; /* writable segments of all but ourselves; with more, ndata is above */
};
static struct list *list; /* atomic */
static uintptr_t self_lo, self_hi;

static bool named(const char *have, const char *want)
{
    size_t i = 0;
    while (want[i] && have[i] == want[i])
        i++;
    return have[i] == want[i];
}

/* A module calls what its symbol table has as undefined: those come before the hashed ones. */
static bool calls_any(const struct dl_phdr_info *info, const ElfW(Dyn) * dyn, const char *a, const char *b)
{
    const ElfW(Sym) *symbols = NULL;
    const char *strings = NULL;
    const uint32_t *gnu = NULL, *sysv = NULL;
    for (; dyn->d_tag != DT_NULL; dyn++) {
        uintptr_t p = dyn->d_un.d_ptr;
        if (p < info->dlpi_addr) /* the vdso is not relocated */
            p += info->dlpi_addr;
        if (dyn->d_tag == DT_SYMTAB)
            symbols = (const ElfW(Sym) *)p;
        else if (dyn->d_tag == DT_STRTAB)
            strings = (const char *)p;
        else if (dyn->d_tag == DT_GNU_HASH)
            gnu = (const uint32_t *)p;
        else if (dyn->d_tag == DT_HASH)
            sysv = (const uint32_t *)p;
    }
    uint32_t count = gnu ? gnu[1] : sysv ? sysv[1] : 0;
    if (!symbols || !strings)
        return false;
    for (uint32_t i = 1; i < count; i++)
        if (symbols[i].st_shndx == SHN_UNDEF &&
            (named(strings + symbols[i].st_name, a) || named(strings + symbols[i].st_name, b)))
            return true;
    return false;
}

bool modules_is_runtime(const char *file)
{
    static const char *const names[] = {
        "ld-linux",  "linux-vdso",  "libc.so",     "libm.so",      "libpthread.so", "libdl.so",  "librt.so",
        "libanl.so", "libresolv.",  "libnss_",     "libstdc++.so", "libc++.so",     "libc++abi", "libgcc_s.so",
        "libunwind", "libjemalloc", "libtcmalloc", "libmimalloc",  "libgorace",
    };
    const char *base = file;
    for (const char *p = file; *p; p++)
        if (*p == '/')
            base = p + 1;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t n = 0;
        while (names[i][n] && base[n] == names[i][n])
            n++;
        if (!names[i][n])
            return true;
    }
    return false;
}

static void add_text(struct list *l, uintptr_t lo, uintptr_t size, bool runtime)
{
    uint32_t *n = runtime ? &l->nruntime : &l->n;
    if (*n == (runtime ? RUNTIMES_MAX : MODULES_MAX)) {
        l->dropped++;
        return;
    }
    (runtime ? l->runtime : l->text)[(*n)++] = (struct text){lo, lo + size};
}

static void add_data(struct list *l, uintptr_t lo, uintptr_t size)
{
    if (l->ndata < DATA_MAX)
        l->data[l->ndata] = (struct text){lo, lo + size};
    l->ndata++;
}

static void add_gone(struct list *l, const struct text *text, uint32_t n)
{
    for (uint32_t i = 0; i < n && l->ngone < GONE_MAX; i++)
        l->gone[l->ngone++] = text[i];
}

static void not_gone(struct list *l, uintptr_t lo, uintptr_t hi)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < l->ngone; i++)
        if (l->gone[i].hi <= lo || hi <= l->gone[i].lo)
            l->gone[n++] = l->gone[i];
    l->ngone = n;
}

static int forget_gone(struct dl_phdr_info *info, size_t size, void *ctx)
{
    (void)size;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &info->dlpi_phdr[i];
        uintptr_t lo = info->dlpi_addr + p->p_vaddr;
        if (p->p_type == PT_LOAD)
            not_gone(ctx, lo, lo + p->p_memsz);
    }
    return 0;
}

static int look(struct dl_phdr_info *info, size_t size, void *ctx)
{
    (void)size;
    struct list *l = ctx;
    const ElfW(Dyn) *dyn = NULL;
    bool ours = false;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &info->dlpi_phdr[i];
        uintptr_t lo = info->dlpi_addr + p->p_vaddr;
        if (p->p_type == PT_DYNAMIC)
            dyn = (const ElfW(Dyn) *)lo;
        if (p->p_type == PT_LOAD && p->p_flags & PF_X && (uintptr_t)look - lo < p->p_memsz) {
            self_lo = lo;
            self_hi = lo + p->p_memsz;
            ours = true;
        }
    }
    bool instrumented = !ours && dyn && calls_any(info, dyn, "__tsan_func_entry", "__tsan_init");
    bool runtime = !ours && !instrumented && modules_is_runtime(info->dlpi_name);
    l->cancels |= !ours && !runtime && dyn && calls_any(info, dyn, "pthread_cancel", "pthread_kill");
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &info->dlpi_phdr[i];
        if (p->p_type == PT_LOAD && p->p_flags & PF_X && (instrumented || runtime))
            add_text(l, info->dlpi_addr + p->p_vaddr, p->p_memsz, runtime);
        if (p->p_type == PT_LOAD && p->p_flags & PF_W && !ours)
            add_data(l, info->dlpi_addr + p->p_vaddr, p->p_memsz);
    }
    return 0;
}

void modules_scan(void)
{
    struct list *l = arena_alloc(sizeof *l);
    if (!l)
        return;
    l->n = l->nruntime = l->ngone = l->ndata = l->dropped = 0;
    l->cancels = false;
    dl_iterate_phdr(look, l);
    /* Room for those that came to be gone just now, at the cost of the oldest. */
    if (list) {
        struct list *old = list;
        uint32_t n = old->n < GONE_MAX ? old->n : GONE_MAX;
        add_gone(l, old->text + (old->n - n), n);
        dl_iterate_phdr(forget_gone, l);
        add_gone(l, old->gone, old->ngone);
        dl_iterate_phdr(forget_gone, l);
    }
    __atomic_store_n(&list, l, __ATOMIC_RELEASE);
}

static bool has(const struct text *text, uint32_t n, uintptr_t pc)
{
    for (uint32_t i = 0; i < n; i++)
        if (pc - text[i].lo < text[i].hi - text[i].lo)
            return true;
    return false;
}

bool modules_instrumented(uintptr_t pc)
{
    const struct list *l = __atomic_load_n(&list, __ATOMIC_ACQUIRE);
    return l && (has(l->text, l->n, pc) || has(l->gone, l->ngone, pc));
}

bool modules_any_instrumented(void)
{
    const struct list *l = __atomic_load_n(&list, __ATOMIC_ACQUIRE);
    return l && l->n + l->ngone > 0;
}

bool modules_runtime(uintptr_t pc)
{
    const struct list *l = __atomic_load_n(&list, __ATOMIC_ACQUIRE);
    return l && has(l->runtime, l->nruntime, pc);
}

bool modules_cancel(void)
{
    const struct list *l = __atomic_load_n(&list, __ATOMIC_ACQUIRE);
    return !l || l->cancels;
}

static uint32_t loading; /* atomic: how many are */

void modules_loading(bool begins)
{
    __atomic_fetch_add(&loading, begins ? 1 : -1, __ATOMIC_SEQ_CST);
}

bool modules_data(void (*visit)(uintptr_t lo, size_t size))
{
    const struct list *l = __atomic_load_n(&list, __ATOMIC_ACQUIRE);
    if (!l || l->ndata > DATA_MAX || __atomic_load_n(&loading, __ATOMIC_SEQ_CST))
        return false;
    for (uint32_t i = 0; i < l->ndata; i++)
        visit(l->data[i].lo, l->data[i].hi - l->data[i].lo);
    return true;
}

void modules_self(uintptr_t *lo, uintptr_t *hi)
{
    *lo = self_lo;
    *hi = self_hi;
}
