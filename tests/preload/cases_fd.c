/* Data through descriptors, and what else the kernel passes on: who receives knows what the sender had done. And nobody else does. */
#include <fcntl.h>
#include <poll.h>
#include <semaphore.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>

#include "pass.h"
#include "unordered.h"

static void write_8(void)
{
    uint64_t one = 1;
    CHECK(write(ends[1], &one, 8) == 8);
}

static void read_8(void)
{
    uint64_t n;
    CHECK(read(ends[0], &n, 8) == 8);
}

static void norace_pipe(void)
{
    OK(pipe(ends));
    pass(write_1, read_0);
}

/* The reader's past is not known to the writer. */
static void race_pipe_backwards(void)
{
    OK(pipe(ends));
    CHECK(write(ends[1], "x", 1) == 1);
    pass(read_0, write_1);
}

static void race_two_pipes(void)
{
    OK(pipe(ends));
    OK(pipe(other));
    pass(write_1, read_other);
}

/* The numbers of a pipe are used again: the new one does not know what went through the old one. */
static void another_pipe_of_the_same_numbers(void)
{
    OK(close(ends[0]));
    OK(close(ends[1]));
    OK(pipe(other));
    CHECK(other[0] == ends[0] && other[1] == ends[1]);
    read_other();
}

static void race_pipe_of_the_same_numbers(void)
{
    OK(pipe(ends));
    pass(write_1, another_pipe_of_the_same_numbers);
}

/* A number is given out again only when whoever had it has closed it: tables by descriptor rely on that. */
static void close_0(void)
{
    OK(close(ends[0]));
}

static void open_0(void)
{
    CHECK(dup(ends[1]) == ends[0]);
}

static void norace_number_used_again(void)
{
    OK(pipe(ends));
    pass(close_0, open_0);
}

static void close_1(void)
{
    OK(close(ends[1]));
}

static void norace_end_of_file(void)
{
    OK(pipe(ends));
    pass(close_1, read_end);
}

static void norace_pipe_copies(void)
{
    int made[2];
    OK(pipe(made));
    ends[0] = dup(made[0]);
    ends[1] = fcntl(made[1], F_DUPFD_CLOEXEC, 100);
    OK(close(made[0]));
    OK(close(made[1]));
    pass(write_1, read_0);
}

static void open_named_pipe(void)
{
    char name[] = "/tmp/gorace.XXXXXX", path[64];
    CHECK(mkdtemp(name) != NULL);
    snprintf(path, sizeof path, "%s/pipe", name);
    OK(mkfifo(path, 0600));
    ends[0] = open(path, O_RDONLY | O_NONBLOCK);
    ends[1] = open(path, O_WRONLY);
    OK(unlink(path));
    OK(rmdir(name));
}

static void norace_named_pipe(void)
{
    open_named_pipe();
    pass(write_1, read_0);
}

static void norace_socketpair(void)
{
    OK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
    pass(write_1, read_0);
}

static void norace_eventfd(void)
{
    ends[0] = ends[1] = eventfd(0, 0);
    pass(write_8, read_8);
}

/* By number, where there is no wrapper of the name. */
static void write_by_number(void)
{
    CHECK(syscall(SYS_write, ends[1], "x", 1L) == 1);
}

static void read_by_number(void)
{
    CHECK(syscall(SYS_read, ends[0], &byte, 1L) == 1);
}

static void norace_pipe_by_number(void)
{
    OK(pipe(ends));
    pass(write_by_number, read_by_number);
}

static void see_what_is_there(void)
{
    int n;
    OK(ioctl(ends[0], FIONREAD, &n));
    CHECK(n == 1);
}

static void norace_bytes_counted(void)
{
    OK(pipe(ends));
    pass(write_1, see_what_is_there);
}

/* ---- woken, but nothing is read ------------------------------------------------------------------------------------- */

static void poll_0(void)
{
    struct pollfd p = {.fd = ends[0], .events = POLLIN};
    CHECK(poll(&p, 1, -1) == 1);
}

/* An interrupted poll has written all the same. */
static struct pollfd interrupted;
static volatile sig_atomic_t rang;

static void ring(int sig)
{
    rang = sig;
}

static void poll_until_it_rings(void)
{
    struct itimerval often = {.it_interval.tv_usec = 1000, .it_value.tv_usec = 1000}, never = {0};
    sigset_t none;
    OK(sigemptyset(&none));
    OK(setitimer(ITIMER_REAL, &often, NULL));
    CHECK(ppoll(&interrupted, 1, NULL, &none) == -1 && errno == EINTR && rang == SIGALRM);
    OK(setitimer(ITIMER_REAL, &never, NULL));
}

