/* Time. */
#include "engage.h"

static struct timespec ts, rest;
static time_t t0 = 86400;
static struct tm tm = {.tm_year = 70, .tm_mday = 2};
static char room[64];

enum { LONG = 3600 }; /* seconds: more than any machine stands still for */

CASE(time)
{
    time_t now, got = CALL(time)(&now);
    CHECK(got == now && now > 1000000);
    WRITES(&now, sizeof now);
}

CASE(gettimeofday)
{
    struct timeval now;
    CHECK(CALL(gettimeofday)(&now, NULL) == 0 && now.tv_sec > 1000000);
    WRITES(&now, sizeof now);
}

CASE(clock_gettime)
{
    CHECK(CALL(clock_gettime)(CLOCK_REALTIME, &ts) == 0 && ts.tv_sec > 1000000);
    WRITES(&ts, sizeof ts);
    CHECK(CALL(clock_gettime)(12345, &ts) == -1 && errno == EINVAL);
}

CASE(timespec_get)
{
    CHECK(CALL(timespec_get)(&ts, TIME_UTC) == TIME_UTC && ts.tv_sec > 1000000);
    WRITES(&ts, sizeof ts);
    CHECK(CALL(timespec_get)(&ts, 12345) == 0);
}

CASE(clock_getres)
{
    CHECK(CALL(clock_getres)(CLOCK_REALTIME, &ts) == 0 && ts.tv_nsec > 0);
    WRITES(&ts, sizeof ts);
}

static void nothing(int number)
{
    (void)number;
}

/* A signal cuts the sleep short: it comes again and again, as the first may be here before the sleep is. */
static void interrupt(void)
{
    struct sigaction action = {.sa_handler = nothing};
    struct itimerval soon = {.it_value.tv_usec = 1000, .it_interval.tv_usec = 10000};
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &soon, NULL);
    ts = (struct timespec){.tv_sec = LONG};
    from_here();
}

CASE(nanosleep)
{
    interrupt();
    CHECK(CALL(nanosleep)(&ts, &rest) == -1 && errno == EINTR && rest.tv_sec > 0);
    READS(&ts, sizeof ts);
    WRITES(&rest, sizeof rest);
}

CASE(sleep)
{
    interrupt();
    CHECK(CALL(sleep)(LONG) > 0);
}

CASE(usleep)
{
    interrupt();
    CHECK(CALL(usleep)(LONG * 1000000u) == -1 && errno == EINTR);
}

CASE(thrd_sleep)
{
    interrupt();
    CHECK(CALL(thrd_sleep)(&ts, &rest) == -1 && rest.tv_sec > 0);
    READS(&ts, sizeof ts);
    WRITES(&rest, sizeof rest);
}

CASE(clock_nanosleep)
{
    interrupt();
    CHECK(CALL(clock_nanosleep)(CLOCK_MONOTONIC, 0, &ts, &rest) == EINTR && rest.tv_sec > 0);
    READS(&ts, sizeof ts);
    WRITES(&rest, sizeof rest);
}

CASE(times)
{
    struct tms now;
    CHECK(CALL(times)(&now) != (clock_t)-1);
    WRITES(&now, sizeof now);
}

static void broken_down(struct tm *made)
{
    CHECK(made->tm_year == 70);
    READS(&t0, sizeof t0);
    WRITES(made, sizeof *made);
}

CASE(localtime)
{
    broken_down(CALL(localtime)(&t0));
}

CASE(gmtime)
{
    broken_down(CALL(gmtime)(&t0));
}

CASE(localtime_r)
{
    struct tm mine;
    CHECK(CALL(localtime_r)(&t0, &mine) == &mine);
    broken_down(&mine);
}

CASE(gmtime_r)
{
    struct tm mine;
    CHECK(CALL(gmtime_r)(&t0, &mine) == &mine);
    broken_down(&mine);
}

CASE(mktime)
{
    CHECK(CALL(mktime)(&tm) != -1 && tm.tm_yday == 1);
    READS(&tm, sizeof tm);
    WRITES(&tm, sizeof tm);
}

CASE(timegm)
{
    CHECK(CALL(timegm)(&tm) == 86400 && tm.tm_yday == 1);
    WRITES(&tm, sizeof tm);
}

static void as_text(const char *text)
{
    CHECK(strlen(text) == 25 && strstr(text, "1970"));
    WRITES(text, 26);
}

CASE(asctime)
{
    as_text(CALL(asctime)(&tm));
    READS(&tm, sizeof tm);
}

CASE(asctime_r)
{
    CHECK(CALL(asctime_r)(&tm, room) == room);
    as_text(room);
}

CASE(ctime)
{
    as_text(CALL(ctime)(&t0));
    READS(&t0, sizeof t0);
}

CASE(ctime_r)
{
    CHECK(CALL(ctime_r)(&t0, room) == room);
    as_text(room);
}

CASE(strftime)
{
    static char format[] = "%Y";
    CHECK(CALL(strftime)(room, sizeof room, format, &tm) == 4 && strcmp(room, "1970") == 0);
    READS(format, 3);
    READS(&tm, sizeof tm);
    WRITES(room, 5);
}

CASE(strptime)
{
    static char text[] = "1971 rest", format[] = "%Y";
    CHECK(CALL(strptime)(text, format, &tm) == text + 4 && tm.tm_year == 71);
    READS(text, 5);
    READS(format, 3);
    WRITES(&tm, sizeof tm);
}
