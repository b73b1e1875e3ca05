/* Random numbers whose state is the program's. */
#include "engage.h"

CASE(rand_r)
{
    unsigned seed = 1;
    CHECK(CALL(rand_r)(&seed) >= 0 && seed != 1);
    WRITES(&seed, sizeof seed);
}

CASE(random_r)
{
    static struct random_data state;
    static char room[64];
    int32_t made = -1;
    CHECK(initstate_r(1, room, sizeof room, &state) == 0 && CALL(random_r)(&state, &made) == 0 && made >= 0);
    WRITES(&state, sizeof state);
    WRITES(&made, sizeof made);
}

static struct random_data plain_state;

CASE(initstate_r)
{
    static char room[64];
    CHECK(CALL(initstate_r)(1, room, sizeof room, &plain_state) == 0);
    WRITES(room, sizeof room);
    WRITES(&plain_state, sizeof plain_state);
}

CASE(srandom_r)
{
    static char room[64];
    int32_t first, again;
    CHECK(initstate_r(1, room, sizeof room, &plain_state) == 0 && random_r(&plain_state, &first) == 0);
    from_here();
    CHECK(CALL(srandom_r)(1, &plain_state) == 0);
    WRITES(&plain_state, sizeof plain_state);
    CHECK(random_r(&plain_state, &again) == 0 && again == first);
}

#define FROM_SEED(name, most) \
    CASE(name) \
    { \
        unsigned short seed[3] = {1, 2, 3}; \
        CHECK(CALL(name)(seed) <= (most) && seed[0] != 1); \
        WRITES(seed, sizeof seed); \
    }
FROM_SEED(erand48, 1.0)
FROM_SEED(nrand48, INT32_MAX)
FROM_SEED(jrand48, INT32_MAX)

static struct drand48_data state;

#define FROM_STATE(name, type, most) \
    CASE(name) \
    { \
        type made = (type)(most) + 1; \
        CHECK(CALL(name)(&state, &made) == 0 && made <= (most)); \
        WRITES(&state, sizeof state); \
        WRITES(&made, sizeof made); \
    }
FROM_STATE(drand48_r, double, 1.0)
FROM_STATE(lrand48_r, long, INT32_MAX)
FROM_STATE(mrand48_r, long, INT32_MAX)

CASE(srand48_r)
{
    long first, again;
    CHECK(CALL(srand48_r)(7, &state) == 0 && lrand48_r(&state, &first) == 0);
    WRITES(&state, sizeof state);
    CHECK(CALL(srand48_r)(7, &state) == 0 && lrand48_r(&state, &again) == 0 && first == again);
}
