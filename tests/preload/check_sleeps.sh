#!/bin/bash
# Threads that sleep in all kinds of calls hide nobody who is stuck, and SIGQUIT names the calls.
#   check_sleeps.sh LIBRARY
set -eu
export LC_ALL=C

library=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

cat >"$work/app.c" <<'TEXT'
/* app FIFO: a thread for each row of CALLS, which sleeps in it; a worker that nobody can wake. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <gorace/annotate.h>
#include <mqueue.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

static const struct timespec hour = {3600, 0};
static const char *fifo;
static int ends[2], pair[2], held, wants, messages, semaphores, counter, epoll;
static FILE *in, *child;
static mqd_t queue;
static sigset_t usr1;
static char room[256];
static struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

#define CALLS(X) \
    X(sleep, sleep(3600)) \
    X(usleep, usleep(999999999)) \
    X(nanosleep, nanosleep(&hour, NULL)) \
    X(clock_nanosleep, clock_nanosleep(CLOCK_MONOTONIC, 0, &hour, NULL)) \
    X(thrd_sleep, thrd_sleep(&hour, NULL)) \
    X(pause, pause()) \
    X(sigsuspend, sigsuspend(&usr1)) \
    X(sigwait, sigwait(&usr1, &(int){0})) \
    X(sigwaitinfo, sigwaitinfo(&usr1, NULL)) \
    X(select, select(0, NULL, NULL, NULL, NULL)) \
    X(poll, poll(NULL, 0, -1)) \
    X(epoll_wait, epoll_wait(epoll, &(struct epoll_event){0}, 1, -1)) \
    X(read, read(ends[0], room, 1)) \
    X(readv, readv(ends[0], &(struct iovec){room, 1}, 1)) \
    X(recv, recv(pair[0], room, 1, 0)) \
    X(splice, splice(ends[0], NULL, pair[1], NULL, 1, 0)) \
    X(eventfd_read, eventfd_read(counter, &(eventfd_t){0})) \
    X(fgetc, fgetc(in)) \
    X(open, open(fifo, O_RDONLY)) \
    X(flock, flock(wants, LOCK_EX)) \
    X(fcntl, fcntl(wants, F_OFD_SETLKW, &whole)) \
    X(msgrcv, msgrcv(messages, room, 1, 0, 0)) \
    X(semop, semop(semaphores, &(struct sembuf){0, -1, 0}, 1)) \
    X(mq_receive, mq_receive(queue, room, sizeof room, NULL)) \
    X(pclose, pclose(child))

static int about_to[64], threads; /* their numbers, each written just before the call */

#define THREAD(name, call) \
    static void *in_##name(void *arg) \
    { \
        __atomic_store_n((int *)arg, gettid(), __ATOMIC_RELEASE); \
        do { /* a process that is stopped and goes on makes some of them fail */ \
            errno = 0; \
            (void)!(call); \
        } while (errno == EINTR); \
        return arg; \
    }
CALLS(THREAD)

/* In a call in which it can be interrupted, other than the futexes of a lock. */
static int sleeps(int tid)
{
    char path[64], state = 0;
    int call = -1;
    snprintf(path, sizeof path, "/proc/self/task/%d/syscall", tid);
    FILE *f = fopen(path, "r");
    if (!f || fscanf(f, "%d", &call) != 1)
        call = -1;
    if (f)
        fclose(f);
    snprintf(path, sizeof path, "/proc/self/task/%d/stat", tid);
    f = fopen(path, "r");
    if (!f || fscanf(f, "%*d (%*[^)]) %c", &state) != 1)
        state = 0;
    if (f)
        fclose(f);
    return call >= 0 && call != SYS_futex && state == 'S';
}

static void await_sleepers(void)
{
    for (int i = 0; i < threads; i++) {
        int tid;
        while ((tid = __atomic_load_n(&about_to[i], __ATOMIC_ACQUIRE)) == 0 || !sleeps(tid))
            sched_yield();
    }
}

struct job {
    pthread_mutex_t lock;
    pthread_cond_t ready;
    int begun;
};

static void *worker(void *arg)
{
    struct job *job = arg;
    pthread_mutex_lock(&job->lock);
    job->begun = 1;
    pthread_cond_broadcast(&job->ready);
    for (;;)
        pthread_cond_wait(&job->ready, &job->lock);
}

static __attribute__((noinline)) void request(void)
{
    pthread_t thread;
    struct job *job = calloc(1, sizeof *job);
    pthread_mutex_init(&job->lock, NULL);
    pthread_cond_init(&job->ready, NULL);
    pthread_create(&thread, NULL, worker, job);
    pthread_detach(thread);
    pthread_mutex_lock(&job->lock);
    while (!job->begun)
        pthread_cond_wait(&job->ready, &job->lock);
    pthread_mutex_unlock(&job->lock);
}

int main(int argc, char **argv)
{
    char file[] = "/tmp/gorace-sleeps-XXXXXX";
    const struct mq_attr small = {.mq_maxmsg = 1, .mq_msgsize = sizeof room};
    pthread_t thread;
    int spare[2];
    fifo = argv[argc - 1];
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &usr1, NULL);
    held = mkstemp(file);
    wants = open(file, O_RDWR);
    unlink(file);
    messages = msgget(IPC_PRIVATE, 0600);
    semaphores = semget(IPC_PRIVATE, 1, 0600);
    counter = eventfd(0, 0);
    epoll = epoll_create1(0);
    queue = mq_open("/gorace-sleeps", O_RDWR | O_CREAT, 0600, &small);
    mq_unlink("/gorace-sleeps");
    if (pipe(ends) || pipe(spare) || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) || flock(held, LOCK_EX) ||
        fcntl(held, F_OFD_SETLKW, &whole) || queue < 0 || messages < 0 || semaphores < 0)
        return 1;
    in = fdopen(spare[0], "r");
    child = popen("sleep 3600", "r");
#define START(name, call) pthread_create(&thread, NULL, in_##name, &about_to[threads++]);
    CALLS(START)
    await_sleepers();
    request();
    unsigned long stuck = gorace_check_stuck();
    raise(SIGQUIT);
    msgctl(messages, IPC_RMID, NULL);
    semctl(semaphores, 0, IPC_RMID);
    kill(0, SIGTERM); /* the child as well */
    return stuck != 1;
}
TEXT
root=$(cd "$(dirname "$0")/../.." && pwd)
gcc -g -O1 -I"$root/include" "$work/app.c" -o "$work/app" -pthread -lrt
mkfifo "$work/fifo"

status=0
LD_PRELOAD="$library" GORACE_OPTIONS="sigquit=stay log=$work/said" setsid -w "$work/app" "$work/fifo" || status=$?
[ $status = 143 ] || { echo "status $status, not 143"; failed=1; }
[ "$(grep -c "WARNING: gorace: stuck: 1 thread can never go on" "$work/said")" = 1 ] || { echo "the worker is not found"; failed=1; }
sed -n 's/^#define CALLS.*//; s/^    X(\([a-z_]*\),.*/\1/p' "$work/app.c" >"$work/calls"
[ "$(wc -l <"$work/calls")" -ge 25 ] || { echo "the calls are not found"; failed=1; }
while read -r call; do
    grep -q "sleeps in $call\(,\|\$\)" "$work/said" || { echo "does not say that a thread sleeps in $call"; failed=1; }
done <"$work/calls"
[ $failed = 0 ] || cat "$work/said"
exit $failed