static void look_at_result(void)
{
    CHECK(interrupted.revents == 0);
}

static void race_poll_interrupted(void)
{
    sigset_t alarm;
    OK(pipe(ends));
    interrupted = (struct pollfd){.fd = ends[0], .events = POLLIN, .revents = POLLIN};
    OK(sigemptyset(&alarm));
    OK(sigaddset(&alarm, SIGALRM));
    OK(sigprocmask(SIG_BLOCK, &alarm, NULL));
    OK(sigaction(SIGALRM, &(struct sigaction){.sa_handler = ring}, NULL));
    unordered(poll_until_it_rings, look_at_result);
}

static void select_0(void)
{
    fd_set r;
    FD_ZERO(&r);
    FD_SET(ends[0], &r);
    CHECK(select(ends[0] + 1, &r, NULL, NULL, NULL) == 1);
}

static int epoll;

static void epoll_0(void)
{
    struct epoll_event e[4];
    int n;
    while ((n = epoll_wait(epoll, e, 4, -1)) < 0 && errno == EINTR) /* the process was stopped, and goes on */
        ;
    CHECK(n == 1);
}

static void watch(int fd, unsigned events, uint64_t data)
{
    struct epoll_event e = {.events = events, .data.u64 = data};
    OK(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e));
}

static void norace_poll(void)
{
    OK(pipe(ends));
    pass(write_1, poll_0);
}

static void norace_select(void)
{
    OK(pipe(ends));
    pass(write_1, select_0);
}

static void norace_epoll_of_eventfd(void)
{
    ends[0] = ends[1] = eventfd(0, EFD_NONBLOCK);
    epoll = epoll_create1(0);
    watch(ends[0], EPOLLIN | EPOLLET, 77);
    pass(write_8, epoll_0);
}

static void watch_late(void)
{
    watch(ends[0], EPOLLIN, 77);
    epoll_0();
}

static void norace_epoll_of_what_was_ready(void)
{
    ends[0] = ends[1] = eventfd(0, 0);
    epoll = epoll_create1(0);
    pass(write_8, watch_late);
}

/* A second epoll that watches the same descriptor is woken as well. */
static void norace_epoll_twice(void)
{
    ends[0] = ends[1] = eventfd(0, 0);
    for (int i = 0; i < 3; i++) {
        epoll = epoll_create1(0);
        watch(ends[0], EPOLLIN, (uint64_t)i);
    }
    pass(write_8, epoll_0);
}

/* The one that is ready is not the one that the thread wrote to. */
static void race_epoll_of_another(void)
{
    OK(pipe(ends));
    OK(pipe(other));
    CHECK(write(other[1], "x", 1) == 1);
    epoll = epoll_create1(0);
    watch(other[0], EPOLLIN, 1);
    pass(write_1, epoll_0);
}

static void watch_0(void)
{
    watch(ends[0], EPOLLIN, 1);
}

/* Nobody sends anything after the registration, which is what ends the wait. */
static void norace_epoll_registration(void)
{
    OK(pipe(ends));
    CHECK(write(ends[1], "x", 1) == 1);
    epoll = epoll_create1(0);
    pass(watch_0, epoll_0);
}

/* The same where the thread has been told all of the set before, and the descriptor tells nothing by itself. */
static void norace_epoll_registration_after_a_wait(void)
{
    open_named_pipe();
    OK(pipe(other));
    CHECK(write(ends[1], "x", 1) == 1 && write(other[1], "x", 1) == 1);
    epoll = epoll_create1(0);
    watch(other[0], EPOLLIN | EPOLLONESHOT, 2);
    epoll_0();
    pass(watch_0, epoll_0);
}

static void set_timer(void)
{
    struct itimerspec soon = {.it_value.tv_nsec = 1};
    OK(timerfd_settime(ends[0], 0, &soon, NULL));
}

static void read_timer(void)
{
    uint64_t times;
    CHECK(read(ends[0], &times, 8) == 8);
}

static void norace_timerfd(void)
{
    ends[0] = timerfd_create(CLOCK_MONOTONIC, 0);
    pass(set_timer, read_timer);
}

