/* Threads: birth, end and joining. */
#include <sys/prctl.h>

#include "engage.h"

static void *run(void *arg)
{
    return arg;
}

static int forty_two(void *arg)
{
    (void)arg;
    return 42;
}

static pthread_t t;
static void *value;

CASE(pthread_create)
{
    CHECK(CALL(pthread_create)(&t, NULL, run, &value) == 0);
    WRITES(&t, sizeof t);
    TOLD(TRACE_BORN, 0, SIZE_MAX);
    CHECK(pthread_join(t, &value) == 0 && value == &value);
    TOLD(TRACE_ENDED, 0, SIZE_MAX);
}

static void joined(int error)
{
    CHECK(error == 0 && value == &value);
    TOLD(TRACE_JOINED, 0, SIZE_MAX);
    WRITES(&value, sizeof value);
}

#define JOINS(name, ...) \
    CASE(name) \
    { \
        struct timespec far = {.tv_sec = (time_t)1 << 33}; \
        (void)far; \
        CHECK(pthread_create(&t, NULL, run, &value) == 0); \
        joined(CALL(name)(t, &value, ##__VA_ARGS__)); \
    }

JOINS(pthread_join)
JOINS(pthread_timedjoin_np, &far)
JOINS(pthread_clockjoin_np, CLOCK_MONOTONIC, &far)

CASE(pthread_tryjoin_np)
{
    int error;
    CHECK(pthread_create(&t, NULL, run, &value) == 0);
    while ((error = CALL(pthread_tryjoin_np)(t, &value)) == EBUSY)
        sched_yield();
    joined(error);
}

CASE(pthread_detach)
{
    CHECK(pthread_create(&t, NULL, run, &value) == 0 && CALL(pthread_detach)(t) == 0);
    TOLD(TRACE_DETACHED, 0, SIZE_MAX);
}

CASE(pthread_setname_np)
{
    static char name[] = "engage", got[16];
    CHECK(CALL(pthread_setname_np)(pthread_self(), name) == 0);
    CHECK(pthread_getname_np(pthread_self(), got, sizeof got) == 0 && strcmp(got, name) == 0);
    READS(name, sizeof name);
}

CASE(prctl)
{
    static char name[] = "engage", got[16];
    CHECK(CALL(prctl)(PR_SET_NAME, name) == 0 && CALL(prctl)(PR_GET_NAME, got) == 0 && strcmp(got, name) == 0);
    READS(name, sizeof name);
    CHECK(CALL(prctl)(-1) == -1 && errno == EINVAL);
}

static void *sleeps(void *arg)
{
    for (;;)
        pause();
    return arg;
}

CASE(pthread_cancel)
{
    CHECK(pthread_create(&t, NULL, sleeps, NULL) == 0 && CALL(pthread_cancel)(t) == 0);
    CHECK(pthread_join(t, &value) == 0 && value == PTHREAD_CANCELED);
}

CASE(pthread_testcancel)
{
    CALL(pthread_testcancel)(); /* nobody has cancelled */
    CHECK(CALL(pthread_cancel)(pthread_self()) == 0 && pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL) == 0);
    CALL(pthread_testcancel)();
}

CASE(pthread_setcanceltype)
{
    int old = -1;
    CHECK(CALL(pthread_setcanceltype)(PTHREAD_CANCEL_DEFERRED, &old) == 0 && old == PTHREAD_CANCEL_DEFERRED);
    CHECK(CALL(pthread_setcanceltype)(12345, &old) == EINVAL);
}

static thrd_t id;

CASE(thrd_create)
{
    CHECK(CALL(thrd_create)(&id, forty_two, NULL) == thrd_success);
    WRITES(&id, sizeof id);
    TOLD(TRACE_BORN, 0, SIZE_MAX);
    int result = 0;
    CHECK(thrd_join(id, &result) == thrd_success && result == 42);
}

CASE(thrd_join)
{
    int result = 0;
    CHECK(thrd_create(&id, forty_two, NULL) == thrd_success && CALL(thrd_join)(id, &result) == thrd_success);
    CHECK(result == 42);
    WRITES(&result, sizeof result);
    TOLD(TRACE_JOINED, 0, SIZE_MAX);
}

CASE(thrd_detach)
{
    CHECK(thrd_create(&id, forty_two, NULL) == thrd_success && CALL(thrd_detach)(id) == thrd_success);
    TOLD(TRACE_DETACHED, 0, SIZE_MAX);
}
