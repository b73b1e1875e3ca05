/* The file of a module, its separate debug file and its symbol table.
 *
 * A separate debug file is looked for by build-id (ROOT/.build-id/xx/yyyy.debug) and by the name in .gnu_debuglink
 * (beside the module, in .debug/ there, under ROOT), and taken only when its build-id, or without one its checksum, is
 * right. The files are mapped and their descriptors closed at once, so that the program's descriptor numbers stay as
 * they are. debuginfod is never asked: a detector does not make network connections in somebody else's process. */
#include <dwarf.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "symbolize_module.h"

const char *elf_debug_root = "/usr/lib/debug";

bool elf_build_id(const char *notes, size_t n, char *hex, size_t size)
{
    for (size_t at = 0; at + sizeof(GElf_Nhdr) <= n;) {
        GElf_Nhdr h;
        memcpy(&h, notes + at, sizeof h);
        size_t name = at + sizeof h, desc = name + ((h.n_namesz + 3) & ~3u);
        if (desc > n || h.n_descsz > n - desc)
            return false;
        if (h.n_type == NT_GNU_BUILD_ID && h.n_namesz == 4 && memcmp(notes + name, "GNU", 4) == 0 &&
            2 * h.n_descsz < size) {
            for (size_t i = 0; i < h.n_descsz; i++)
                sprintf(hex + 2 * i, "%02x", (unsigned char)notes[desc + i]);
            return true;
        }
        at = desc + ((h.n_descsz + 3) & ~3u);
    }
    return false;
}

static Elf_Scn *section_named(Elf *elf, const char *name, GElf_Shdr *header)
{
    size_t strings;
    if (elf_getshdrstrndx(elf, &strings) != 0)
        return NULL;
    for (Elf_Scn *s = NULL; (s = elf_nextscn(elf, s)) != NULL;) {
        if (!gelf_getshdr(s, header))
            continue;
        const char *found = elf_strptr(elf, strings, header->sh_name);
        if (found && strcmp(found, name) == 0)
            return s;
    }
    return NULL;
}

static bool has_section(Elf *elf, const char *name)
{
    GElf_Shdr h;
    return section_named(elf, name, &h) && h.sh_type != SHT_NOBITS;
}

static bool has_dwarf(Elf *elf)
{
    return has_section(elf, ".debug_info") || has_section(elf, ".zdebug_info");
}

static void file_build_id(Elf *elf, char *hex, size_t size)
{
    *hex = 0;
    for (Elf_Scn *s = NULL; (s = elf_nextscn(elf, s)) != NULL;) {
        GElf_Shdr h;
        Elf_Data *d;
        if (gelf_getshdr(s, &h) && h.sh_type == SHT_NOTE && (d = elf_getdata(s, NULL)) != NULL && d->d_buf &&
            elf_build_id(d->d_buf, d->d_size, hex, size))
            return;
    }
}

/* The file as an ELF object if its build-id is `build_id`; NULL otherwise. */
static Elf *open_elf(const char *path, const char *build_id, int *keep_fd)
{
    char id[2 * 64 + 1];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    Elf *elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
    if (elf) {
        file_build_id(elf, id, sizeof id);
        if (elf_kind(elf) == ELF_K_ELF && strcmp(id, build_id) == 0) {
            *keep_fd = fd;
            return elf;
        }
        elf_end(elf);
    }
    close(fd);
    return NULL;
}

static uint32_t crc32_of(const unsigned char *p, size_t n)
{
    static uint32_t table[256];
    if (!table[1])
        for (uint32_t i = 0; i < 256; i++) {
            uint32_t c = i;
            for (int bit = 0; bit < 8; bit++)
                c = c & 1 ? 0xedb88320u ^ (c >> 1) : c >> 1;
            table[i] = c;
        }
    uint32_t crc = ~0u;
    for (size_t i = 0; i < n; i++)
        crc = table[(crc ^ p[i]) & 255] ^ (crc >> 8);
    return ~crc;
}

static Elf *open_linked(const char *path, const struct module *m, uint32_t crc, int *fd)
{
    Elf *elf = open_elf(path, m->build_id, fd);
    size_t n;
    const char *bytes;
    if (elf && !*m->build_id && ((bytes = elf_rawfile(elf, &n)) == NULL || crc32_of((void *)bytes, n) != crc)) {
        elf_end(elf);
        close(*fd);
        return NULL;
    }
    return elf;
}

static Elf *open_by_debuglink(const struct module *m, int *fd)
{
    GElf_Shdr h;
    Elf_Scn *s = section_named(m->elf, ".gnu_debuglink", &h);
    Elf_Data *d = s ? elf_getdata(s, NULL) : NULL;
    const char *slash = strrchr(m->path, '/');
    if (!d || !d->d_buf || !slash)
        return NULL;
    const char *name = d->d_buf;
    size_t length = strnlen(name, d->d_size);
    size_t crc_at = (length + 4) & ~(size_t)3;
    uint32_t crc;
    if (crc_at + sizeof crc > d->d_size)
        return NULL;
    memcpy(&crc, name + crc_at, sizeof crc);
    int folder = (int)(slash - m->path);
    const struct {
        const char *root, *sub;
    } places[] = {{"", ""}, {"", "/.debug"}, {elf_debug_root, ""}};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        char path[PATH_MAX];
        int n = snprintf(path, sizeof path, "%s%.*s%s/%s", places[i].root, folder, m->path, places[i].sub, name);
        if (n >= (int)sizeof path || strcmp(path, m->path) == 0)
            continue;
        Elf *elf = open_linked(path, m, crc, fd);
        if (elf)
            return elf;
    }
    return NULL;
}

