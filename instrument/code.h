/* Machine code being written. */
#ifndef GORACE_INSTRUMENT_CODE_H
#define GORACE_INSTRUMENT_CODE_H

#include <stdbool.h>
#include <stdint.h>

#include "../detector/os.h"

struct code {
    uint8_t *at, *end;
    bool full; /* what came after the end is lost */
};

static inline void code_bytes(struct code *c, const void *bytes, unsigned n)
{
    if (c->end - c->at < (long)n) {
        c->full = true;
        return;
    }
    copy_bytes(c->at, bytes, n);
    c->at += n;
}
static inline void code_8(struct code *c, unsigned byte)
{
    code_bytes(c, &(uint8_t){(uint8_t)byte}, 1);
}
static inline void code_32(struct code *c, uint32_t value)
{
    code_bytes(c, &value, 4);
}
#define CODE(c, ...) code_bytes(c, (const uint8_t[]){__VA_ARGS__}, sizeof(const uint8_t[]){__VA_ARGS__})

/* prefetch of what is at the register + displacement; opcode and extension say which one */
static inline void code_prefetch(struct code *c, unsigned opcode, unsigned extension, unsigned reg,
                                 uint8_t displacement)
{
    if (reg >= 8)
        code_8(c, 0x41);
    CODE(c, 0x0f, (uint8_t)opcode, (uint8_t)(0x40 | extension << 3 | (reg & 7)));
    if ((reg & 7) == 4)
        code_8(c, 0x24);
    code_8(c, displacement);
}
#define PREFETCH_T0 0x18, 1

/* An instruction that ends in 4 bytes relative to its own end. */
static inline void code_relative(struct code *c, uintptr_t target)
{
    const intptr_t distance = (intptr_t)(target - ((uintptr_t)c->at + 4));
    if (distance != (int32_t)distance)
        c->full = true;
    code_32(c, (uint32_t)distance);
}
static inline void code_jump(struct code *c, uintptr_t target)
{
    code_8(c, 0xe9);
    code_relative(c, target);
}
static inline void code_call(struct code *c, uintptr_t target)
{
    code_8(c, 0xe8);
    code_relative(c, target);
}

/* opcode with a register, or its extension, and ... */
static inline void code_rex(struct code *c, bool wide, unsigned reg, unsigned index, unsigned base)
{
    const unsigned rex = 0x40 | wide << 3 | (reg >> 3 & 1) << 2 | (index >> 3 & 1) << 1 | (base >> 3 & 1);
    if (rex != 0x40)
        code_8(c, rex);
}
/* ... another register */
static inline void code_registers(struct code *c, bool wide, unsigned opcode, unsigned reg, unsigned rm)
{
    code_rex(c, wide, reg, 0, rm);
    CODE(c, (uint8_t)opcode, (uint8_t)(0xc0 | (reg & 7) << 3 | (rm & 7)));
}
/* ... memory at base + displacement */
static inline void code_memory(struct code *c, bool wide, unsigned opcode, unsigned reg, unsigned base,
                               int32_t displacement)
{
    const bool near = displacement == (int8_t)displacement;
    code_rex(c, wide, reg, 0, base);
    CODE(c, (uint8_t)opcode, (uint8_t)((near ? 0x40 : 0x80) | (reg & 7) << 3 | (base & 7)));
    if ((base & 7) == 4)
        code_8(c, 0x24);
    if (near)
        code_8(c, (uint8_t)displacement);
    else
        code_32(c, (uint32_t)displacement);
}
/* ... memory at base + (index << log2scale); wide */
static inline void code_indexed(struct code *c, unsigned opcode, unsigned reg, unsigned base, unsigned index,
                                unsigned log2scale)
{
    code_rex(c, true, reg, index, base);
    CODE(c, (uint8_t)opcode, (uint8_t)(0x44 | (reg & 7) << 3),
         (uint8_t)(log2scale << 6 | (index & 7) << 3 | (base & 7)), 0);
}