/* Between the two ends of a terminal, in both directions. */
static void open_terminal(void)
{
    ends[0] = posix_openpt(O_RDWR | O_NOCTTY);
    CHECK(ends[0] >= 0 && grantpt(ends[0]) == 0 && unlockpt(ends[0]) == 0);
    ends[1] = open(ptsname(ends[0]), O_RDWR | O_NOCTTY);
}

static void norace_terminal_to_master(void)
{
    open_terminal();
    pass(write_1, read_0);
}

static void type_line(void)
{
    CHECK(write(ends[0], "\n", 1) == 1);
}

static void read_line(void)
{
    CHECK(read(ends[1], &byte, 1) == 1);
}

static void norace_terminal_to_slave(void)
{
    open_terminal();
    pass(type_line, read_line);
}

/* ---- System V ---------------------------------------------------------------------------------------------------------------- */

static int id;

static void send_message(void)
{
    struct msgbuf m = {.mtype = 1};
    OK(msgsnd(id, &m, 1, 0));
}

static void receive_message(void)
{
    struct msgbuf m;
    CHECK(msgrcv(id, &m, 1, 0, 0) == 1);
    OK(msgctl(id, IPC_RMID, NULL));
}

static void norace_message_queue(void)
{
    id = msgget(IPC_PRIVATE, IPC_CREAT | 0600);
    pass(send_message, receive_message);
}

static void post_semaphore(void)
{
    struct sembuf post = {.sem_op = 1};
    OK(semop(id, &post, 1));
}

static void take_semaphore(void)
{
    struct sembuf take = {.sem_op = -1};
    OK(semop(id, &take, 1));
    OK(semctl(id, 0, IPC_RMID));
}

static void norace_semaphore_set(void)
{
    id = semget(IPC_PRIVATE, 1, IPC_CREAT | 0600);
    pass(post_semaphore, take_semaphore);
}

static void set_semaphore(void)
{
    OK(semctl(id, 0, SETVAL, 1));
}

static void norace_semaphore_set_to_a_value(void)
{
    id = semget(IPC_PRIVATE, 1, IPC_CREAT | 0600);
    pass(set_semaphore, take_semaphore);
}

static void await_value(void)
{
    CHECK(semctl(id, 0, GETVAL) == 1);
    OK(semctl(id, 0, IPC_RMID));
}

static void norace_semaphore_looked_at(void)
{
    id = semget(IPC_PRIVATE, 1, IPC_CREAT | 0600);
    pass(post_semaphore, await_value);
}

static sem_t posix_semaphore;

static void post_posix(void)
{
    OK(sem_post(&posix_semaphore));
}

static void look_at_posix(void)
{
    int value;
    OK(sem_getvalue(&posix_semaphore, &value));
    CHECK(value == 1);
}

static void norace_posix_semaphore_looked_at(void)
{
    OK(sem_init(&posix_semaphore, 0, 0));
    pass(post_posix, look_at_posix);
}

static pid_t child;

static void make_child(void)
{
    CHECK((child = fork()) >= 0);
    if (child == 0)
        _exit(0);
}

static void wait_for_any(void)
{
    CHECK(waitpid(-1, NULL, 0) > 0);
}

static void norace_child_waited_for(void)
{
    pass(make_child, wait_for_any);
}

static void spawn_child(void)
{
    char *args[] = {(char *)"true", NULL};
    OK(posix_spawnp(&child, "true", NULL, NULL, args, environ));
}

static void norace_spawned_child_waited_for(void)
{
    pass(spawn_child, wait_for_any);
}

static void end_child(void)
{
    OK(kill(child, SIGKILL));
}

static void wait_for_end(void)
{
    siginfo_t info;
    OK(waitid(P_ALL, 0, &info, WEXITED));
}

static void norace_child_ended(void)
{
    CHECK((child = fork()) >= 0);
    if (child == 0)
        for (;;)
            pause();
    pass(end_child, wait_for_end);
}

/* What is done after the child was made, and nothing sent to it, is not known. */
static void make_child_and_change(void)
{
    make_child();
    x++;
}

static void race_child_waited_for(void)
{
    pass(make_child_and_change, wait_for_any);
}

/* The child has descriptors of its own: its copies of the pipe's end nothing for us. */
static void child_closes(int a, int b)
{
    pid_t pid = vfork();
    if (pid == 0) {
        OK(close(a));
        OK(dup2(b, 0));
        OK(close(b));
        _exit(0);
    }
    int status;
    CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}