static Elf *open_separate(const struct module *m, int *fd)
{
    if (strlen(m->build_id) > 2) {
        char path[PATH_MAX];
        int n = snprintf(path, sizeof path, "%s/.build-id/%.2s/%s.debug", elf_debug_root, m->build_id, m->build_id + 2);
        Elf *elf = n < (int)sizeof path ? open_elf(path, m->build_id, fd) : NULL;
        if (elf)
            return elf;
    }
    return open_by_debuglink(m, fd);
}

static int by_address(const void *a, const void *b)
{
    const struct elf_symbol *x = a, *y = b;
    if (x->lo != y->lo)
        return x->lo < y->lo ? -1 : 1;
    return x->rank != y->rank ? (x->rank < y->rank ? -1 : 1) : strcmp(x->name, y->name);
}

static void add_symbol(struct elf_symbols *list, size_t *size, const GElf_Sym *sym, const char *name)
{
    if (!grow_list(&list->at, list->n, size, sizeof *list->at))
        return;
    int bind = GELF_ST_BIND(sym->st_info);
    int rank = bind == STB_LOCAL ? 0 : bind == STB_WEAK ? 1 : 2;
    list->at[list->n++] = (struct elf_symbol){sym->st_value, sym->st_size, name, rank};
}

static bool read_symbols(struct module *m, Elf *elf, GElf_Word type)
{
    size_t functions_size = m->functions.n, objects_size = m->objects.n;
    for (Elf_Scn *s = NULL; (s = elf_nextscn(elf, s)) != NULL;) {
        GElf_Shdr h;
        Elf_Data *d;
        if (!gelf_getshdr(s, &h) || h.sh_type != type || h.sh_entsize == 0 || (d = elf_getdata(s, NULL)) == NULL)
            continue;
        for (int i = 1; i < (int)(h.sh_size / h.sh_entsize); i++) {
            GElf_Sym sym;
            const char *name;
            if (!gelf_getsym(d, i, &sym) || sym.st_shndx == SHN_UNDEF || sym.st_value == 0 ||
                (name = elf_strptr(elf, h.sh_link, sym.st_name)) == NULL || !*name)
                continue;
            switch (GELF_ST_TYPE(sym.st_info)) {
            case STT_FUNC:
            case STT_GNU_IFUNC:
                add_symbol(&m->functions, &functions_size, &sym, name);
                break;
            case STT_OBJECT:
            case STT_COMMON:
                add_symbol(&m->objects, &objects_size, &sym, name);
                break;
            default:
                break;
            }
        }
    }
    return m->functions.n + m->objects.n > 0;
}

const struct elf_symbol *elf_symbol_at(const struct elf_symbols *s, GElf_Addr vaddr)
{
    size_t lo = 0, hi = s->n;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (s->at[mid].lo <= vaddr)
            lo = mid + 1;
        else
            hi = mid;
    }
    /* Symbols may lie in one another; a few steps back find the one around. Assembler functions have no size. */
    for (size_t i = lo, steps = 0; i-- > 0 && steps < 8; steps++)
        if (vaddr - s->at[i].lo < s->at[i].size || (s->at[i].size == 0 && i + 1 == lo))
            return &s->at[i];
    return NULL;
}

static Elf *open_own(struct module *m, int *fd)
{
    static const char mark[] = " (deleted)";
    size_t n = strlen(m->path), marked = sizeof mark - 1;
    bool deleted = n > marked && strcmp(m->path + n - marked, mark) == 0;
    Elf *elf = deleted ? NULL : open_elf(m->path, m->build_id, fd);
    char exe[PATH_MAX];
    ssize_t length = elf ? -1 : readlink("/proc/self/exe", exe, sizeof exe);
    if (length == (ssize_t)n && memcmp(exe, m->path, n) == 0)
        elf = open_elf("/proc/self/exe", m->build_id, fd);
    return elf;
}

/* libc and the loader are in the stacks of every report, and never what it is about: their functions have names there, but no lines.
 * Debian's debug file of libc is compressed, and its DWARF would take 18 MB of the process and a tenth of a second. */
static bool only_names(const struct module *m)
{
    const char *slash = strrchr(m->path, '/'), *name = slash ? slash + 1 : m->path;
    return strncmp(name, "libc.so.", strlen("libc.so.")) == 0 || strncmp(name, "ld-linux", strlen("ld-linux")) == 0;
}

void elf_open(struct module *m)
{
    if (m->opened)
        return;
    m->opened = true;
    int fd = -1, debug_fd = -1;
    if (elf_version(EV_CURRENT) == EV_NONE || m->path[0] != '/' || (m->elf = open_own(m, &fd)) == NULL)
        return;
    if (!has_dwarf(m->elf))
        m->debug = open_separate(m, &debug_fd);
    if (!m->debug)
        m->debug = m->elf;
    if (has_dwarf(m->debug) && !only_names(m))
        m->dwarf = dwarf_begin_elf(m->debug, DWARF_C_READ, NULL);
    if (m->dwarf)
        dwarf_getalt(m->dwarf); /* while the descriptor says where to look for it */
    if (!read_symbols(m, m->debug, SHT_SYMTAB) && !read_symbols(m, m->elf, SHT_SYMTAB))
        read_symbols(m, m->elf, SHT_DYNSYM);
    qsort(m->functions.at, m->functions.n, sizeof *m->functions.at, by_address);
    qsort(m->objects.at, m->objects.n, sizeof *m->objects.at, by_address);
    close(fd);
    if (debug_fd >= 0)
        close(debug_fd);
}
