/* See decode.h. */
#include "decode.h"

#include <dlfcn.h>
#include <stdio.h>
#include <Zydis/Zydis.h>

#include "../detector/os.h"

_Static_assert(ALL_FLAGS == (ZYDIS_CPUFLAG_CF | ZYDIS_CPUFLAG_PF | ZYDIS_CPUFLAG_AF | ZYDIS_CPUFLAG_ZF |
                             ZYDIS_CPUFLAG_SF | ZYDIS_CPUFLAG_OF),
               "as Zydis has them");

static ZydisDecoder decoder;
static __typeof__(&ZydisDecoderDecodeFull) decode_full;

bool decode_start(const char **why)
{
    static bool started;
    char name[40];
    if (started)
        return true;
    snprintf(name, sizeof name, "libZydis.so.%d.%d", (int)ZYDIS_VERSION_MAJOR(ZYDIS_VERSION),
             (int)ZYDIS_VERSION_MINOR(ZYDIS_VERSION));
    void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    __typeof__(&ZydisDecoderInit) init = NULL;
    if (library) {
        init = (__typeof__(init))dlsym(library, "ZydisDecoderInit");
        decode_full = (__typeof__(decode_full))dlsym(library, "ZydisDecoderDecodeFull");
    }
    started = init && decode_full && ZYAN_SUCCESS(init(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64));
    if (started)
        return true;
    static char said[120];
    snprintf(said, sizeof said, "instrument=1 and sample= need %s (package libzydis4.0), which is not there", name);
    *why = said;
    return false;
}

/* The number of the general register that `r` is or is part of. */
static uint8_t gpr(ZydisRegister r)
{
    if (r >= ZYDIS_REGISTER_RAX && r <= ZYDIS_REGISTER_R15)
        return (uint8_t)(r - ZYDIS_REGISTER_RAX);
    if (r >= ZYDIS_REGISTER_EAX && r <= ZYDIS_REGISTER_R15D)
        return (uint8_t)(r - ZYDIS_REGISTER_EAX);
    if (r >= ZYDIS_REGISTER_AX && r <= ZYDIS_REGISTER_R15W)
        return (uint8_t)(r - ZYDIS_REGISTER_AX);
    switch (r) {
    case ZYDIS_REGISTER_AH:
        return 0;
    case ZYDIS_REGISTER_CH:
        return 1;
    case ZYDIS_REGISTER_DH:
        return 2;
    case ZYDIS_REGISTER_BH:
        return 3;
    case ZYDIS_REGISTER_AL:
    case ZYDIS_REGISTER_CL:
    case ZYDIS_REGISTER_DL:
    case ZYDIS_REGISTER_BL:
        return (uint8_t)(r - ZYDIS_REGISTER_AL);
    default:
        break;
    }
    if (r >= ZYDIS_REGISTER_SPL && r <= ZYDIS_REGISTER_R15B)
        return (uint8_t)(r - ZYDIS_REGISTER_SPL + 4);
    return GPR_NONE;
}

static uint16_t bit(uint8_t reg)
{
    return reg == GPR_NONE ? 0 : (uint16_t)(1u << reg);
}

static uint8_t flow_of(const ZydisDecodedInstruction *d, const ZydisDecodedOperand *o)
{
    const bool direct = d->operand_count && o[0].type == ZYDIS_OPERAND_TYPE_IMMEDIATE && o[0].imm.is_relative;
    switch (d->meta.category) {
    case ZYDIS_CATEGORY_CALL:
        return direct ? FLOW_CALL : FLOW_CALL_INDIRECT;
    case ZYDIS_CATEGORY_UNCOND_BR:
        return direct ? FLOW_JUMP : FLOW_JUMP_INDIRECT;
    case ZYDIS_CATEGORY_COND_BR:
        switch (d->mnemonic) {
        case ZYDIS_MNEMONIC_JRCXZ:
        case ZYDIS_MNEMONIC_JECXZ:
        case ZYDIS_MNEMONIC_JCXZ:
        case ZYDIS_MNEMONIC_LOOP:
        case ZYDIS_MNEMONIC_LOOPE:
        case ZYDIS_MNEMONIC_LOOPNE:
            return FLOW_COUNT;
        default:
            return direct ? FLOW_BRANCH : FLOW_STOP;
        }
    case ZYDIS_CATEGORY_RET:
        return FLOW_RETURN;
    default:
        break;
    }
    switch (d->mnemonic) {
    case ZYDIS_MNEMONIC_UD0:
    case ZYDIS_MNEMONIC_UD1:
    case ZYDIS_MNEMONIC_UD2:
    case ZYDIS_MNEMONIC_HLT:
        return FLOW_STOP;
    default:
        return FLOW_NEXT;
    }
}

