/* DWARF: the functions at an address, inlined ones first, with lines; and variables by address.
 *
 * The line of the innermost function comes from the line table; that of each caller from the call_line of the inlined
 * subroutine below it. Call addresses are looked up, not return addresses, so the caller of this file takes 1 off. */
#include <demangle.h>
#include <dwarf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "symbolize_module.h"

/* Scans of further units for one variable stop after so much DWARF: about a quarter of a second. */
#define VARIABLE_SEARCH_BYTES ((size_t)64 << 20)

const char *demangled(const char *linkage)
{
    if (!linkage || linkage[0] != '_')
        return linkage;
    const char *name = cplus_demangle_v3(linkage, DMGL_PARAMS | DMGL_ANSI);
    return name ? name : linkage;
}

static const char *string_of(Dwarf_Die *die, unsigned attribute)
{
    Dwarf_Attribute attr;
    return dwarf_formstring(dwarf_attr_integrate(die, attribute, &attr));
}

static int number_of(Dwarf_Die *die, unsigned attribute)
{
    Dwarf_Attribute attr;
    Dwarf_Word value;
    return dwarf_formudata(dwarf_attr_integrate(die, attribute, &attr), &value) == 0 ? (int)value : 0;
}

static const char *without_dots(const char *file)
{
    while (file[0] == '.' && file[1] == '/')
        file += 2;
    return file;
}

/* Splits a name that DWARF gives: the whole name, and that without the folder that the compiler ran in. */
static void set_names(const struct unit *u, const char *file, const char **whole, const char **brief)
{
    size_t n = u->comp_dir ? strlen(u->comp_dir) : 0;
    *whole = *brief = file;
    if (!file || n == 0)
        return;
    if (strncmp(file, u->comp_dir, n) == 0 && file[n] == '/') {
        *brief = without_dots(file + n + 1);
    } else if (file[0] != '/' && u->comp_dir[0] == '/') {
        *brief = without_dots(file);
        char *joined = malloc(n + strlen(*brief) + 2);
        if (joined) {
            sprintf(joined, "%s/%s", u->comp_dir, *brief);
            *whole = joined;
        }
    }
}

static const char *file_numbered(struct unit *u, int number)
{
    Dwarf_Files *files;
    size_t n;
    if (number < 0 || dwarf_getsrcfiles(&u->die, &files, &n) != 0 || (size_t)number >= n)
        return NULL;
    return dwarf_filesrc(files, (size_t)number, NULL, NULL);
}

/* `file` is the frame's, as DWARF has it. */
static void set_function(struct unit *u, struct symbol_frame *f, Dwarf_Die *die, const char *file)
{
    const char *linkage = string_of(die, DW_AT_linkage_name);
    if (!linkage)
        linkage = string_of(die, DW_AT_MIPS_linkage_name);
    const char *name = string_of(die, DW_AT_name);
    f->linkage = linkage ? linkage : name;
    f->function = linkage ? demangled(linkage) : name;
    /* A line is told only relative to the same file: that of a declaration in a header says nothing here. */
    Dwarf_Attribute attr;
    Dwarf_Word value;
    if (file && dwarf_formudata(dwarf_attr_integrate(die, DW_AT_decl_file, &attr), &value) == 0) {
        const char *declared_in = file_numbered(u, (int)value);
        if (declared_in && strcmp(declared_in, file) == 0)
            f->function_line = number_of(die, DW_AT_decl_line);
    }
}

/* Children of `die` that hold vaddr, outermost first, inlined subroutines only; n so far. */
static int inlined_at(Dwarf_Die *die, Dwarf_Addr vaddr, Dwarf_Die *chain, int n)
{
    Dwarf_Die child;
    if (dwarf_child(die, &child) != 0)
        return n;
    do {
        int tag = dwarf_tag(&child);
        if (tag != DW_TAG_inlined_subroutine && tag != DW_TAG_lexical_block)
            continue;
        bool placed = dwarf_hasattr(&child, DW_AT_low_pc) || dwarf_hasattr(&child, DW_AT_ranges);
        if (placed && dwarf_haspc(&child, vaddr) != 1)
            continue;
        if (tag == DW_TAG_inlined_subroutine) {
            if (placed && n < DWARF_FRAMES - 1) {
                chain[n] = child;
                return inlined_at(&child, vaddr, chain, n + 1);
            }
        } else {
            int deeper = inlined_at(&child, vaddr, chain, n);
            if (placed || deeper > n)
                return deeper;
        }
    } while (dwarf_siblingof(&child, &child) == 0);
    return n;
}

