/* Which module lies where: read from /proc/thread-self/maps, as that of the process is empty once the main thread has
 * ended by pthread_exit.
 *
 * Not from dl_iterate_phdr, because that takes a lock of the loader, which the program can hold while it waits for the
 * thread that is reporting. The ELF header is read from memory with process_vm_readv, so that a file which has been
 * deleted, replaced, or lies outside of a chroot is still placed rightly (naming then does without the file).
 *
 * The maps are read again at every report, and when an address is in no known module. A module that is gone keeps its
 * place in the list, and names addresses that no live one covers. Where a new module has taken the place of an unloaded
 * one, an address recorded before is named after the new one: pcs carry no time. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "symbolize_module.h"

#define PHDRS 64
#define NOTE_BYTES 4096

static struct module **modules;
static size_t nmodules, modules_size;
static bool stale = true;

/* One line of the maps. */
struct mapping {
    uintptr_t start, end;
    uint64_t offset;
    bool readable, executable;
    const char *path;
};

static bool memory_read(uintptr_t from, void *to, size_t n)
{
    struct iovec local = {to, n}, remote = {(void *)from, n};
    if (process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == (ssize_t)n)
        return true;
    /* Sandboxes forbid that call more often than this file. */
    int fd = open("/proc/thread-self/mem", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool ok = pread(fd, to, n, (off_t)from) == (ssize_t)n;
    close(fd);
    return ok;
}

static void read_build_id(struct module *m, const GElf_Phdr *ph, int n)
{
    char notes[NOTE_BYTES];
    for (int i = 0; i < n; i++) {
        size_t size = ph[i].p_memsz < sizeof notes ? ph[i].p_memsz : sizeof notes;
        if (ph[i].p_type == PT_NOTE && memory_read(m->bias + ph[i].p_vaddr, notes, size) &&
            elf_build_id(notes, size, m->build_id, sizeof m->build_id))
            return;
    }
}

/* Reads the ELF header that is mapped at `base` and fills in the module's place. */
static bool place(struct module *m, uintptr_t base)
{
    GElf_Ehdr eh;
    GElf_Phdr ph[PHDRS];
    if (!memory_read(base, &eh, sizeof eh) || memcmp(eh.e_ident, ELFMAG, SELFMAG) != 0 ||
        eh.e_ident[EI_CLASS] != ELFCLASS64 || eh.e_phentsize != sizeof *ph || eh.e_phnum > PHDRS ||
        !memory_read(base + eh.e_phoff, ph, eh.e_phnum * sizeof *ph))
        return false;
    uintptr_t lowest = UINTPTR_MAX, highest = 0;
    for (int i = 0; i < eh.e_phnum; i++) {
        if (ph[i].p_type != PT_LOAD)
            continue;
        if (ph[i].p_vaddr < lowest)
            lowest = ph[i].p_vaddr;
        if (ph[i].p_vaddr + ph[i].p_memsz > highest)
            highest = ph[i].p_vaddr + ph[i].p_memsz;
    }
    if (lowest >= highest)
        return false;
    m->bias = base - (lowest & ~(uintptr_t)4095);
    m->lo = m->bias + lowest;
    m->hi = m->bias + highest;
    read_build_id(m, ph, eh.e_phnum);
    return true;
}

static void remember(const struct module *found)
{
    for (size_t i = 0; i < nmodules; i++) {
        struct module *m = modules[i];
        if (m->lo == found->lo && m->hi == found->hi && strcmp(m->path, found->path) == 0 &&
            strcmp(m->build_id, found->build_id) == 0) {
            m->seen = true;
            return;
        }
    }
    struct module *m = malloc(sizeof *m);
    if (!m || !grow_list(&modules, nmodules, &modules_size, sizeof *modules))
        return;
    *m = *found;
    m->path = strdup(found->path);
    m->seen = true;
    if (m->path)
        modules[nmodules++] = m;
}

static bool parse_mapping(char *line, struct mapping *out)
{
    char perms[5];
    unsigned long start, end, offset;
    int path_at = 0;
    if (sscanf(line, "%lx-%lx %4s %lx %*s %*s %n", &start, &end, perms, &offset, &path_at) < 4 || path_at == 0)
        return false;
    *out = (struct mapping){start, end, offset, perms[0] == 'r', perms[2] == 'x', line + path_at};
    return *out->path != 0;
}

static char *read_maps(void)
{
    size_t used = 0, size = 1 << 16;
    char *text = malloc(size);
    int fd = open("/proc/thread-self/maps", O_RDONLY | O_CLOEXEC);
    while (text && fd >= 0) {
        ssize_t n = read(fd, text + used, size - used - 1);
        if (n <= 0)
            break;
        used += (size_t)n;
        if (size - used < 4096) {
            char *more = realloc(text, size *= 2);
            if (!more)
                break;
            text = more;
        }
    }
    if (fd >= 0)
        close(fd);
    if (text)
        text[used] = 0;
    return text;
}

static void read_modules(void)
{
    char *text = read_maps();
    struct module current = {.path = ""}; /* the file whose header was mapped last; valid while hi > 0 */
    for (size_t i = 0; i < nmodules; i++)
        modules[i]->seen = false;
    for (char *line = text, *next; line && *line; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = 0;
        struct mapping map;
        if (!parse_mapping(line, &map) || (map.path[0] != '/' && strcmp(map.path, "[vdso]") != 0))
            continue;
        bool same = current.hi > map.start && strcmp(current.path, map.path) == 0;
        if (map.offset == 0 && map.readable && !same) {
            current = (struct module){.path = map.path, .live = true};
            if (!place(&current, map.start))
                current.hi = 0;
            same = current.hi > 0;
        }
        if (map.executable && same)
            remember(&current);
    }
    for (size_t i = 0; i < nmodules; i++)
        modules[i]->live = modules[i]->seen;
    free(text);
    stale = false;
}

static struct module *find(uintptr_t pc, bool live)
{
    for (size_t i = nmodules; i-- > 0;)
        if (modules[i]->live == live && pc >= modules[i]->lo && pc < modules[i]->hi)
            return modules[i];
    return NULL;
}

struct module *module_at(uintptr_t pc)
{
    if (stale)
        read_modules();
    struct module *m = find(pc, true);
    if (m)
        return m;
    read_modules();
    m = find(pc, true);
    return m ? m : find(pc, false);
}

void module_refresh(void)
{
    stale = true;
}

void module_note_unload(void)
{
    read_modules();
    stale = true;
}