/* Shifts by a count that may be 0, and string instructions that may do nothing, leave flags as they are. */
static bool kills_flags(const ZydisDecodedInstruction *d, const ZydisDecodedOperand *o)
{
    switch (d->mnemonic) {
    case ZYDIS_MNEMONIC_SHL:
    case ZYDIS_MNEMONIC_SHR:
    case ZYDIS_MNEMONIC_SAR:
    case ZYDIS_MNEMONIC_ROL:
    case ZYDIS_MNEMONIC_ROR:
        return o[1].type == ZYDIS_OPERAND_TYPE_IMMEDIATE && o[1].imm.value.u & 31;
    case ZYDIS_MNEMONIC_RCL:
    case ZYDIS_MNEMONIC_RCR:
    case ZYDIS_MNEMONIC_SHLD:
    case ZYDIS_MNEMONIC_SHRD:
        return false;
    default:
        return !(d->attributes & (ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE | ZYDIS_ATTRIB_HAS_REPNE));
    }
}

/* A search for a bit in what has none leaves its result as it was, and programs rely on it. tzcnt is bsf where the processor does
 * not know it. */
static bool may_leave_result(ZydisMnemonic m)
{
    return m == ZYDIS_MNEMONIC_BSF || m == ZYDIS_MNEMONIC_BSR || m == ZYDIS_MNEMONIC_TZCNT;
}

static void add_register(const ZydisDecodedInstruction *d, const ZydisDecodedOperand *o, struct insn *i)
{
    const uint16_t it = bit(gpr(o->reg.value));
    const bool whole = o->size >= 32 && !may_leave_result(d->mnemonic);
    if (o->actions & ZYDIS_OPERAND_ACTION_MASK_READ)
        i->gpr_read |= it;
    if (o->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) {
        i->gpr_written |= it;
        if (whole && o->actions & ZYDIS_OPERAND_ACTION_WRITE)
            i->gpr_killed |= it;
        else
            i->gpr_read |= it;
    }
}

static bool is_move(ZydisMnemonic m)
{
    return m == ZYDIS_MNEMONIC_MOV || m == ZYDIS_MNEMONIC_MOVZX || m == ZYDIS_MNEMONIC_MOVSX ||
           m == ZYDIS_MNEMONIC_MOVSXD;
}

static bool is_aligned(ZydisMnemonic m)
{
    return m == ZYDIS_MNEMONIC_VMOVDQA || m == ZYDIS_MNEMONIC_VMOVAPS || m == ZYDIS_MNEMONIC_VMOVAPD;
}

static bool is_string(const ZydisDecodedInstruction *d)
{
    return d->meta.category == ZYDIS_CATEGORY_STRINGOP || d->meta.category == ZYDIS_CATEGORY_IOSTRINGOP;
}

static bool is_split(const ZydisDecodedInstruction *d, const struct insn *i)
{
    switch (d->mnemonic) {
    case ZYDIS_MNEMONIC_CMP:
    case ZYDIS_MNEMONIC_TEST:
    case ZYDIS_MNEMONIC_ADD:
    case ZYDIS_MNEMONIC_SUB:
    case ZYDIS_MNEMONIC_AND:
    case ZYDIS_MNEMONIC_OR:
    case ZYDIS_MNEMONIC_XOR:
        break;
    default:
        if (d->meta.category != ZYDIS_CATEGORY_CMOV)
            return false;
    }
    return i->memory == MEMORY_USE && !i->writes && d->encoding == ZYDIS_INSTRUCTION_ENCODING_LEGACY &&
           d->attributes & ZYDIS_ATTRIB_HAS_MODRM;
}

/* A fence (memory_order_seq_cst) as compilers write it, `lock or $0, (%rsp)`, -64(%rsp) and the like: changes nothing, and what lies there,
 * perhaps a variable that others write, has nothing to do with it. */
