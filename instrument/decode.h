/* One instruction, as far as relocation and instrumentation need it. The decoder is Zydis, which is opened with dlopen:
 * nobody who does not instrument needs it. */
#ifndef GORACE_INSTRUMENT_DECODE_H
#define GORACE_INSTRUMENT_DECODE_H

#include <stdbool.h>
#include <stdint.h>

enum flow {
    FLOW_NEXT,
    FLOW_JUMP,   /* to target */
    FLOW_BRANCH, /* to target, or on; `condition` as in the opcode */
    FLOW_COUNT,  /* loop, jrcxz: the same, with no form that reaches far */
    FLOW_CALL,   /* of target */
    FLOW_CALL_INDIRECT,
    FLOW_JUMP_INDIRECT, /* also a tail call */
    FLOW_RETURN,
    FLOW_STOP /* ud2 and the like */
};

#define GPRS 16
#define GPR_NONE 0xff
#define GPR_SP 4
#define GPR_BP 5
#define ALL_GPRS 0xffffu
#define ALL_FLAGS 0x08d5 /* bits of the flags register that arithmetic has: no other one is ever live */

/* What an instruction does to memory, apart from its stack. */
enum memory {
    MEMORY_NONE,
    MEMORY_MOVE,   /* one scalar load or store, as atomic loads and stores are, too */
    MEMORY_USE,    /* one load that is part of an operation */
    MEMORY_UPDATE, /* load, operation, store */
    MEMORY_LOCKED, /* the same as one: atomic */
    MEMORY_VECTOR, /* more than a scalar */
    MEMORY_STRING, /* by rsi or rdi; both: movs and cmps */
    MEMORY_OTHER   /* gathers, states of the processor: not looked at */
};

#define NO_REX 0xff

struct insn {
    uintptr_t at;
    uintptr_t target;
    uint8_t length;
    uint8_t flow;
    uint8_t condition;
    uint8_t opcode;
    uint8_t rip_at; /* where its 4 bytes of a rip-relative address are; 0: it has none */
    uint8_t memory;
    bool reads, writes; /* of memory */
    bool repeats;       /* a string instruction with a count in rcx */
    bool pads;          /* no operation */
    bool aligned;  /* a move of a vector that has to be aligned, as processors with AVX do it: of 16 bytes at once */
    bool backward; /* std */
    bool wide;     /* it uses registers that AVX-512 has added */
    bool local;    /* the address counts from fs, whose own word there is fs itself */
    bool segment;  /* or from gs */
    bool takes_address; /* lea */
    bool prefetches;    /* modrm_at is set */
    /* It is one load, and the same with a register in place of memory: then the byte that says which, and where what follows
     * the address begins. */
    bool splits;
    uint8_t modrm_at, rest_at, rex_at;
    uint8_t base, index, scale; /* of the address; GPR_NONE */
    uint16_t size;              /* in bytes, of memory */
    int32_t displacement;
    int32_t stack_by; /* what is added to the stack pointer, if that is a number; not by calls, which come back */
    bool stack_lost;  /* or it becomes something else */
    uint16_t gpr_read, gpr_written, gpr_killed; /* killed: wholly, whatever happens */
    uint16_t flags_read, flags_killed;          /* of ALL_FLAGS */
};

/* False, with the reason, when there is no decoder. The caller stands in inside_begin(). */
bool decode_start(const char **why);
/* The instruction whose bytes are at `bytes` and which runs at `at`. False: there is none. */
bool decode(const uint8_t *bytes, unsigned length, uintptr_t at, struct insn *i);

#endif
