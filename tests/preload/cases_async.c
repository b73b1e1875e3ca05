/* Operations that the kernel or libc does by itself, and what tells of them: who learns that one is over knows what was done before it was
 * asked for. */
#include <aio.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/io_uring.h>
#include <mqueue.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "pass.h"

/* ---- io_uring by its system calls ----------------------------------------------------------------------------------- */

static int ring;
static struct io_uring_params p;
static char *rings;
static struct io_uring_sqe *operations;

static void *map(size_t size, off_t what)
{
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring, what);
    CHECK(at != MAP_FAILED);
    return at;
}

/* False: the kernel has none, or does not let us. */
static bool open_ring(void)
{
    ring = (int)syscall(SYS_io_uring_setup, 8, &p);
    if (ring < 0 || !(p.features & IORING_FEAT_SINGLE_MMAP))
        return false;
    rings = map(p.cq_off.cqes + p.cq_entries * sizeof(struct io_uring_cqe), IORING_OFF_SQ_RING);
    operations = map(p.sq_entries * sizeof *operations, IORING_OFF_SQES);
    return true;
}

static unsigned *word(unsigned offset)
{
    return (unsigned *)(rings + offset);
}

static void submit(void)
{
    unsigned *tail = word(p.sq_off.tail), at = *tail & *word(p.sq_off.ring_mask);
    operations[at] = (struct io_uring_sqe){.opcode = IORING_OP_NOP, .user_data = 7};
    word(p.sq_off.array)[at] = at;
    __atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
    CHECK(syscall(SYS_io_uring_enter, ring, 1, 0, 0, NULL, 0) == 1);
}

static void find_completion(void)
{
    unsigned head = *word(p.cq_off.head), at = head & *word(p.cq_off.ring_mask);
    CHECK(head != __atomic_load_n(word(p.cq_off.tail), __ATOMIC_ACQUIRE));
    CHECK(((struct io_uring_cqe *)(rings + p.cq_off.cqes))[at].user_data == 7);
    __atomic_store_n(word(p.cq_off.head), head + 1, __ATOMIC_RELEASE);
}

static void wait_for_completion(void)
{
    CHECK(syscall(SYS_io_uring_enter, ring, 0, 1, IORING_ENTER_GETEVENTS, NULL, 0) == 0);
}

static void poll_ring(void)
{
    CHECK(poll(&(struct pollfd){ring, POLLIN, 0}, 1, -1) == 1);
}

static void norace_uring_loaded(void)
{
    if (open_ring())
        pass(submit, find_completion);
}

static void norace_uring_waited(void)
{
    if (open_ring())
        pass(submit, wait_for_completion);
}

static void norace_uring_polled(void)
{
    if (open_ring())
        pass(submit, poll_ring);
}

static void nothing(void)
{
}

static void race_uring_not_asked(void)
{
    pass(open_ring() ? submit : nothing, nothing);
}

/* ---- Linux' aio, by system calls and libaio ---------------------------------------------------------------------------- */

static aio_context_t queue;
static int fd;
static struct iocb operation;
static char room[8];

static struct iocb **prepared(void)
{
    static struct iocb *list[] = {&operation};
    operation = (struct iocb){.aio_lio_opcode = IOCB_CMD_PREAD, .aio_fildes = (unsigned)fd, .aio_buf = (uintptr_t)room, .aio_nbytes = 1};
    return list;
}

static void aio_submit(void)
{
    CHECK(syscall(SYS_io_submit, queue, 1L, prepared()) == 1);
}

static void aio_take(void)
{
    struct io_event event;
    CHECK(syscall(SYS_io_getevents, queue, 1L, 1L, &event, NULL) == 1);
}

/* False: the kernel has none. */
static bool open_queue(void)
{
    fd = open("/proc/self/exe", O_RDONLY);
    return fd >= 0 && syscall(SYS_io_setup, 8, &queue) == 0;
}

static void norace_kernel_aio(void)
{
    if (open_queue())
        pass(aio_submit, aio_take);
}

static int (*io_submit)(aio_context_t, long, struct iocb **);
static int (*io_getevents)(aio_context_t, long, long, struct io_event *, struct timespec *);

static void libaio_submit(void)
{
    CHECK(io_submit(queue, 1, prepared()) == 1);
}

static void libaio_take(void)
{
    struct io_event event;
    CHECK(io_getevents(queue, 1, 1, &event, NULL) == 1);
}