static bool is_fence(const ZydisDecodedInstruction *d, const ZydisDecodedOperand *o)
{
    const bool keeps = d->mnemonic == ZYDIS_MNEMONIC_OR || d->mnemonic == ZYDIS_MNEMONIC_ADD ||
                       d->mnemonic == ZYDIS_MNEMONIC_XOR || d->mnemonic == ZYDIS_MNEMONIC_SUB;
    return keeps && d->attributes & ZYDIS_ATTRIB_HAS_LOCK && o[0].mem.base == ZYDIS_REGISTER_RSP &&
           o[0].mem.index == ZYDIS_REGISTER_NONE && o[1].type == ZYDIS_OPERAND_TYPE_IMMEDIATE && o[1].imm.value.s == 0;
}

/* Prefetches, clflush and such name an address and touch nothing that the program could tell. */
static bool touches_nothing(const ZydisDecodedInstruction *d, const ZydisDecodedOperand *o)
{
    return is_fence(d, o) || d->meta.category == ZYDIS_CATEGORY_PREFETCH || d->meta.category == ZYDIS_CATEGORY_NOP ||
           d->meta.category == ZYDIS_CATEGORY_WIDENOP;
}

/* The address is not what the operand says: a bit counted from there, or one of 64 bits. Of atomic ones the object
 * counts, and that is the same wherever the bit is. */
static bool elsewhere(const ZydisDecodedInstruction *d, const ZydisDecodedOperand *o)
{
    switch (d->mnemonic) {
    case ZYDIS_MNEMONIC_BT:
    case ZYDIS_MNEMONIC_BTC:
    case ZYDIS_MNEMONIC_BTR:
    case ZYDIS_MNEMONIC_BTS:
        return o[1].type == ZYDIS_OPERAND_TYPE_REGISTER && !(d->attributes & ZYDIS_ATTRIB_HAS_LOCK);
    default:
        return d->raw.disp.size == 64;
    }
}

