/* Relocation: functions run as copies of themselves, made when they are first entered. What is done in a copy beside the
 * original's instructions is the business of hooks.h.
 *
 * The original text keeps serving whoever has an address of it (function pointers, tables of switches, landing pads,
 * return addresses that were computed). A function that was not entered yet has an int3 in place of its first byte. Once
 * it is copied, there is an int3 at the beginning of each of its instructions, and a jump to the copy where a trap
 * has come twice. So a target that nobody foresaw costs a trap, and no analysis of jumps has to be right. */
#ifndef GORACE_INSTRUMENT_ENGINE_H
#define GORACE_INSTRUMENT_ENGINE_H

#include "code.h"
#include "image.h"
#include "live.h"

struct pair {
    uint32_t original, copy; /* offsets of an instruction in the function and in its copy */
};

/* Code behind the copy of a function that belongs to one of its instructions (check.h). */
struct aside {
    uint32_t copy, insn; /* its offset, rising; which instruction */
};

struct copied {
    uintptr_t original, copy;
    uint32_t size, copy_size;
    uint32_t n, nasides;
    const struct aside *asides;
    uint8_t *trapped; /* of an instruction: a trap came there */
    struct pair pairs[];
};

enum state { FUNCTION_ARMED, FUNCTION_COPIED, FUNCTION_LEFT };

/* A jump to the function, or into it, that is turned to the copy when there is one. */
struct slot {
    struct slot *next;
    uintptr_t target, cell;
};

struct function {
    uintptr_t start;
    uint32_t size, room; /* room: with the padding behind it */
    uint32_t state;      /* atomic */
    const char *why;     /* it was left */
    struct copied *copied;
    struct slot *slots;
};

#define THUNK_SIZES 8
#define THUNKS (6 * THUNK_SIZES * GPRS * 2)
#define SLOW_THUNKS 512
struct slow_thunk {
    uint32_t what;
    uint8_t reg;
    bool flags;
    uintptr_t at;
};
/* Accesses in the functions that were copied. */
struct sites {
    uint64_t seen, frame, constant, other; /* other: gathers and the like, and what counts from gs */
};

struct module {
    struct image image;
    bool
        orders_only; /* what it does is seen for the order of threads that it makes: its own races are none of the program's */
    struct sites sites;
    const uint8_t *pristine; /* the text as it was */
    struct function *functions;
    uint32_t nfunctions;
    bool gone;
    uintptr_t area, area_end; /* copies and thunks */
    struct copied **copies;   /* by address */
    uint32_t ncopies;         /* atomic */
    struct code code;         /* where the next copy goes; slots come from its end downwards */
    struct code thunk_code;
    uintptr_t thunks[THUNKS]; /* made when needed (thunk.h) */
    uintptr_t locked_thunk;
    struct slow_thunk slow_thunks[SLOW_THUNKS];
    unsigned nslow_thunks;
};

/* In inside_begin(), once. False, with the reason. */
bool engine_start(const char **why);
/* Arms the functions of a module. False: there is no room near it, or its text may not be written. */
bool engine_add(const struct image *image, bool orders_only);
/* The function at `pc`, which is being run, goes on in its copy as soon as it comes back to its text. */
void engine_enter(uintptr_t pc);
bool engine_has(const struct image *image);
/* All modules that `loaded` is not true of are gone. */
void engine_drop(bool (*loaded)(const struct image *image));

/* The original address: of the instruction whose copy has `pc`; and of what follows it, the way a return address
 * follows a call. 0: `pc` is in no copy. Lock-free, for any thread at any time. */
uintptr_t engine_original(uintptr_t pc);
uintptr_t engine_original_return(uintptr_t pc);
/* The instruction of a copied function that ends at the original address `end`. In inside_begin(). */
bool engine_insn_before(uintptr_t end, struct insn *i);
/* Whether it is in the original text of a module. */
bool engine_in_text(uintptr_t pc);
/* ... that is seen for the order it makes only. */
bool engine_orders_only(uintptr_t pc);

/* f(arg), while nobody else is at the tables, nor at what is under the same lock; all signals wait. */
void engine_alone(void (*f)(void *arg), void *arg);

void engine_fork_begin(void);
void engine_fork_end(void);

/* visit(module) for each; none comes or goes meanwhile. */
void engine_each(void (*visit)(const struct module *m, void *ctx), void *ctx);

#endif
