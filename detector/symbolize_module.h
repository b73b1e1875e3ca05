/* What the parts of libgorace-symbolize.so share: a module is one executable or library at one place in memory.
 *
 *   symbolize.c         the table of functions, one cache of answers by address
 *   symbolize_module.c  which module lies where (from /proc/self/maps)
 *   symbolize_elf.c     its file, its separate debug file, its symbol table
 *   symbolize_unit.c    DWARF: which compilation unit holds an address, functions and variables of a unit
 *   symbolize_dwarf.c   DWARF: frames with inlined functions, lines; variables
 *
 * Everything is found late and kept: a module is opened at the first address asked for in it, a unit is scanned at the
 * first address in it. Nothing is ever freed, because answers point into it. Addresses named `vaddr` are those in the
 * file; run-time address = vaddr + bias. */
#ifndef GORACE_SYMBOLIZE_MODULE_H
#define GORACE_SYMBOLIZE_MODULE_H

#include <elfutils/libdw.h>
#include <libelf.h>

#include "symbolize.h"

struct elf_symbol {
    GElf_Addr lo;
    GElf_Xword size;
    const char *name;
    int rank; /* of several at one address the highest is shown: global, weak, local */
};

struct elf_symbols {
    struct elf_symbol *at; /* sorted by lo, then rank */
    size_t n;
};

/* [lo, hi) belongs to number `index` of some list. */
struct unit_range {
    Dwarf_Addr lo, hi;
    size_t index;
};

struct unit_ranges {
    struct unit_range *at; /* sorted by lo */
    size_t n, size;
};

struct unit_function {
    Dwarf_Die die;
    bool inside; /* of a function or class: its name there says nothing of those */
};

struct unit_variable {
    Dwarf_Die die;
    Dwarf_Addr vaddr;
};

struct unit {
    Dwarf_Die die; /* the one with the code: of a skeleton, the split one once it is scanned */
    bool scanned;
    bool scanned_inside; /* of functions and classes as well: when an address was in no function outside of them */
    size_t bytes; /* of DWARF, to bound a search */
    const char *comp_dir;
    struct unit_ranges code; /* index: functions */
    struct unit_function *functions;
    size_t nfunctions, functions_size;
    struct unit_variable *variables; /* outside of functions */
    size_t nvariables, variables_size;
};

struct module {
    uintptr_t lo, hi;
    uintptr_t bias;
    bool live;        /* mapped when the maps were last read */
    bool seen;        /* by the reading of the maps that is under way */
    const char *path; /* as the maps have it; " (deleted)" at its end means what it says */
    char build_id[2 * 64 + 1];

    bool opened;
    Elf *elf;   /* NULL: no file, or not the one that is mapped */
    Elf *debug; /* where DWARF and .symtab are: the same or a separate file */
    Dwarf *dwarf;
    struct elf_symbols functions, objects;

    bool units_known;
    struct unit *units;
    size_t nunits, units_size;
    struct unit_ranges code; /* index: units */
};

/* symbolize_module.c */
struct module *module_at(uintptr_t pc);
void module_refresh(void);
void module_note_unload(void);

/* symbolize_elf.c */
extern const char *elf_debug_root;
void elf_open(struct module *m);
const struct elf_symbol *elf_symbol_at(const struct elf_symbols *s, GElf_Addr vaddr);
/* Build-id out of a note segment or section; false when it has none. */
bool elf_build_id(const char *notes, size_t n, char *hex, size_t size);

/* symbolize_unit.c */
struct unit *unit_at(struct module *m, Dwarf_Addr vaddr);
void unit_scan(struct unit *u);
struct unit_function *unit_function_at(struct unit *u, Dwarf_Addr vaddr);
void unit_list(struct module *m); /* fills m->units */
/* Whether `variable` lies at a fixed address: *vaddr. */
bool unit_variable_address(Dwarf_Die *variable, Dwarf_Addr *vaddr);
/* Room for one more in a list that grows. False: no memory. */
bool grow_list(void *list, size_t n, size_t *size, size_t element);

/* symbolize_dwarf.c */
#define DWARF_FRAMES 64
/* Frames at vaddr, inlined first; 0 when DWARF does not know it. Fills all but module, build_id and offset. */
int dwarf_frames(struct module *m, Dwarf_Addr vaddr, struct symbol_frame *out);
/* Name and place of the variable at exactly `vaddr`. */
bool dwarf_variable(struct module *m, Dwarf_Addr vaddr, Dwarf_Word offset, const Dwarf_Addr *near, int nnear,
                    struct symbol_variable *v);
const char *demangled(const char *linkage);

#endif