static void classify(const ZydisDecodedInstruction *d, const ZydisDecodedOperand *o, struct insn *i)
{
    const unsigned bytes = o->size / 8;
    i->size = (uint16_t)bytes;
    i->reads |= (o->actions & ZYDIS_OPERAND_ACTION_MASK_READ) != 0;
    i->writes |= (o->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0;
    const bool masked = o->actions & (ZYDIS_OPERAND_ACTION_CONDREAD | ZYDIS_OPERAND_ACTION_CONDWRITE);
    const bool exchanges = d->mnemonic == ZYDIS_MNEMONIC_XCHG;
    if (is_string(d))
        i->memory = MEMORY_STRING;
    else if (o->mem.type != ZYDIS_MEMOP_TYPE_MEM || bytes > 64 || bytes == 0)
        i->memory = MEMORY_OTHER;
    else if (d->attributes & ZYDIS_ATTRIB_HAS_LOCK || exchanges)
        i->memory = MEMORY_LOCKED; /* which may write or not, as cmpxchg16b, is no mask */
    else if (masked && bytes > 8)
        i->memory = MEMORY_OTHER;
    else if (bytes > 8 || bytes & (bytes - 1))
        i->memory = MEMORY_VECTOR;
    else if (is_move(d->mnemonic))
        i->memory = MEMORY_MOVE;
    else if (i->reads && i->writes)
        i->memory = MEMORY_UPDATE;
    else
        i->memory = MEMORY_USE;
}

static void add_memory(const ZydisDecodedInstruction *d, const ZydisDecodedOperand *operands,
                       const ZydisDecodedOperand *o, struct insn *i)
{
    const uint8_t base = gpr(o->mem.base), index = gpr(o->mem.index);
    i->gpr_read |= bit(base) | bit(index);
    if (o->visibility == ZYDIS_OPERAND_VISIBILITY_HIDDEN && !is_string(d))
        return; /* the stack, by push and call */
    i->base = base;
    i->index = index;
    i->scale = o->mem.scale;
    i->displacement = (int32_t)o->mem.disp.value;
    i->local = o->mem.segment == ZYDIS_REGISTER_FS;
    i->segment = o->mem.segment == ZYDIS_REGISTER_GS;
    if (o->mem.type == ZYDIS_MEMOP_TYPE_AGEN) {
        i->takes_address = true;
        return;
    }
    i->prefetches = d->meta.category == ZYDIS_CATEGORY_PREFETCH;
    if (!touches_nothing(d, operands))
        classify(d, o, i);
    if (d->address_width != 64 || (i->memory != MEMORY_NONE && elsewhere(d, operands)))
        i->memory = MEMORY_OTHER;
}

static void move_stack(const ZydisDecodedInstruction *d, const ZydisDecodedOperand *o, struct insn *i)
{
    const bool by_number = d->operand_count > 1 && o[0].type == ZYDIS_OPERAND_TYPE_REGISTER &&
                           o[0].reg.value == ZYDIS_REGISTER_RSP && o[1].type == ZYDIS_OPERAND_TYPE_IMMEDIATE;
    const int32_t word = d->operand_width / 8;
    if (!(i->gpr_written >> GPR_SP & 1) || i->flow != FLOW_NEXT)
        return;
    if (d->meta.category == ZYDIS_CATEGORY_PUSH)
        i->stack_by = -word;
    else if (d->meta.category == ZYDIS_CATEGORY_POP)
        i->stack_by = word;
    else if (d->mnemonic == ZYDIS_MNEMONIC_SUB && by_number)
        i->stack_by = -(int32_t)o[1].imm.value.s;
    else if (d->mnemonic == ZYDIS_MNEMONIC_ADD && by_number)
        i->stack_by = (int32_t)o[1].imm.value.s;
    else if (i->takes_address && i->base == GPR_SP && i->index == GPR_NONE)
        i->stack_by = i->displacement;
    else
        i->stack_lost = true;
}

bool decode(const uint8_t *bytes, unsigned length, uintptr_t at, struct insn *i)
{
    ZydisDecodedInstruction d;
    ZydisDecodedOperand o[ZYDIS_MAX_OPERAND_COUNT];
    if (!ZYAN_SUCCESS(decode_full(&decoder, bytes, length, &d, o)))
        return false;
    if (d.mnemonic == ZYDIS_MNEMONIC_XBEGIN) /* a branch on what no flag says; and no transaction outlives a check */
        return false;
    zero_bytes(i, sizeof *i);
    i->at = at;
    i->length = d.length;
    i->base = i->index = GPR_NONE;
    i->opcode = d.opcode;
    i->condition = d.opcode & 15;
    i->flow = flow_of(&d, o);
    i->pads = d.meta.category == ZYDIS_CATEGORY_NOP || d.meta.category == ZYDIS_CATEGORY_WIDENOP ||
              d.mnemonic == ZYDIS_MNEMONIC_INT3;
    i->wide = d.encoding == ZYDIS_INSTRUCTION_ENCODING_EVEX || d.meta.category == ZYDIS_CATEGORY_KMASK;
    i->aligned = is_aligned(d.mnemonic);
    i->backward = d.mnemonic == ZYDIS_MNEMONIC_STD;
    i->repeats = d.attributes & (ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE | ZYDIS_ATTRIB_HAS_REPNE);
    if (i->flow == FLOW_JUMP || i->flow == FLOW_BRANCH || i->flow == FLOW_COUNT || i->flow == FLOW_CALL)
        i->target = at + d.length + (uintptr_t)o[0].imm.value.s;
    if (d.attributes & ZYDIS_ATTRIB_IS_RELATIVE && i->flow != FLOW_JUMP && i->flow != FLOW_BRANCH &&
        i->flow != FLOW_COUNT && i->flow != FLOW_CALL)
        i->rip_at = d.raw.disp.offset;
    for (unsigned k = 0; k < d.operand_count; k++) {
        if (o[k].type == ZYDIS_OPERAND_TYPE_REGISTER)
            add_register(&d, &o[k], i);
        else if (o[k].type == ZYDIS_OPERAND_TYPE_MEMORY)
            add_memory(&d, o, &o[k], i);
    }
    move_stack(&d, o, i);
    if (i->prefetches)
        i->modrm_at = d.raw.modrm.offset;
    if (is_split(&d, i)) {
        i->splits = true;
        i->modrm_at = d.raw.modrm.offset;
        i->rest_at = d.raw.imm[0].size ? d.raw.imm[0].offset : d.length;
        i->rex_at = d.attributes & ZYDIS_ATTRIB_HAS_REX ? d.raw.rex.offset : NO_REX;
    }
    if (d.cpu_flags) {
        i->flags_read = d.cpu_flags->tested & ALL_FLAGS;
        if (kills_flags(&d, o))
            i->flags_killed =
                (d.cpu_flags->modified | d.cpu_flags->set_0 | d.cpu_flags->set_1 | d.cpu_flags->undefined) & ALL_FLAGS;
    }
    /* Their operands are those of whoever is called. */
    if (d.meta.category == ZYDIS_CATEGORY_SYSCALL || d.meta.category == ZYDIS_CATEGORY_SYSTEM)
        i->gpr_read = ALL_GPRS;
    return true;
}
