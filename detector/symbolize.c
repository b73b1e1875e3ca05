/* The functions that libgorace-symbolize.so hands out, and the cache of their answers.
 *
 * An answer is kept by module and address, because an address can belong to one module today and, after dlclose, to
 * another tomorrow. */
#include <stdlib.h>
#include <string.h>

#include "symbolize_module.h"

/* The answer for one address. */
struct answer {
    const struct module *module;
    uintptr_t pc;
    struct symbol_frame *frames;
    int n;
};

static struct answer *answers; /* open addressing, size a power of two, at most half full */
static size_t nanswers, answers_size;
static bool names_wanted = true;
static const struct symbol_frame nowhere = {.module = "", .build_id = ""};

static size_t slot_of(const struct module *m, uintptr_t pc)
{
    uint64_t h = (pc ^ ((uintptr_t)m >> 4)) * 0x9e3779b97f4a7c15u;
    return (size_t)(h >> 20) & (answers_size - 1);
}

static struct answer *answer_slot(const struct module *m, uintptr_t pc)
{
    size_t i = slot_of(m, pc);
    while (answers[i].frames && (answers[i].module != m || answers[i].pc != pc))
        i = (i + 1) & (answers_size - 1);
    return &answers[i];
}

static bool answers_grow(void)
{
    struct answer *old = answers;
    size_t old_size = answers_size, size = old_size ? old_size * 2 : 1024;
    struct answer *more = calloc(size, sizeof *more);
    if (!more)
        return false;
    answers = more;
    answers_size = size;
    for (size_t i = 0; i < old_size; i++)
        if (old[i].frames)
            *answer_slot(old[i].module, old[i].pc) = old[i];
    free(old);
    return true;
}

static int look_up(struct module *m, uintptr_t pc, struct symbol_frame *out)
{
    int n = 0;
    out[0] = nowhere;
    out[0].offset = pc;
    if (!m)
        return 1;
    Dwarf_Addr vaddr = pc - m->bias;
    if (names_wanted)
        elf_open(m);
    if (m->dwarf)
        n = dwarf_frames(m, vaddr, out);
    if (n == 0) {
        out[0] = nowhere;
        n = 1;
    }
    if (!out[n - 1].function) {
        const struct elf_symbol *s = elf_symbol_at(&m->functions, vaddr);
        if (s) {
            out[n - 1].linkage = s->name;
            out[n - 1].function = demangled(s->name);
        }
    }
    for (int i = 0; i < n; i++) {
        out[i].module = m->path;
        out[i].build_id = m->build_id;
        out[i].offset = vaddr;
    }
    return n;
}

static int frames(uintptr_t pc, const struct symbol_frame **result)
{
    static struct symbol_frame found[DWARF_FRAMES]; /* also the answer when there is no memory to keep it */
    uintptr_t call = pc ? pc - 1 : 0;
    struct module *m = module_at(call);
    bool room = 2 * (nanswers + 1) <= answers_size || answers_grow();
    struct answer *a = room ? answer_slot(m, call) : NULL;
    if (a && a->frames) {
        *result = a->frames;
        return a->n;
    }
    int n = look_up(m, call, found);
    *result = found;
    struct symbol_frame *kept = a ? malloc((size_t)n * sizeof *kept) : NULL;
    if (kept) {
        memcpy(kept, found, (size_t)n * sizeof *kept);
        *a = (struct answer){m, call, kept, n};
        nanswers++;
        *result = kept;
    }
    return n;
}

/* The name in the source: without the version in "stdout@GLIBC_2.2.5" and the number in "count.3", which compilers give
 * to static variables of functions. */
static const char *source_name(const char *name)
{
    size_t n = strcspn(name, "@"), digits = n;
    while (digits > 0 && name[digits - 1] >= '0' && name[digits - 1] <= '9')
        digits--;
    if (digits < n && digits > 1 && name[digits - 1] == '.')
        n = digits - 1;
    char *copy = name[n] ? strndup(name, n) : NULL;
    return copy ? copy : name;
}

static bool variable(uintptr_t addr, const uintptr_t *pcs, int npcs, struct symbol_variable *v)
{
    struct module *m = module_at(addr);
    if (!m)
        return false;
    if (names_wanted)
        elf_open(m);
    *v = (struct symbol_variable){.base = addr, .module = m->path, .offset = addr - m->bias};
    const struct elf_symbol *s = elf_symbol_at(&m->objects, addr - m->bias);
    if (!s)
        return true;
    v->name = demangled(source_name(s->name));
    v->base = m->bias + s->lo;
    v->size = s->size;
    v->offset = s->lo;
    if (m->dwarf) {
        Dwarf_Addr near[16];
        int n = 0;
        for (int i = 0; i < npcs && n < 16; i++)
            if (pcs[i] > m->lo && pcs[i] <= m->hi)
                near[n++] = pcs[i] - 1 - m->bias;
        dwarf_variable(m, s->lo, addr - m->bias - s->lo, near, n, v);
    }
    return true;
}

static void settings(const char *debug_root, bool names)
{
    elf_debug_root = debug_root;
    names_wanted = names;
}

__attribute__((visibility("default"))) const struct symbolizer *gorace_symbolizer(int abi);

const struct symbolizer *gorace_symbolizer(int abi)
{
    static const struct symbolizer table = {
        .abi = SYMBOLIZER_ABI,
        .frames = frames,
        .variable = variable,
        .refresh = module_refresh,
        .note_unload = module_note_unload,
        .settings = settings,
    };
    return abi == SYMBOLIZER_ABI ? &table : NULL;
}
