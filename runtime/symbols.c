/* Names for addresses, only when the process is about to end: the loader's tables, and the symbol table of the module's file,
 * which has static functions, too. Line numbers are left to addr2line, for which module and offset are printed. */
#include "symbols.h"

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct module { /* the one that was looked into last */
    const char *path;
    const char *file;
    size_t size;
};

static void open_module(struct module *module, const char *path)
{
    struct stat status;
    if (module->file)
        munmap((void *)module->file, module->size);
    module->path = path;
    module->file = NULL;
    /* The program's own name may be relative to a folder that was left. */
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    if (fstat(fd, &status) == 0 && status.st_size > (off_t)sizeof(ElfW(Ehdr))) {
        void *file = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        module->file = file == MAP_FAILED ? NULL : file;
        module->size = (size_t)status.st_size;
    }
    close(fd);
}

static bool inside(const struct module *module, uint64_t offset, uint64_t size)
{
    return offset <= module->size && size <= module->size - offset;
}

/* The function of the file's .symtab that covers `address` (as linked); NULL: none. */
static const char *find(const struct module *module, uintptr_t address, uintptr_t *start)
{
    const ElfW(Ehdr) *header = (const void *)module->file;
    if (!header || memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 ||
        !inside(module, header->e_shoff, (uint64_t)header->e_shnum * sizeof(ElfW(Shdr))))
        return NULL;
    const ElfW(Shdr) *sections = (const void *)(module->file + header->e_shoff);
    for (int i = 0; i < header->e_shnum; i++) {
        const ElfW(Shdr) *table = &sections[i];
        if (table->sh_type != SHT_SYMTAB || table->sh_link >= header->e_shnum)
            continue;
        const ElfW(Shdr) *names = &sections[table->sh_link];
        if (!inside(module, table->sh_offset, table->sh_size) || !inside(module, names->sh_offset, names->sh_size))
            return NULL;
        const ElfW(Sym) *symbols = (const void *)(module->file + table->sh_offset);
        for (size_t j = 0; j < table->sh_size / sizeof *symbols; j++)
            if (ELF64_ST_TYPE(symbols[j].st_info) == STT_FUNC && address >= symbols[j].st_value &&
                address - symbols[j].st_value < symbols[j].st_size && symbols[j].st_name < names->sh_size) {
                *start = symbols[j].st_value;
                return module->file + names->sh_offset + symbols[j].st_name;
            }
    }
    return NULL;
}

void rt_symbol(struct rt_out *out, uintptr_t pc)
{
    static struct module module;
    Dl_info info;
    struct link_map *map = NULL;
    if (!dladdr1((void *)pc, &info, (void **)&map, RTLD_DL_LINKMAP) || !info.dli_fname) {
        rt_out_hex(out, pc);
        return;
    }
    const char *path = map && *map->l_name ? map->l_name : "/proc/self/exe";
    if (!module.path || strcmp(module.path, path) != 0)
        open_module(&module, path);
    uintptr_t base = map ? map->l_addr : 0, start = 0;
    const char *name = find(&module, pc - base, &start);
    if (!name && info.dli_sname) {
        name = info.dli_sname;
        start = (uintptr_t)info.dli_saddr - base;
    }
    if (name)
        rt_out_format(out, "%s+%p ", name, (void *)(pc - base - start));
    const char *slash = strrchr(info.dli_fname, '/');
    rt_out_format(out, "(%s+%p)", slash ? slash + 1 : info.dli_fname, (void *)(pc - base));
}