static void write_1_before_a_child_closes(void)
{
    write_1();
    child_closes(ends[0], ends[1]);
}

static void norace_vfork_with_data_in_a_pipe(void)
{
    OK(pipe(ends));
    pass(write_1_before_a_child_closes, read_0);
}

static void norace_vfork_closes_one_end(void)
{
    OK(pipe(ends));
    OK(pipe(other));
    child_closes(ends[1], other[1]);
    pass(write_1, read_0);
}

/* From one pipe to another, without a look at the data: the far end knows what the near one had done. */
static ssize_t (*move)(void);

static void *mover(void *arg)
{
    await(&s, 1);
    CHECK(move() == 1);
    return arg;
}

static void pass_on(ssize_t (*moves)(void))
{
    OK(pipe(ends));
    OK(pipe(other));
    pthread_t from, to;
    give = write_1;
    move = moves;
    OK(pthread_create(&to, NULL, mover, NULL));
    OK(pthread_create(&from, NULL, giver, NULL));
    CHECK(read(other[0], &byte, 1) == 1);
    x++;
    OK(pthread_join(from, NULL));
    OK(pthread_join(to, NULL));
}

static ssize_t splice_1(void)
{
    return splice(ends[0], NULL, other[1], NULL, 1, 0);
}

static void norace_splice(void)
{
    pass_on(splice_1);
}

static ssize_t tee_1(void)
{
    return tee(ends[0], other[1], 1, 0);
}

static void norace_tee(void)
{
    pass_on(tee_1);
}

/* An open file that is locked excludes other openings of the same file, in this process as well. */
static int openings[2];

static int lock_opening(int i, short type)
{
    struct flock l = {.l_type = type, .l_whence = SEEK_SET};
    return fcntl(openings[i], F_OFD_SETLK, &l);
}

static void open_twice(void)
{
    char name[] = "/tmp/cases_fd.XXXXXX";
    CHECK((openings[0] = mkstemp(name)) >= 0 && (openings[1] = open(name, O_RDWR)) >= 0);
    OK(unlink(name));
    OK(lock_opening(0, F_WRLCK));
    CHECK(lock_opening(1, F_WRLCK) == -1);
}

static void unlock_0(void)
{
    OK(lock_opening(0, F_UNLCK));
}

static void lock_1(void)
{
    OK(lock_opening(1, F_WRLCK));
}

static void norace_lock_of_an_open_file(void)
{
    open_twice();
    pass(unlock_0, lock_1);
}

static void share_0(void)
{
    OK(lock_opening(0, F_RDLCK));
}

static void share_1(void)
{
    OK(lock_opening(1, F_RDLCK));
}

static void norace_shared_lock_of_an_open_file(void)
{
    open_twice();
    pass(share_0, share_1);
}

/* A refused lock is none. */
static void refused(void)
{
    CHECK(lock_opening(1, F_WRLCK) == -1);
}

static void race_lock_of_an_open_file_refused(void)
{
    open_twice();
    pass(share_0, refused);
}

#define CASES(X) \
    X(norace_pipe) X(race_pipe_backwards) X(race_two_pipes) X(race_pipe_of_the_same_numbers) \
    X(norace_number_used_again) X(norace_end_of_file) X(norace_pipe_copies) X(norace_named_pipe) \
    X(norace_socketpair) X(norace_eventfd) X(norace_poll) X(norace_select) X(norace_epoll_of_eventfd) \
    X(norace_epoll_of_what_was_ready) X(norace_epoll_twice) X(race_epoll_of_another) X(norace_epoll_registration) \
    X(norace_timerfd) X(norace_terminal_to_master) X(norace_terminal_to_slave) X(norace_message_queue) \
    X(norace_semaphore_set) X(norace_epoll_registration_after_a_wait) \
    X(norace_vfork_with_data_in_a_pipe) X(norace_vfork_closes_one_end) \
    X(norace_splice) X(norace_tee) X(norace_lock_of_an_open_file) X(norace_shared_lock_of_an_open_file) \
    X(race_lock_of_an_open_file_refused) X(norace_semaphore_set_to_a_value) X(norace_semaphore_looked_at) \
    X(norace_child_waited_for) X(norace_spawned_child_waited_for) X(norace_child_ended) X(race_child_waited_for) \
    X(race_poll_interrupted) X(norace_pipe_by_number) X(norace_bytes_counted) \
    X(norace_posix_semaphore_looked_at)
CASES_MAIN
