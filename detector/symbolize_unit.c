/* DWARF: which compilation unit holds an address, and which functions and variables a unit has.
 *
 * .debug_aranges is not used: clang does not write it, and one that covers only part of a program looks like one that
 * covers it all. Instead the header DIE of every unit is read once per module; that touches a page or so per unit, and
 * takes some 20 ms for 50 MB of DWARF. What lies in a unit is read when the first address in it is asked for. */
#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

#include "symbolize_module.h"

bool grow_list(void *list, size_t n, size_t *size, size_t element)
{
    if (n < *size)
        return true;
    size_t bigger = *size ? *size * 2 : 16;
    void **at = list, *more = realloc(*at, bigger * element);
    if (!more)
        return false;
    *at = more;
    *size = bigger;
    return true;
}

static int by_address(const void *a, const void *b)
{
    const struct unit_range *x = a, *y = b;
    if (x->lo != y->lo)
        return x->lo < y->lo ? -1 : 1;
    return x->hi > y->hi ? -1 : x->hi < y->hi;
}

static void ranges_sort(struct unit_ranges *r)
{
    if (r->n)
        qsort(r->at, r->n, sizeof *r->at, by_address);
}

/* All address ranges of a DIE. What starts at 0 was thrown away by the linker. */
static void ranges_add(struct unit_ranges *r, Dwarf_Die *die, size_t index)
{
    Dwarf_Addr base, lo, hi;
    ptrdiff_t at = 0;
    while ((at = dwarf_ranges(die, at, &base, &lo, &hi)) > 0)
        if (lo != 0 && lo < hi && grow_list(&r->at, r->n, &r->size, sizeof *r->at))
            r->at[r->n++] = (struct unit_range){lo, hi, index};
}

static const struct unit_range *ranges_find(const struct unit_ranges *r, Dwarf_Addr vaddr)
{
    size_t lo = 0, hi = r->n;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (r->at[mid].lo <= vaddr)
            lo = mid + 1;
        else
            hi = mid;
    }
    /* Ranges of discarded code may overlap live ones: a few steps back find the range around. */
    for (size_t i = lo, steps = 0; i-- > 0 && steps < 16; steps++)
        if (vaddr < r->at[i].hi)
            return &r->at[i];
    return NULL;
}

void unit_list(struct module *m)
{
    if (m->units_known || !m->dwarf)
        return;
    m->units_known = true;
    Dwarf_CU *cu = NULL;
    Dwarf_Die die;
    Dwarf_Half version;
    uint8_t type;
    Dwarf_Off last = 0;
    while (dwarf_get_units(m->dwarf, cu, &cu, &version, &type, &die, NULL) == 0) {
        Dwarf_Off here = dwarf_dieoffset(&die);
        if (m->nunits && here > last)
            m->units[m->nunits - 1].bytes = here - last;
        last = here;
        if ((type != DW_UT_compile && type != DW_UT_skeleton) ||
            !grow_list(&m->units, m->nunits, &m->units_size, sizeof *m->units))
            continue;
        Dwarf_Attribute attr;
        struct unit *u = &m->units[m->nunits];
        *u = (struct unit){.die = die, .comp_dir = dwarf_formstring(dwarf_attr(&die, DW_AT_comp_dir, &attr))};
        ranges_add(&m->code, &die, m->nunits++);
    }
    ranges_sort(&m->code);
}

struct unit *unit_at(struct module *m, Dwarf_Addr vaddr)
{
    unit_list(m);
    const struct unit_range *r = ranges_find(&m->code, vaddr);
    return r ? &m->units[r->index] : NULL;
}

bool unit_variable_address(Dwarf_Die *variable, Dwarf_Addr *vaddr)
{
    Dwarf_Attribute attr, value;
    Dwarf_Op *ops;
    size_t n;
    Dwarf_Block block;
    if (!dwarf_attr(variable, DW_AT_location, &attr) || dwarf_formblock(&attr, &block) != 0 || block.length < 2)
        return false;
    /* Looked at before libdw parses it, because that keeps a copy of every expression. */
    switch (block.data[0]) {
    case DW_OP_addr:
        if (block.length != 1 + sizeof *vaddr)
            return false;
        memcpy(vaddr, block.data + 1, sizeof *vaddr);
        return *vaddr != 0;
    case DW_OP_addrx:
    case DW_OP_GNU_addr_index:
        return dwarf_getlocation(&attr, &ops, &n) == 0 && n == 1 && dwarf_getlocation_attr(&attr, ops, &value) == 0 &&
               dwarf_formaddr(&value, vaddr) == 0 && *vaddr != 0;
    default:
        return false;
    }
}

static void add_function(struct unit *u, Dwarf_Die *die, bool inside)
{
    if ((dwarf_hasattr(die, DW_AT_low_pc) || dwarf_hasattr(die, DW_AT_ranges)) &&
        grow_list(&u->functions, u->nfunctions, &u->functions_size, sizeof *u->functions)) {
        ranges_add(&u->code, die, u->nfunctions);
        u->functions[u->nfunctions++] = (struct unit_function){*die, inside};
    }
}

static void scan(struct unit *u, Dwarf_Die *parent)
{
    Dwarf_Die die;
    if (dwarf_child(parent, &die) != 0)
        return;
    do {
        Dwarf_Addr vaddr;
        switch (dwarf_tag(&die)) {
        case DW_TAG_subprogram:
            add_function(u, &die, false);
            break;
        case DW_TAG_variable:
            if (unit_variable_address(&die, &vaddr) &&
                grow_list(&u->variables, u->nvariables, &u->variables_size, sizeof *u->variables))
                u->variables[u->nvariables++] = (struct unit_variable){die, vaddr};
            break;
        case DW_TAG_namespace:
        case DW_TAG_module:
            scan(u, &die);
            break;
        default:
            break;
        }
    } while (dwarf_siblingof(&die, &die) == 0);
}

/* Functions inside of functions and classes, which `scan` passes by: gcc puts those of local classes, lambdas among them,
 * where the source has them. */
static void scan_inside(struct unit *u, Dwarf_Die *parent, bool inside)
{
    Dwarf_Die die;
    if (dwarf_child(parent, &die) != 0)
        return;
    do {
        switch (dwarf_tag(&die)) {
        case DW_TAG_subprogram:
            if (inside)
                add_function(u, &die, true);
            scan_inside(u, &die, true);
            break;
        case DW_TAG_class_type:
        case DW_TAG_inlined_subroutine:
        case DW_TAG_lexical_block:
        case DW_TAG_structure_type:
        case DW_TAG_union_type:
            scan_inside(u, &die, true);
            break;
        case DW_TAG_namespace:
        case DW_TAG_module:
            scan_inside(u, &die, inside);
            break;
        default:
            break;
        }
    } while (dwarf_siblingof(&die, &die) == 0);
}

void unit_scan(struct unit *u)
{
    if (u->scanned)
        return;
    u->scanned = true;
    Dwarf_Die split;
    if (dwarf_cu_info(u->die.cu, NULL, NULL, NULL, &split, NULL, NULL, NULL) == 0 && split.cu)
        u->die = split;
    scan(u, &u->die);
    ranges_sort(&u->code);
}

struct unit_function *unit_function_at(struct unit *u, Dwarf_Addr vaddr)
{
    unit_scan(u);
    const struct unit_range *r = ranges_find(&u->code, vaddr);
    if (!r && !u->scanned_inside) {
        u->scanned_inside = true;
        scan_inside(u, &u->die, false);
        ranges_sort(&u->code);
        r = ranges_find(&u->code, vaddr);
    }
    return r ? &u->functions[r->index] : NULL;
}
