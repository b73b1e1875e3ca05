/* The call frame information of one address, as the x86-64 ABI and the DWARF standard (6.4) have it, down to what
 * compilers emit: the CFA counts from rsp or rbp, the return address lies below it. What differs is not guessed at: the
 * walk ends there.
 *
 * Modules are found by _dl_find_object of glibc 2.35, which takes no lock, and not by dl_iterate_phdr, which takes one
 * of the loader's. With an older glibc there are no stacks of code that was not compiled with the hooks. */
#include "unwind_cfi.h"

#include <dlfcn.h>
#include <stddef.h>

#include "os.h"

#define RBP 6
#define RSP 7
#define RA 16
#define STATES 8 /* remember_state nests no deeper in practice */

enum rule { RULE_SAME, RULE_AT_CFA, RULE_AT_RBP, RULE_UNDEFINED, RULE_OTHER };

struct state {
    enum step_kind cfa;
    int64_t cfa_offset;
    enum rule rbp, ra;
    int64_t rbp_offset, ra_offset;
};

struct reader {
    const uint8_t *at, *end;
    bool bad;
};

/* What a CIE says, and how far an FDE reaches. */
struct cie {
    uint64_t code_align;
    int64_t data_align;
    uint8_t pointer_encoding;
    bool is_signal, has_data;
    struct reader program;
};

static uint64_t fixed(struct reader *r, size_t n)
{
    uint64_t v = 0;
    if ((size_t)(r->end - r->at) < n) {
        r->bad = true;
        return 0;
    }
    copy_bytes(&v, r->at, n);
    r->at += n;
    return v;
}

static uint64_t uleb(struct reader *r)
{
    uint64_t v = 0;
    for (int shift = 0; shift < 64; shift += 7) {
        uint64_t byte = fixed(r, 1);
        v |= (byte & 127) << shift;
        if (byte < 128)
            return v;
    }
    r->bad = true;
    return 0;
}

static int64_t sleb(struct reader *r)
{
    uint64_t v = 0;
    for (int shift = 0; shift < 64; shift += 7) {
        uint64_t byte = fixed(r, 1);
        v |= (byte & 127) << shift;
        if (byte < 128)
            return (int64_t)(byte & 64 && shift < 57 ? v | ~(uint64_t)0 << (shift + 7) : v);
    }
    r->bad = true;
    return 0;
}

/* A pointer in one of the forms of the LSB; only those relative to nothing or to their own place. */
static uint64_t pointer(struct reader *r, uint8_t encoding)
{
    uintptr_t here = (uintptr_t)r->at;
    uint64_t v = 0;
    switch (encoding & 15) {
    case 0x00: /* absolute */
    case 0x04: /* udata8 */
    case 0x0c: /* sdata8 */
        v = fixed(r, 8);
        break;
    case 0x03: /* udata4 */
        v = fixed(r, 4);
        break;
    case 0x0b: /* sdata4 */
        v = (uint64_t)(int64_t)(int32_t)fixed(r, 4);
        break;
    default:
        r->bad = true;
        return 0;
    }
    switch (encoding & 0xf0) {
    case 0x00:
        return v;
    case 0x10: /* relative to its own place */
        return v + here;
    default:
        r->bad = true;
        return 0;
    }
}

/* The body of the CIE or FDE at `at`, after its length. */
static struct reader entry(const uint8_t *at)
{
    struct reader r = {at, at + 12, false};
    uint64_t length = fixed(&r, 4);
    if (length == 0xffffffff)
        length = fixed(&r, 8);
    r.end = r.at + length;
    return r;
}

static bool read_cie(const uint8_t *at, struct cie *c)
{
    struct reader r = entry(at);
    if (fixed(&r, 4) != 0)
        return false;
    uint64_t version = fixed(&r, 1);
    const char *augmentation = (const char *)r.at;
    while (fixed(&r, 1) != 0 && !r.bad)
        ;
    *c = (struct cie){.code_align = uleb(&r), .has_data = *augmentation == 'z'};
    c->data_align = sleb(&r);
    if ((version == 1 ? fixed(&r, 1) : uleb(&r)) != RA || (*augmentation && !c->has_data))
        return false;
    if (c->has_data) {
        uint64_t length = uleb(&r);
        struct reader data = {r.at, r.at + length, r.bad};
        r.at += length;
        for (const char *a = augmentation + 1; *a && !data.bad; a++) {
            if (*a == 'R')
                c->pointer_encoding = (uint8_t)fixed(&data, 1);
            else if (*a == 'S')
                c->is_signal = true;
            else if (*a == 'L')
                fixed(&data, 1);
            else if (*a == 'P')
                pointer(&data, fixed(&data, 1) & 15);
            else
                break;
        }
    }
    c->program = r;
    return !r.bad && r.at <= r.end;
}

