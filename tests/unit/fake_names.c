/* See fake_names.h. Also stands in for the core: context_pcs, counter_sum and naming_find. */
#include "fake_names.h"

#include <stdarg.h>
#include <string.h>

#include "detector.h"
#include "naming.h"

#define STACKS 64
#define DEPTH 2048
#define GLOBAL_AT 0x5000

struct symbol_frame fake_frames[FAKE_FRAMES];
int fake_asked;
uintptr_t fake_given_at;
static int nframes;
static uintptr_t stacks[STACKS][DEPTH];
static int nstacks;

void fake_forget(void)
{
    nframes = nstacks = fake_asked = 0;
    fake_given_at = 0;
}

const char *naming_find(uintptr_t addr, char to[NAMING_BYTES])
{
    return addr && addr == fake_given_at ? strcpy(to, "given") : NULL;
}

uintptr_t fake_frame(const char *function, const char *file, int function_line, int line)
{
    const char *slash = file ? strrchr(file, '/') : NULL;
    fake_frames[nframes] = (struct symbol_frame){
        .function = function,
        .linkage = function,
        .file = file,
        .file_short = slash ? slash + 1 : file,
        .line = line,
        .column = line ? 5 : 0,
        .function_line = function_line,
        .module = "/opt/app/bin/app",
        .build_id = "00112233445566778899aabbccddeeff00112233",
        .offset = 0x1000 + 16 * (uint64_t)nframes,
    };
    return (uintptr_t)++nframes;
}

uint32_t fake_stack(uintptr_t first, ...)
{
    va_list more;
    int n = 0;
    va_start(more, first);
    for (uintptr_t pc = first; pc && n < DEPTH - 1; pc = va_arg(more, uintptr_t))
        stacks[nstacks][n++] = pc;
    va_end(more);
    stacks[nstacks][n] = 0;
    return (uint32_t)++nstacks;
}

int context_pcs(uint32_t stack, uintptr_t *pcs, int max)
{
    int n = 0;
    while (n < max && stacks[stack - 1][n]) {
        pcs[n] = stacks[stack - 1][n];
        n++;
    }
    return n;
}

uint64_t counter_sum(enum counter c)
{
    return c == COUNTER_accesses ? 1234 : c == COUNTER_stacks_lost ? 5 : 0;
}

static int frames(uintptr_t pc, const struct symbol_frame **result)
{
    int n = 1;
    fake_asked++;
    *result = &fake_frames[pc - 1];
    while (fake_frames[pc - 2 + (uintptr_t)n].inlined)
        n++;
    return n;
}

static bool variable(uintptr_t addr, const uintptr_t *pcs, int npcs, struct symbol_variable *v)
{
    (void)pcs;
    (void)npcs;
    if (addr < GLOBAL_AT || addr >= GLOBAL_AT + 64)
        return false;
    bool is_lock = addr >= GLOBAL_AT + 32;
    *v = (struct symbol_variable){is_lock ? "table_lock" : "counter",
                                  is_lock ? GLOBAL_AT + 32 : GLOBAL_AT,
                                  32,
                                  "/src/app/race.c",
                                  "race.c",
                                  is_lock ? 6 : 5,
                                  "/opt/app/bin/app",
                                  0x4040, false};
    return true;
}

static void nothing(void)
{
}

static void settings(const char *debug_root, bool names)
{
    (void)debug_root;
    (void)names;
}

const struct symbolizer fake_symbolizer = {
    .abi = SYMBOLIZER_ABI,
    .frames = frames,
    .variable = variable,
    .refresh = nothing,
    .note_unload = nothing,
    .settings = settings,
};