/* ... memory at displacement + (index << log2scale), in the lower 2 GB; wide */
static inline void code_absolute(struct code *c, unsigned opcode, unsigned reg, unsigned index, unsigned log2scale,
                                 int32_t displacement)
{
    code_rex(c, true, reg, index, 0);
    CODE(c, (uint8_t)opcode, (uint8_t)((reg & 7) << 3 | 4), (uint8_t)(log2scale << 6 | (index & 7) << 3 | 5));
    code_32(c, (uint32_t)displacement);
}

/* opcode with a register and the 8 bytes at `at`, within reach */
static inline void code_constant(struct code *c, unsigned opcode, unsigned reg, uintptr_t at)
{
    code_rex(c, true, reg, 0, 0);
    CODE(c, (uint8_t)opcode, (uint8_t)((reg & 7) << 3 | 5));
    code_relative(c, at);
}

/* lea reg, [base + (index << log2scale) + displacement]; index: not rsp */
static inline void code_sum(struct code *c, unsigned reg, unsigned base, unsigned index, unsigned log2scale,
                            int32_t displacement)
{
    const bool near = displacement == (int8_t)displacement;
    code_rex(c, true, reg, index, base);
    CODE(c, 0x8d, (uint8_t)((near ? 0x44 : 0x84) | (reg & 7) << 3),
         (uint8_t)(log2scale << 6 | (index & 7) << 3 | (base & 7)));
    if (near)
        code_8(c, (uint8_t)displacement);
    else
        code_32(c, (uint32_t)displacement);
}

/* jrcxz to a place that is not written yet, less than 128 bytes from here (code_near). */
static inline uint8_t *code_jump_if_none(struct code *c)
{
    CODE(c, 0xe3, 0);
    return c->at;
}
static inline uint8_t *code_jump_near(struct code *c)
{
    CODE(c, 0xeb, 0);
    return c->at;
}
/* The jump leads to `to`. */
static inline void code_near(const struct code *c, uint8_t *jump, const uint8_t *to)
{
    if (!c->full)
        jump[-1] = (uint8_t)(to - jump);
}

/* A jump to a place that is not written yet, and that place (code_here). */
static inline uint8_t *code_jump_on(struct code *c)
{
    code_8(c, 0xe9);
    code_32(c, 0);
    return c->at;
}
/* The same, conditional. */
static inline uint8_t *code_jump_if(struct code *c, unsigned condition)
{
    CODE(c, 0x0f, (uint8_t)(0x80 | condition));
    code_32(c, 0);
    return c->at;
}
static inline void code_here(const struct code *c, uint8_t *jump)
{
    const int32_t distance = (int32_t)(c->at - jump);
    if (!c->full)
        copy_bytes(jump - 4, &distance, sizeof distance);
}

/* mov between a register and the thread's own memory at `offset` from fs. */
static inline void code_save(struct code *c, unsigned reg, int32_t offset)
{
    CODE(c, 0x64, (uint8_t)(0x48 | (reg >= 8 ? 4 : 0)), 0x89, (uint8_t)((reg & 7) << 3 | 4), 0x25);
    code_32(c, (uint32_t)offset);
}
static inline void code_load(struct code *c, unsigned reg, int32_t offset)
{
    CODE(c, 0x64, (uint8_t)(0x48 | (reg >= 8 ? 4 : 0)), 0x8b, (uint8_t)((reg & 7) << 3 | 4), 0x25);
    code_32(c, (uint32_t)offset);
}
/* cmp of 8 bytes there with 0 */
static inline void code_compare_local(struct code *c, int32_t offset)
{
    CODE(c, 0x64, 0x48, 0x83, 0x3c, 0x25);
    code_32(c, (uint32_t)offset);
    code_8(c, 0);
}
/* rsp += by, which changes no flag. */
static inline void code_move_stack(struct code *c, int32_t by)
{
    CODE(c, 0x48, 0x8d, 0xa4, 0x24);
    code_32(c, (uint32_t)by);
}

#endif
