/* Where an actor stands when it is known not to go on by itself: in a call in which it sleeps, or at the gate (world.c) while
 * the world is stopped. Who looks for pointers in its stack has to know how far that is in use, and where its registers are.
 *
 * PARKED has to stand in the function that makes the call: what its callers keep in registers is then saved in its frame,
 * which lies above the stack pointer that is noted. */
#ifndef GORACE_PARKED_H
#define GORACE_PARKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct actor;

struct parked {
    bool is;          /* atomic; written by the actor itself */
    int fd;           /* on which it sleeps, or -1 */
    uintptr_t sp;     /* all that it needs lies above */
    const char *call; /* in which it sleeps; NULL: at the gate */
};

/* Saves all registers that a call preserves in the frame of the function that this stands in, until the end of the block. What
 * the function itself has changed before it has saved there as well. (__builtin_unwind_init does not suffice: the registers
 * are saved by a prologue that compilers move to where it is needed, and not at all before a tail call.) */
#ifdef __x86_64__
#define PARKED_REGISTERS() \
    uintptr_t parked_registers[6]; \
    __asm__ volatile("movq %%rbx, (%0)\n\tmovq %%rbp, 8(%0)\n\tmovq %%r12, 16(%0)\n\t" \
                     "movq %%r13, 24(%0)\n\tmovq %%r14, 32(%0)\n\tmovq %%r15, 40(%0)" \
                     : \
                     : "r"(parked_registers) \
                     : "memory")
#else
#define PARKED_REGISTERS() \
    uintptr_t parked_registers[6] = {0}; \
    __builtin_unwind_init()
#endif

#define PARKED_REGISTER_COUNT 6
/* Where the frame of the function that calls this one ends. What this one and what it calls has on the stack is below: for who looks
 * at himself, with his registers beside it, so that no word that an earlier call has left in a frame of ours is met. */
#define PARKED_ABOVE() ((uintptr_t)__builtin_dwarf_cfa())

/* The caller's stack pointer. */
static inline __attribute__((always_inline)) uintptr_t parked_here(void)
{
#ifdef __x86_64__
    uintptr_t sp;
    __asm__ volatile("movq %%rsp, %0" : "=r"(sp));
    return sp;
#else
    return (uintptr_t)__builtin_frame_address(0);
#endif
}

/* Of a call that is left by cancellation, or an exception out of a function of the program: before handlers and destructors run. */
void parked_left(struct actor *me); /* the host's */
struct parking {
    struct actor *me;
    bool over;
};
static inline void parking_ends(const struct parking *p)
{
    if (!p->over && p->me)
        parked_left(p->me);
}

/* The value of `call`, in which `me`, if it is somebody, may sleep: on a descriptor, or -1. */
#define PARKED(me, name, fd, call) \
    ({ \
        PARKED_REGISTERS(); \
        struct parking parking __attribute__((cleanup(parking_ends))) = {me, false}; \
        if (me) \
            actor_parks(me, name, fd, parked_here()); \
        __auto_type parked_result = (call); \
        parking.over = true; \
        if (me) \
            actor_unparks(me); \
        parked_result; \
    })

void actor_parks(struct actor *a, const char *call, int fd, uintptr_t sp);
void actor_unparks(struct actor *a);
/* A handler of a signal begins to run on top of what `a` does, and ends. `before`: to be kept in between. */
void actor_handles(struct actor *a, struct parked *before);
void actor_handled(struct actor *a, const struct parked *before);
enum interrupted { INTERRUPTED_WORK, INTERRUPTED_CALL, INTERRUPTED_WAIT };

/* A handler that is none of the program's runs on top of what `a` does. slept: in a wait from which nobody has woken it, if in one. In a
 * wait it goes on to wait, in a call in which it is parked it stays so; else it counts as standing at sp, `before` is filled in, and
 * actor_handled is to follow. */
enum interrupted actor_interrupted(struct actor *a, uintptr_t sp, bool slept, struct parked *before);
/* A jump has left handlers, or a call in which it was parked. */
void actor_jumped(struct actor *a);
/* Whether the world is being stopped, or is. */
bool actor_stopped(const struct actor *a);
/* Stands at the gate as long as the world is stopped. */
void actor_pass(struct actor *a);

#endif
