/* Time. localtime, gmtime, asctime and ctime give out one static buffer, which each call writes.
 *
 * A goroutine of a runtime whose schedules come from a seed gets that schedule's time, and sleeps by it. The calendar begins at
 * 2000-01-01 there. Clocks of processor time are the real ones. */
#include "steer.h"
#include "touch.h"

enum { EPOCH_SECONDS = 946684800, SECOND = 1000000000 };

/* Whether `clock` is answered by the schedule: *to is set. */
static __attribute__((noinline)) bool ask_schedule(clockid_t clock, struct timespec *to)
{
    bool calendar = clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE || clock == CLOCK_TAI;
    if (!calendar && clock != CLOCK_MONOTONIC && clock != CLOCK_MONOTONIC_RAW && clock != CLOCK_MONOTONIC_COARSE &&
        clock != CLOCK_BOOTTIME)
        return false;
    int64_t now = steer_now();
    if (now < 0)
        return false;
    *to = (struct timespec){now / SECOND + (calendar ? EPOCH_SECONDS : 0), now % SECOND};
    return true;
}

static inline bool steered_clock(clockid_t clock, struct timespec *to)
{
    return __builtin_expect(steering != NULL, 0) && ask_schedule(clock, to);
}

/* Whether the caller slept by the schedule. Other clocks, and times that are none, are the real call's. */
static bool steered_sleep(clockid_t clock, int flags, const struct timespec *wish)
{
    struct timespec now = {0};
    if (!addressable(wish) || wish->tv_nsec < 0 || wish->tv_nsec >= SECOND || wish->tv_sec < 0 ||
        !steered_clock(clock, &now))
        return false;
    int64_t ns = (int64_t)wish->tv_sec * SECOND + wish->tv_nsec;
    if (flags & TIMER_ABSTIME)
        ns -= (int64_t)now.tv_sec * SECOND + now.tv_nsec;
    steering->sleep(ns);
    return true;
}

INTERPOSE(time_t, time, (time_t * to))
{
    struct actor *me = current();
    struct timespec t;
    time_t now;
    if (steered_clock(CLOCK_REALTIME, &t)) {
        now = t.tv_sec;
        if (to)
            *to = now;
    } else {
        now = REAL(time)(to);
    }
    if (me)
        write_if(me, to, sizeof *to, CALLER);
    return now;
}

/* With the obsolete time zone argument. */
INTERPOSE(int, gettimeofday, (struct timeval *restrict to, void *restrict zone))
{
    struct actor *me = current();
    struct timespec t;
    int result = REAL(gettimeofday)(to, zone);
    if (result == 0 && steered_clock(CLOCK_REALTIME, &t))
        *to = (struct timeval){t.tv_sec, t.tv_nsec / 1000};
    if (me && result == 0) {
        write_if(me, to, sizeof *to, CALLER);
        write_if(me, zone, sizeof(struct timezone), CALLER);
    }
    return result;
}

HOT INTERPOSE(int, clock_gettime, (clockid_t clock, struct timespec *to))
{
    struct actor *me = touching();
    if (!me && !steering)
        return REAL(clock_gettime)(clock, to);
    int result = steered_clock(clock, to) ? 0 : REAL(clock_gettime)(clock, to);
    if (me && result == 0)
        mem_write(me, to, sizeof *to, CALLER);
    return result;
}

INTERPOSE(int, timespec_get, (struct timespec * to, int base))
{
    struct actor *me = current();
    int result = base == TIME_UTC && steered_clock(CLOCK_REALTIME, to) ? base : REAL(timespec_get)(to, base);
    if (me && result == base)
        mem_write(me, to, sizeof *to, CALLER);
    return result;
}

INTERPOSE(int, clock_getres, (clockid_t clock, struct timespec *to))
{
    struct actor *me = current();
    int result = REAL(clock_getres)(clock, to);
    if (me && result == 0)
        write_if(me, to, sizeof *to, CALLER);
    return result;
}

/* The rest is written when a signal cut the sleep short. */
INTERPOSE(int, nanosleep, (const struct timespec *wish, struct timespec *rest))
{
    struct actor *me = current();
    if (me)
        mem_read(me, wish, sizeof *wish, CALLER);
    if (steered_sleep(CLOCK_MONOTONIC, 0, wish))
        return 0;
    int result = PARKED(me, "nanosleep", -1, REAL(nanosleep)(wish, rest));
    if (me && result == -1 && errno == EINTR)
        write_if(me, rest, sizeof *rest, CALLER);
    return result;
}

