/* What is known of an address without libgorace-symbolize.so: module, build-id and offset, which is what names can be found by later,
 * and what a fingerprint needs to be the same in every run. Frames are kept for as long as the process lives, as the interface
 * has it; a report is made of a place once. */
#include <dlfcn.h>
#include <limits.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "symbolizer_load.h"

#ifdef DLFO_STRUCT_HAS_EH_DBASE /* glibc 2.35: _dl_find_object */

static void hexadecimal(const unsigned char *from, size_t n, char *to)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++) {
        *to++ = digits[from[i] >> 4];
        *to++ = digits[from[i] & 15];
    }
    *to = '\0';
}

/* NULL: it has none. The headers of `module` are mapped at the beginning of its first segment. */
static char *build_id(const struct dl_find_object *module)
{
    const char *base = module->dlfo_map_start;
    const ElfW(Ehdr) *header = (const ElfW(Ehdr) *)base;
    if (memcmp(header->e_ident, ELFMAG, SELFMAG) != 0)
        return NULL;
    const ElfW(Phdr) *ph = (const ElfW(Phdr) *)(base + header->e_phoff);
    for (int i = 0; i < header->e_phnum; i++) {
        if (ph[i].p_type != PT_NOTE)
            continue;
        const char *at = (const char *)(module->dlfo_link_map->l_addr + ph[i].p_vaddr), *end = at + ph[i].p_memsz;
        while ((size_t)(end - at) > sizeof(ElfW(Nhdr))) {
            const ElfW(Nhdr) *note = (const ElfW(Nhdr) *)at;
            const char *name = at + sizeof *note, *text = name + ((note->n_namesz + 3) & ~3u);
            if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 && memcmp(name, "GNU", 4) == 0) {
                char *id = malloc(2 * note->n_descsz + 1);
                if (id)
                    hexadecimal((const unsigned char *)text, note->n_descsz, id);
                return id;
            }
            at = text + ((note->n_descsz + 3) & ~3u);
        }
    }
    return NULL;
}

static char *path_of(const struct link_map *map)
{
    char path[PATH_MAX];
    if (map->l_name[0])
        return strdup(map->l_name);
    const ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    path[n > 0 ? n : 0] = '\0';
    return strdup(path);
}

/* The one function of the loader that takes no lock: the program may be inside of dlopen. */
static void place(uintptr_t call, struct symbol_frame *frame)
{
    struct dl_find_object module;
    if (_dl_find_object((void *)call, &module) != 0)
        return;
    char *path = path_of(module.dlfo_link_map), *id = build_id(&module);
    frame->module = path ? path : "";
    frame->build_id = id ? id : "";
    frame->offset = call - module.dlfo_link_map->l_addr;
}

#else

static void place(uintptr_t call, struct symbol_frame *frame)
{
    (void)call, (void)frame;
}

#endif

static int frames(uintptr_t pc, const struct symbol_frame **result)
{
    static const struct symbol_frame nothing = {.module = "", .build_id = ""};
    struct symbol_frame *frame = malloc(sizeof *frame);
    *result = frame ? frame : &nothing;
    if (!frame)
        return 1;
    *frame = nothing;
    frame->offset = pc ? pc - 1 : 0;
    place(frame->offset, frame);
    return 1;
}

static bool variable(uintptr_t addr, const uintptr_t *pcs, int npcs, struct symbol_variable *v)
{
    (void)addr, (void)pcs, (void)npcs, (void)v;
    return false;
}

static void nothing_to_do(void)
{
}

static void settings(const char *debug_root, bool names)
{
    (void)debug_root, (void)names;
}

const struct symbolizer symbolizer_none = {
    .abi = SYMBOLIZER_ABI,
    .frames = frames,
    .variable = variable,
    .refresh = nothing_to_do,
    .note_unload = nothing_to_do,
    .settings = settings,
};