int dwarf_frames(struct module *m, Dwarf_Addr vaddr, struct symbol_frame *out)
{
    struct unit *u = unit_at(m, vaddr);
    if (!u)
        return 0;
    Dwarf_Die chain[DWARF_FRAMES];
    struct unit_function *function = unit_function_at(u, vaddr);
    int inlined = function ? inlined_at(&function->die, vaddr, chain, 0) : 0;

    struct symbol_frame next = {0};
    const char *file = NULL;
    Dwarf_Line *line = dwarf_getsrc_die(&u->die, vaddr);
    if (line) {
        file = dwarf_linesrc(line, NULL, NULL);
        dwarf_lineno(line, &next.line);
        dwarf_linecol(line, &next.column);
    }
    int n = 0;
    for (int i = inlined - 1; i >= 0; i--) {
        next.inlined = true;
        set_names(u, file, &next.file, &next.file_short);
        set_function(u, &next, &chain[i], file);
        out[n++] = next;
        next = (struct symbol_frame){0};
        file = file_numbered(u, number_of(&chain[i], DW_AT_call_file));
        next.line = number_of(&chain[i], DW_AT_call_line);
        next.column = number_of(&chain[i], DW_AT_call_column);
    }
    if (!function && !file)
        return 0;
    set_names(u, file, &next.file, &next.file_short);
    if (function)
        set_function(u, &next, &function->die, file);
    if (function && function->inside && next.linkage == next.function)
        next.linkage = next.function = NULL; /* the symbol says more */
    out[n++] = next;
    return n;
}

/* ---- variables ------------------------------------------------------------------------------------------------ */

/* A static variable inside of a function or block. */
static bool find_inside(Dwarf_Die *die, Dwarf_Addr vaddr, Dwarf_Die *found)
{
    Dwarf_Die child;
    if (dwarf_child(die, &child) != 0)
        return false;
    do {
        Dwarf_Addr at;
        int tag = dwarf_tag(&child);
        if (tag == DW_TAG_variable && unit_variable_address(&child, &at) && at == vaddr) {
            *found = child;
            return true;
        }
        if ((tag == DW_TAG_lexical_block || tag == DW_TAG_inlined_subroutine) && find_inside(&child, vaddr, found))
            return true;
    } while (dwarf_siblingof(&child, &child) == 0);
    return false;
}

static bool find_in_unit(struct unit *u, Dwarf_Addr vaddr, Dwarf_Die *found)
{
    unit_scan(u);
    for (size_t i = 0; i < u->nvariables; i++)
        if (u->variables[i].vaddr == vaddr) {
            *found = u->variables[i].die;
            return true;
        }
    return false;
}

static bool find_in_functions(struct unit *u, Dwarf_Addr vaddr, Dwarf_Die *found)
{
    for (size_t i = 0; i < u->nfunctions; i++)
        if (find_inside(&u->functions[i].die, vaddr, found))
            return true;
    return false;
}

/* A class of the C++ library. */
static bool is_atomic_class(Dwarf_Die *type)
{
    static const char *const classes[] = {"atomic<", "atomic_flag", "__atomic_base<", "__atomic_float<"};
    const char *name = string_of(type, DW_AT_name);
    for (size_t i = 0; name && i < sizeof classes / sizeof *classes; i++)
        if (strncmp(name, classes[i], strlen(classes[i])) == 0)
            return true;
    return false;
}

