/* Asynchronous input and output: what was before the submission is known to who is told of the end. */
#include "engage.h"

static char data[] = "some data", room[sizeof data];
static sem_t notified;

static void notify(union sigval v)
{
    sem_post(v.sival_ptr);
}

static int file(void)
{
    int fd = memfd_create("aio", 0);
    CHECK(fd >= 0 && pwrite(fd, data, sizeof data, 0) == sizeof data);
    from_here();
    return fd;
}

#define OPERATION(suffix) struct aiocb##suffix a = {.aio_fildes = file(), .aio_buf = room, .aio_nbytes = sizeof room}
#define OVER(suffix) \
    while (aio_error##suffix(&a) == EINPROGRESS) \
    ; \
    CHECK(aio_return##suffix(&a) == sizeof room)

#define SUBMITS(name, suffix, claim, from) \
    CASE(name##suffix) \
    { \
        OPERATION(suffix); \
        a.aio_buf = from; \
        CHECK(CALL(name##suffix)(&a) == 0); \
        claim(from, sizeof room); \
        RELEASES(&a); \
        OVER(suffix); \
    }

#define SYNCS(suffix) \
    CASE(aio_fsync##suffix) \
    { \
        OPERATION(suffix); \
        CHECK(CALL(aio_fsync##suffix)(O_SYNC, &a) == 0); \
        RELEASES(&a); \
        while (aio_error##suffix(&a) == EINPROGRESS) \
            ; \
        ACQUIRES(&a); \
    }

#define ENDS(suffix) \
    CASE(aio_error##suffix) \
    { \
        OPERATION(suffix); \
        CHECK(aio_read##suffix(&a) == 0); \
        while (CALL(aio_error##suffix)(&a) == EINPROGRESS) \
            ; \
        ACQUIRES(&a); \
    } \
    CASE(aio_return##suffix) \
    { \
        OPERATION(suffix); \
        CHECK(aio_read##suffix(&a) == 0); \
        while (aio_error##suffix(&a) == EINPROGRESS) \
            ; \
        from_here(); \
        CHECK(CALL(aio_return##suffix)(&a) == sizeof room && strcmp(room, data) == 0); \
        ACQUIRES(&a); \
    } \
    CASE(aio_cancel##suffix) \
    { \
        OPERATION(suffix); \
        CHECK(aio_read##suffix(&a) == 0); \
        while (aio_error##suffix(&a) == EINPROGRESS) \
            ; \
        from_here(); \
        CHECK(CALL(aio_cancel##suffix)(a.aio_fildes, &a) == AIO_ALLDONE); \
        ACQUIRES(&a); \
    } \
    CASE(aio_suspend##suffix) \
    { \
        OPERATION(suffix); \
        const struct aiocb##suffix *const list[] = {NULL, &a}; \
        CHECK(aio_read##suffix(&a) == 0 && CALL(aio_suspend##suffix)(list, 2, NULL) == 0); \
        ACQUIRES(&a); \
    }

/* The notification runs in a thread that libc makes, which knows of the submission. */
#define LISTS(suffix) \
    CASE(lio_listio##suffix) \
    { \
        OPERATION(suffix); \
        a.aio_lio_opcode = LIO_READ; \
        struct aiocb##suffix *list[] = {&a, NULL}; \
        CHECK(CALL(lio_listio##suffix)(LIO_WAIT, list, 2, NULL) == 0 && strcmp(room, data) == 0); \
        WRITES(room, sizeof room); \
        RELEASES(&a); \
        ACQUIRES(&a); \
        from_here(); \
        struct sigevent e = { \
            .sigev_notify = SIGEV_THREAD, .sigev_notify_function = notify, .sigev_value.sival_ptr = &notified}; \
        sem_init(&notified, 0, 0); \
        CHECK(CALL(lio_listio##suffix)(LIO_NOWAIT, list, 2, &e) == 0 && sem_wait(&notified) == 0); \
        EDGE(); \
    }

SUBMITS(aio_read, , WRITES, room)
SUBMITS(aio_write, , READS, data)
SYNCS()
ENDS()
LISTS()
SUBMITS(aio_read, 64, WRITES, room)
SUBMITS(aio_write, 64, READS, data)
SYNCS(64)
ENDS(64)
LISTS(64)