INTERPOSE(int, clock_nanosleep, (clockid_t clock, int flags, const struct timespec *wish, struct timespec *rest))
{
    struct actor *me = current();
    if (me)
        mem_read(me, wish, sizeof *wish, CALLER);
    if (steered_sleep(clock, flags, wish))
        return 0;
    int result = PARKED(me, "clock_nanosleep", -1, REAL(clock_nanosleep)(clock, flags, wish, rest));
    if (me && result == EINTR && !(flags & TIMER_ABSTIME))
        write_if(me, rest, sizeof *rest, CALLER);
    return result;
}

INTERPOSE(unsigned, sleep, (unsigned seconds))
{
    struct timespec wish = {.tv_sec = seconds};
    return steered_sleep(CLOCK_MONOTONIC, 0, &wish) ? 0 : PARKED(current(), "sleep", -1, REAL(sleep)(seconds));
}

INTERPOSE(int, usleep, (useconds_t us))
{
    struct timespec wish = {us / 1000000, us % 1000000 * 1000L};
    return steered_sleep(CLOCK_MONOTONIC, 0, &wish) ? 0 : PARKED(current(), "usleep", -1, REAL(usleep)(us));
}

INTERPOSE(int, thrd_sleep, (const struct timespec *wish, struct timespec *rest))
{
    struct actor *me = current();
    if (me)
        mem_read(me, wish, sizeof *wish, CALLER);
    if (steered_sleep(CLOCK_REALTIME, 0, wish))
        return 0;
    int result = PARKED(me, "thrd_sleep", -1, REAL(thrd_sleep)(wish, rest));
    if (me && result == -1)
        write_if(me, rest, sizeof *rest, CALLER);
    return result;
}

INTERPOSE(clock_t, times, (struct tms * to))
{
    struct actor *me = current();
    clock_t now = REAL(times)(to);
    if (me && now != (clock_t)-1)
        write_if(me, to, sizeof *to, CALLER);
    return now;
}

/* ---- broken-down time -------------------------------------------------------------------------------------------- */

#define BREAK_DOWN(name, params, ...) \
    INTERPOSE(struct tm *, name, params) \
    { \
        struct actor *me = current(); \
        if (me) \
            mem_read(me, t, sizeof *t, CALLER); \
        struct tm *made = REAL(name)(__VA_ARGS__); \
        if (me && made) \
            mem_write(me, made, sizeof *made, CALLER); \
        return made; \
    }

BREAK_DOWN(localtime, (const time_t *t), t)
BREAK_DOWN(gmtime, (const time_t *t), t)
BREAK_DOWN(localtime_r, (const time_t *restrict t, struct tm *restrict to), t, to)
BREAK_DOWN(gmtime_r, (const time_t *restrict t, struct tm *restrict to), t, to)

/* They normalise what they are given. */
#define BUILD_UP(name) \
    INTERPOSE(time_t, name, (struct tm * t)) \
    { \
        struct actor *me = current(); \
        if (me) { \
            mem_read(me, t, sizeof *t, CALLER); \
            mem_write(me, t, sizeof *t, CALLER); \
        } \
        return REAL(name)(t); \
    }

BUILD_UP(mktime)
BUILD_UP(timegm)

#define TEXT(name, type, params, ...) \
    INTERPOSE(char *, name, params) \
    { \
        struct actor *me = current(); \
        if (me) \
            mem_read(me, t, sizeof(type), CALLER); \
        char *text = REAL(name)(__VA_ARGS__); \
        if (me && text) \
            write_string(me, text, CALLER); \
        return text; \
    }

TEXT(asctime, struct tm, (const struct tm *t), t)
TEXT(asctime_r, struct tm, (const struct tm *restrict t, char *restrict to), t, to)
TEXT(ctime, time_t, (const time_t *t), t)
TEXT(ctime_r, time_t, (const time_t *restrict t, char *restrict to), t, to)

INTERPOSE(size_t, strftime, (char *restrict to, size_t room, const char *restrict format, const struct tm *restrict t))
{
    struct actor *me = current();
    if (me) {
        read_string(me, format, CALLER);
        mem_read(me, t, sizeof *t, CALLER);
    }
    size_t n = REAL(strftime)(to, room, format, t);
    if (me && n)
        mem_write(me, to, n + 1, CALLER);
    return n;
}

/* Which fields are set is the format's matter; those that are not are the program's as before. */
INTERPOSE(char *, strptime, (const char *restrict s, const char *restrict format, struct tm *restrict to))
{
    struct actor *me = current();
    if (me)
        read_string(me, format, CALLER);
    char *end = REAL(strptime)(s, format, to);
    if (me && end) {
        mem_read(me, s, (size_t)(end - s) + 1, CALLER);
        mem_write(me, to, sizeof *to, CALLER);
    }
    return end;
}