static bool type_of(Dwarf_Die *die, Dwarf_Die *type)
{
    Dwarf_Attribute attr;
    return dwarf_formref_die(dwarf_attr_integrate(die, DW_AT_type, &attr), type) != NULL;
}

/* The member, or base, that holds the byte at *offset of a structure, which becomes that of the member. */
static bool member_at(Dwarf_Die *type, Dwarf_Word *offset, Dwarf_Die *member)
{
    Dwarf_Die child, child_type;
    if (dwarf_child(type, &child) != 0)
        return false;
    do {
        Dwarf_Attribute attr;
        Dwarf_Word at = 0, size;
        const int tag = dwarf_tag(&child);
        if ((tag != DW_TAG_member && tag != DW_TAG_inheritance) || !type_of(&child, &child_type) ||
            dwarf_aggregate_size(&child_type, &size) != 0)
            continue;
        dwarf_formudata(dwarf_attr(&child, DW_AT_data_member_location, &attr), &at);
        if (*offset - at < size) {
            *offset -= at;
            *member = child;
            return true;
        }
    } while (dwarf_siblingof(&child, &child) == 0);
    return false;
}

static bool element_at(Dwarf_Die *array, Dwarf_Word *offset, Dwarf_Die *type)
{
    Dwarf_Word size;
    if (!type_of(array, type) || dwarf_aggregate_size(type, &size) != 0 || size == 0)
        return false;
    *offset %= size;
    return true;
}

#define TYPE_DEPTH 32 /* of a type within types */

/* Whether the byte at `offset` of the variable, or of the member, belongs to something atomic. */
static bool is_atomic_at(Dwarf_Die die, Dwarf_Word offset)
{
    Dwarf_Die type, member;
    bool known = type_of(&die, &type);
    for (int depth = 0; known && depth < TYPE_DEPTH; depth++) {
        switch (dwarf_tag(&type)) {
        case DW_TAG_atomic_type:
            return true;
        case DW_TAG_typedef:
        case DW_TAG_const_type:
        case DW_TAG_volatile_type:
            member = type;
            known = type_of(&member, &type);
            break;
        case DW_TAG_array_type:
            member = type;
            known = element_at(&member, &offset, &type);
            break;
        case DW_TAG_class_type:
        case DW_TAG_structure_type:
            if (is_atomic_class(&type))
                return true;
            known = member_at(&type, &offset, &member) && type_of(&member, &type);
            break;
        default:
            return false;
        }
    }
    return false;
}

static bool describe(struct unit *u, Dwarf_Die *die, Dwarf_Word offset, struct symbol_variable *v)
{
    Dwarf_Attribute attr;
    v->atomic = is_atomic_at(*die, offset);
    const char *name = string_of(die, DW_AT_name);
    /* The symbol says more in C++ (the namespace), and for a static of a function in C what its source does not. */
    if (name && (!v->name || !strchr(v->name, ':')))
        v->name = name;
    Dwarf_Word file;
    if (dwarf_formudata(dwarf_attr_integrate(die, DW_AT_decl_file, &attr), &file) == 0) {
        set_names(u, file_numbered(u, (int)file), &v->file, &v->file_short);
        v->line = number_of(die, DW_AT_decl_line);
    }
    return true;
}

bool dwarf_variable(struct module *m, Dwarf_Addr vaddr, Dwarf_Word offset, const Dwarf_Addr *near, int nnear,
                    struct symbol_variable *v)
{
    Dwarf_Die die;
    unit_list(m);
    for (int i = 0; i < nnear; i++) {
        struct unit *u = unit_at(m, near[i]);
        if (u && (find_in_unit(u, vaddr, &die) || find_in_functions(u, vaddr, &die)))
            return describe(u, &die, offset, v);
    }
    size_t bytes = 0;
    for (size_t i = 0; i < m->nunits && bytes < VARIABLE_SEARCH_BYTES; i++) {
        struct unit *u = &m->units[i];
        if (!u->scanned)
            bytes += u->bytes;
        if (find_in_unit(u, vaddr, &die))
            return describe(u, &die, offset, v);
    }
    return false;
}
