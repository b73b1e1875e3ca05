/* See defined.h. Looks the name up in the GNU hash tables of the modules that the loader lists after this one; a module
 * without such a table is taken to have it. */
#include "defined.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <stdint.h>

#include "raw.h"

struct search {
    const char *name;
    uint32_t hash;
    bool after_us, found;
};

static uint32_t gnu_hash(const char *name)
{
    uint32_t h = 5381;
    for (; *name; name++)
        h = h * 33 + (unsigned char)*name;
    return h;
}

/* table: number of buckets, first hashed symbol, words of the filter, its shift, the filter, buckets, chains. */
static bool has(const uint32_t *table, const ElfW(Sym) * symbols, const char *strings, const uint16_t *versions,
                const struct search *s)
{
    uint32_t nbuckets = table[0], first = table[1];
    const uint32_t *buckets = table + 4 + table[2] * (sizeof(ElfW(Addr)) / sizeof *table);
    const uint32_t *chains = buckets + nbuckets;
    uint32_t i = nbuckets ? buckets[s->hash % nbuckets] : 0;
    if (i < first)
        return false;
    for (;; i++) {
        uint32_t h = chains[i - first];
        bool hidden = versions && versions[i] >> 15; /* an old version, found only by those who name it */
        if ((h | 1) == (s->hash | 1) && symbols[i].st_shndx != SHN_UNDEF && !hidden &&
            raw_compare(strings + symbols[i].st_name, s->name, raw_length(s->name) + 1) == 0)
            return true;
        if (h & 1)
            return false;
    }
}

static int look(struct dl_phdr_info *info, size_t size, void *ctx)
{
    (void)size;
    struct search *s = ctx;
    const ElfW(Dyn) *dyn = NULL;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &info->dlpi_phdr[i];
        uintptr_t lo = info->dlpi_addr + p->p_vaddr;
        if (p->p_type == PT_DYNAMIC)
            dyn = (const ElfW(Dyn) *)lo;
        if (p->p_type == PT_LOAD && (uintptr_t)look - lo < p->p_memsz) {
            s->after_us = true;
            return 0;
        }
    }
    if (!s->after_us || !dyn)
        return 0;
    const uint32_t *table = NULL;
    const ElfW(Sym) *symbols = NULL;
    const char *strings = NULL;
    const uint16_t *versions = NULL;
    for (; dyn->d_tag != DT_NULL; dyn++) {
        uintptr_t p = dyn->d_un.d_ptr;
        if (p < info->dlpi_addr) /* the vdso is not relocated */
            p += info->dlpi_addr;
        if (dyn->d_tag == DT_GNU_HASH)
            table = (const uint32_t *)p;
        else if (dyn->d_tag == DT_SYMTAB)
            symbols = (const ElfW(Sym) *)p;
        else if (dyn->d_tag == DT_STRTAB)
            strings = (const char *)p;
        else if (dyn->d_tag == DT_VERSYM)
            versions = (const uint16_t *)p;
    }
    s->found = !table || !symbols || !strings || has(table, symbols, strings, versions, s);
    return s->found;
}

bool defined_after_us(const char *name)
{
    struct search s = {.name = name, .hash = gnu_hash(name)};
    /* libc's, and no function of the string library: those of a ThreadSanitizer in the executable call null until it is
     * initialized, which calls us. */
    __typeof__(dl_iterate_phdr) *each_module = dlsym(RTLD_NEXT, "dl_iterate_phdr");
    each_module(look, &s);
    return s.found;
}
