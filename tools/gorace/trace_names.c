/* See trace_names.h. libdwfl does it: modules are put where they were, no process is needed. */
#include "trace_names.h"

#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"

struct trace_names {
    Dwfl *dwfl;
    char text[512];
};

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

struct trace_names *trace_names_new(const struct trace_process *p)
{
    static const Dwfl_Callbacks callbacks = {.find_elf = dwfl_build_id_find_elf,
                                             .find_debuginfo = dwfl_standard_find_debuginfo,
                                             .section_address = dwfl_offline_section_address};
    struct trace_names *n = must_grow(NULL, sizeof *n);
    n->dwfl = dwfl_begin(&callbacks);
    if (!n->dwfl)
        return n;
    dwfl_report_begin(n->dwfl);
    for (size_t i = 0; i < p->n; i++) {
        const struct trace_event *e = &p->events[i];
        /* Told again whenever a module came or went: the first one there stays. */
        if (e->kind == TRACE_MODULE && *e->text == '/' && !dwfl_addrmodule(n->dwfl, e->object + e->value / 2))
            dwfl_report_elf(n->dwfl, base_name(e->text), e->text, -1, e->object, false);
    }
    dwfl_report_end(n->dwfl, NULL, NULL);
    return n;
}

void trace_names_free(struct trace_names *n)
{
    if (n->dwfl)
        dwfl_end(n->dwfl);
    free(n);
}

/* clang writes no table of the addresses of units. */
static Dwarf_Line *line_at(Dwfl_Module *module, Dwarf_Addr pc)
{
    Dwarf_Addr bias;
    Dwarf_Die *unit = dwfl_module_addrdie(module, pc, &bias);
    for (Dwarf_Die *u = NULL; !unit && (u = dwfl_module_nextcu(module, u, &bias));)
        if (dwarf_haspc(u, pc - bias) > 0)
            unit = u;
    return unit ? dwarf_getsrc_die(unit, pc - bias) : NULL;
}

const char *trace_place(struct trace_names *n, uintptr_t pc)
{
    n->text[0] = 0;
    if (!pc)
        return n->text;
    Dwfl_Module *module = n->dwfl ? dwfl_addrmodule(n->dwfl, pc - 1) : NULL;
    if (!module) {
        snprintf(n->text, sizeof n->text, "0x%lx", (unsigned long)pc);
        return n->text;
    }
    Dwarf_Addr low;
    const char *name = dwfl_module_info(module, NULL, &low, NULL, NULL, NULL, NULL, NULL);
    const char *function = dwfl_module_addrname(module, pc - 1), *file = NULL;
    Dwarf_Line *at = line_at(module, pc - 1);
    int line = 0;
    if (at && dwarf_lineno(at, &line) == 0)
        file = dwarf_linesrc(at, NULL, NULL);
    if (file && function)
        snprintf(n->text, sizeof n->text, "%s %s:%d", function, base_name(file), line);
    else if (function)
        snprintf(n->text, sizeof n->text, "%s (%s)", function, name);
    else
        snprintf(n->text, sizeof n->text, "%s+0x%lx", name, (unsigned long)(pc - 1 - low));
    return n->text;
}

const char *trace_variable(struct trace_names *n, uintptr_t addr)
{
    n->text[0] = 0;
    Dwfl_Module *module = n->dwfl ? dwfl_addrmodule(n->dwfl, addr) : NULL;
    GElf_Sym symbol;
    GElf_Off offset;
    const char *name = module ? dwfl_module_addrinfo(module, addr, &offset, &symbol, NULL, NULL, NULL) : NULL;
    if (name && GELF_ST_TYPE(symbol.st_info) == STT_OBJECT && offset < symbol.st_size)
        snprintf(n->text, sizeof n->text, offset ? "%s+%lu" : "%s", name, (unsigned long)offset);
    return n->text;
}