/* "rbp + n" or "*(rbp + n)" as a DWARF expression: how gcc tells of a realigned stack. */
static bool rbp_expression(struct reader *r, bool deref, int64_t *offset)
{
    uint64_t length = uleb(r);
    struct reader e = {r->at, r->at + length, r->bad};
    r->at += length;
    if (fixed(&e, 1) != 0x70 + RBP) /* DW_OP_breg6 */
        return false;
    *offset = sleb(&e);
    if (deref && fixed(&e, 1) != 0x06) /* DW_OP_deref */
        return false;
    return !e.bad && e.at == e.end;
}

static void set_rule(struct state *s, uint64_t reg, enum rule rule, int64_t offset)
{
    if (reg == RBP) {
        s->rbp = rule;
        s->rbp_offset = offset;
    } else if (reg == RA) {
        s->ra = rule;
        s->ra_offset = offset;
    }
}

static void set_cfa(struct state *s, uint64_t reg, int64_t offset)
{
    s->cfa = reg == RSP ? STEP_RSP : reg == RBP ? STEP_RBP : STEP_NONE;
    s->cfa_offset = offset;
}

static void restore(struct state *s, uint64_t reg, const struct state *initial)
{
    if (reg == RBP)
        set_rule(s, reg, initial->rbp, initial->rbp_offset);
    else if (reg == RA)
        set_rule(s, reg, initial->ra, initial->ra_offset);
}

static void skip_block(struct reader *r)
{
    r->at += uleb(r);
}

/* Distances from the function's start. */
struct span {
    uint64_t from, to;
};

/* The next row begins at `at`. */
static bool goes_beyond(struct span *row, uint64_t at, uint64_t distance)
{
    if (at > distance)
        row->to = at;
    else
        row->from = at;
    return at > distance;
}

/* Runs the program until the row that holds `distance` bytes from the function's start. False: not understood. */
static bool run(struct reader r, const struct cie *c, uint64_t distance, struct state *s, const struct state *initial,
                struct span *row)
{
    struct state saved[STATES];
    int nsaved = 0;
    uint64_t at = 0, reg;
    int64_t offset = 0;
    bool known;
    while (r.at < r.end && !r.bad) {
        uint8_t op = (uint8_t)fixed(&r, 1), low = op & 63;
        switch (op & 0xc0) {
        case 0x40: /* DW_CFA_advance_loc */
            at += low * c->code_align;
            if (goes_beyond(row, at, distance))
                return true;
            continue;
        case 0x80: /* DW_CFA_offset */
            set_rule(s, low, RULE_AT_CFA, (int64_t)uleb(&r) * c->data_align);
            continue;
        case 0xc0: /* DW_CFA_restore */
            restore(s, low, initial);
            continue;
        }
        switch (op) {
        case 0x00: /* DW_CFA_nop */
            break;
        case 0x02: /* DW_CFA_advance_loc1, 2, 4 */
        case 0x03:
        case 0x04:
            at += fixed(&r, (size_t)1 << (op - 2)) * c->code_align;
            if (goes_beyond(row, at, distance))
                return true;
            break;
        case 0x05: /* DW_CFA_offset_extended */
            reg = uleb(&r);
            set_rule(s, reg, RULE_AT_CFA, (int64_t)uleb(&r) * c->data_align);
            break;
        case 0x11: /* DW_CFA_offset_extended_sf */
            reg = uleb(&r);
            set_rule(s, reg, RULE_AT_CFA, sleb(&r) * c->data_align);
            break;
        case 0x06: /* DW_CFA_restore_extended */
            restore(s, uleb(&r), initial);
            break;
        case 0x07: /* DW_CFA_undefined */
            set_rule(s, uleb(&r), RULE_UNDEFINED, 0);
            break;
        case 0x08: /* DW_CFA_same_value */
            set_rule(s, uleb(&r), RULE_SAME, 0);
            break;
        case 0x09: /* DW_CFA_register */
        case 0x14: /* DW_CFA_val_offset */
            reg = uleb(&r);
            uleb(&r);
            set_rule(s, reg, RULE_OTHER, 0);
            break;
        case 0x15: /* DW_CFA_val_offset_sf */
            reg = uleb(&r);
            sleb(&r);
            set_rule(s, reg, RULE_OTHER, 0);
            break;
        case 0x0a: /* DW_CFA_remember_state */
            if (nsaved == STATES)
                return false;
            saved[nsaved++] = *s;
            break;
        case 0x0b: /* DW_CFA_restore_state */
            if (nsaved == 0)
                return false;
            *s = saved[--nsaved];
            break;
        case 0x0c: /* DW_CFA_def_cfa */
            reg = uleb(&r);
            set_cfa(s, reg, (int64_t)uleb(&r));
            break;
        case 0x12: /* DW_CFA_def_cfa_sf */
            reg = uleb(&r);
            set_cfa(s, reg, sleb(&r) * c->data_align);
            break;
        case 0x0d: /* DW_CFA_def_cfa_register */
            set_cfa(s, uleb(&r), s->cfa_offset);
            break;
        case 0x0e: /* DW_CFA_def_cfa_offset */
            s->cfa_offset = (int64_t)uleb(&r);
            break;
        case 0x13: /* DW_CFA_def_cfa_offset_sf */
            s->cfa_offset = sleb(&r) * c->data_align;
            break;
        case 0x0f: /* DW_CFA_def_cfa_expression */
            known = rbp_expression(&r, true, &s->cfa_offset);
            s->cfa = known ? STEP_DEREF : STEP_NONE;
            break;
        case 0x10: /* DW_CFA_expression */
            reg = uleb(&r);
            known = rbp_expression(&r, false, &offset);
            set_rule(s, reg, known ? RULE_AT_RBP : RULE_OTHER, offset);
            break;
        case 0x16: /* DW_CFA_val_expression */
            reg = uleb(&r);
            skip_block(&r);
            set_rule(s, reg, RULE_OTHER, 0);
            break;
        case 0x2e: /* DW_CFA_GNU_args_size */
            uleb(&r);
            break;
        default:
            return false;
        }
    }
    return !r.bad;
}

