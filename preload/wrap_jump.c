/* Jumps out of frames: the calling context of the actor goes back with the stack pointer. setjmp needs nothing, and
 * could not be wrapped. */
#include "arch/x86_64/longjmp.h"
#include "interpose.h"
#include "signals.h"

static void unwound(const struct __jmp_buf_tag *env)
{
    struct actor *me = current();
    signal_handled_now = 0; /* if it was a handler that is left */
    if (me) {
        actor_jumped(me);
        context_unwound(me, longjmp_sp(env));
    }
}

INTERPOSE(void, longjmp, (jmp_buf env, int value))
{
    unwound(env);
    REAL(longjmp)(env, value);
    __builtin_unreachable();
}

INTERPOSE(void, _longjmp, (jmp_buf env, int value))
{
    unwound(env);
    REAL(_longjmp)(env, value);
    __builtin_unreachable();
}

INTERPOSE(void, siglongjmp, (sigjmp_buf env, int value))
{
    unwound(env);
    REAL(siglongjmp)(env, value);
    __builtin_unreachable();
}

INTERPOSE(void, __longjmp_chk, (jmp_buf env, int value))
{
    unwound(env);
    REAL(__longjmp_chk)(env, value);
    __builtin_unreachable();
}
