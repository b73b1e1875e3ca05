/* Random numbers whose state is the program's: each call reads and writes it. That of rand, random and drand48 is libc's own. */
#include "touch.h"

INTERPOSE(int, rand_r, (unsigned *seed))
{
    struct actor *me = current();
    if (me)
        mem_write(me, seed, sizeof *seed, CALLER);
    return REAL(rand_r)(seed);
}

INTERPOSE(int, random_r, (struct random_data *restrict state, int32_t *restrict to))
{
    struct actor *me = current();
    if (me)
        mem_write(me, state, sizeof *state, CALLER);
    int result = REAL(random_r)(state, to);
    if (me && result == 0)
        mem_write(me, to, sizeof *to, CALLER);
    return result;
}

INTERPOSE(int, srandom_r, (unsigned seed, struct random_data *state))
{
    struct actor *me = current();
    if (me)
        mem_write(me, state, sizeof *state, CALLER);
    return REAL(srandom_r)(seed, state);
}

INTERPOSE(int, initstate_r, (unsigned seed, char *restrict room, size_t size, struct random_data *restrict state))
{
    struct actor *me = current();
    int result = REAL(initstate_r)(seed, room, size, state);
    if (me && result == 0) {
        write_if(me, room, size, CALLER);
        mem_write(me, state, sizeof *state, CALLER);
    }
    return result;
}

#define FROM_SEED(type, name) \
    INTERPOSE_NAMED(type, name, (unsigned short seed[3])) \
    { \
        struct actor *me = current(); \
        if (me) \
            mem_write(me, seed, 3 * sizeof *seed, CALLER); \
        return REAL(name)(seed); \
    }
FROM_SEED(double, erand48)
FROM_SEED(long, nrand48)
FROM_SEED(long, jrand48)

#define FROM_STATE(type, name) \
    INTERPOSE_NAMED(int, name, (struct drand48_data *restrict state, type *restrict to)) \
    { \
        struct actor *me = current(); \
        int result = REAL(name)(state, to); \
        if (me) { \
            mem_write(me, state, sizeof *state, CALLER); \
            mem_write(me, to, sizeof *to, CALLER); \
        } \
        return result; \
    }
FROM_STATE(double, drand48_r)
FROM_STATE(long, lrand48_r)
FROM_STATE(long, mrand48_r)

INTERPOSE(int, srand48_r, (long seed, struct drand48_data *state))
{
    struct actor *me = current();
    if (me)
        mem_write(me, state, sizeof *state, CALLER);
    return REAL(srand48_r)(seed, state);
}