static struct step as_step(const struct state *s)
{
    struct step step = {s->cfa, (int32_t)s->cfa_offset, false, 0};
    const struct step none = {STEP_NONE, 0, false, 0};
    if (s->cfa == STEP_NONE || s->ra != RULE_AT_CFA || s->ra_offset != -8 || step.cfa_offset != s->cfa_offset)
        return none;
    if (s->rbp == RULE_AT_CFA || s->rbp == RULE_AT_RBP) {
        /* Where it is counted from must be what the CFA is counted from. */
        if ((s->rbp == RULE_AT_RBP) != (s->cfa == STEP_DEREF))
            return none;
        step.rbp_saved = true;
        step.rbp_offset = (int32_t)s->rbp_offset;
    } else if (s->rbp != RULE_SAME) {
        return none;
    }
    return step;
}

#ifdef DLFO_STRUCT_HAS_EH_DBASE /* has _dl_find_object */

/* The FDE of `pc` by the table of .eh_frame_hdr, which is sorted by address. */
static const uint8_t *find_fde(const uint8_t *header, uintptr_t pc)
{
    struct reader r = {header + 4, header + 32, false};
    /* version, form of the pointer to .eh_frame, of the count, of the table: 4 bytes relative to the header */
    if (header[0] != 1 || header[3] != 0x3b)
        return NULL;
    pointer(&r, header[1]);
    uint64_t n = pointer(&r, header[2]);
    const int32_t(*table)[2] = (const void *)r.at;
    if (r.bad || n == 0)
        return NULL;
    intptr_t at = (intptr_t)(pc - (uintptr_t)header);
    size_t lo = 0, hi = n;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (table[mid][0] <= at)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo ? header + table[lo - 1][1] : NULL;
}

struct cfi_row cfi_row(uintptr_t pc)
{
    const struct cfi_row none = {pc, pc + 1, {STEP_NONE, 0, false, 0}};
    struct dl_find_object module;
    if (_dl_find_object((void *)pc, &module) != 0 || !module.dlfo_eh_frame)
        return none;
    const uint8_t *fde = find_fde(module.dlfo_eh_frame, pc);
    if (!fde)
        return none;
    struct reader r = entry(fde);
    const uint8_t *back = r.at;
    struct cie c;
    if (!read_cie(back - fixed(&r, 4), &c))
        return none;
    uintptr_t start = pointer(&r, c.pointer_encoding);
    uintptr_t size = pointer(&r, c.pointer_encoding & 15);
    if (c.has_data)
        skip_block(&r);
    if (r.bad || pc - start >= size)
        return none;
    if (c.is_signal)
        return (struct cfi_row){start, start + size, {STEP_SIGNAL, 0, false, 0}};
    struct span row = {0, size};
    struct state s = {STEP_NONE, 0, RULE_SAME, RULE_SAME, 0, 0};
    if (!run(c.program, &c, UINT64_MAX, &s, &s, &row))
        return none;
    struct state initial = s;
    row = (struct span){0, size};
    if (!run(r, &c, pc - start, &s, &initial, &row))
        return none;
    return (struct cfi_row){start + row.from, start + row.to, as_step(&s)};
}

#else

struct cfi_row cfi_row(uintptr_t pc)
{
    return (struct cfi_row){pc, pc + 1, {STEP_NONE, 0, false, 0}};
}

#endif