static void norace_libaio(void)
{
    if (!dlopen("libaio.so.1", RTLD_NOW | RTLD_GLOBAL) || !open_queue())
        return;
    io_submit = dlsym(RTLD_DEFAULT, "io_submit");
    io_getevents = dlsym(RTLD_DEFAULT, "io_getevents");
    pass(libaio_submit, libaio_take);
}

/* ---- POSIX' aio ---------------------------------------------------------------------------------------------------------- */

static struct aiocb request;

static void posix_submit(void)
{
    request = (struct aiocb){.aio_fildes = fd, .aio_buf = room, .aio_nbytes = 1};
    OK(aio_read(&request));
}

static void find_all_done(void)
{
    while (aio_cancel(fd, &request) != AIO_ALLDONE)
        ;
}

static void norace_aio_cancel(void)
{
    fd = open("/proc/self/exe", O_RDONLY);
    pass(posix_submit, find_all_done);
}

/* ---- message queues that tell of a message --------------------------------------------------------------------------------- */

static mqd_t messages;
static sigset_t usr1;

/* False: there are none. */
static bool open_messages(void)
{
    char name[32];
    struct mq_attr attr = {.mq_maxmsg = 1, .mq_msgsize = 8};
    snprintf(name, sizeof name, "/cases_async.%d", (int)getpid());
    messages = mq_open(name, O_CREAT | O_RDWR, 0600, &attr);
    if (messages < 0)
        return false;
    OK(mq_unlink(name));
    OK(sigemptyset(&usr1));
    OK(sigaddset(&usr1, SIGUSR1));
    OK(pthread_sigmask(SIG_BLOCK, &usr1, NULL));
    return true;
}

static void ask_for_signal(void)
{
    OK(mq_notify(messages, &(struct sigevent){.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1}));
}

static void send_message(void)
{
    OK(mq_send(messages, "x", 1, 0));
}

static void take_signal(void)
{
    int taken;
    OK(sigwait(&usr1, &taken));
}

static void norace_mq_notify_sent(void)
{
    if (!open_messages())
        return;
    ask_for_signal();
    pass(send_message, take_signal);
}

/* The message comes as from another process. */
static void be_sent_and_take(void)
{
    CHECK(syscall(SYS_mq_timedsend, messages, "x", 1L, 0, NULL) == 0);
    take_signal();
}

static void norace_mq_notify_asked(void)
{
    if (open_messages())
        pass(ask_for_signal, be_sent_and_take);
}

static struct schedule notified;

static void run_notified(union sigval value)
{
    (void)value;
    x++;
    step(&notified, 1);
}

static void *ask_for_thread(void *arg)
{
    x++;
    OK(mq_notify(messages, &(struct sigevent){.sigev_notify = SIGEV_THREAD, .sigev_notify_function = run_notified}));
    step(&s, 1);
    await(&notified, 1);
    return arg;
}

static void norace_mq_notify_thread(void)
{
    pthread_t t;
    if (!open_messages())
        return;
    OK(pthread_create(&t, NULL, ask_for_thread, NULL));
    await(&s, 1);
    CHECK(syscall(SYS_mq_timedsend, messages, "x", 1L, 0, NULL) == 0);
    OK(pthread_join(t, NULL));
}

/* ---- inotify --------------------------------------------------------------------------------------------------------------- */

static char there[] = "/tmp/cases_async.XXXXXX", file[64];

static void make_file(void)
{
    OK(mknod(file, S_IFREG | 0600, 0));
}

static void read_event(void)
{
    char event[512];
    CHECK(read(fd, event, sizeof event) > 0);
}

static void norace_inotify(void)
{
    CHECK(mkdtemp(there) != NULL);
    snprintf(file, sizeof file, "%s/file", there);
    fd = inotify_init();
    CHECK(inotify_add_watch(fd, there, IN_CREATE) >= 0);
    pass(make_file, read_event);
    OK(unlink(file));
    OK(rmdir(there));
}

#define CASES(X) \
    X(norace_uring_loaded) X(norace_uring_waited) X(norace_uring_polled) X(race_uring_not_asked) X(norace_kernel_aio) \
    X(norace_libaio) X(norace_aio_cancel) X(norace_mq_notify_sent) X(norace_mq_notify_asked) X(norace_mq_notify_thread) \
    X(norace_inotify)
CASES_MAIN
