/* Children, limits, environment, sorting, patterns, names, messages. */
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/syscall.h>

#include "engage.h"

/* ---- children --------------------------------------------------------------------------------------------------------------- */

static int status;
static struct rusage usage;

static pid_t child(void)
{
    pid_t pid = fork();
    if (pid == 0)
        for (;;)
            __asm__ volatile("syscall" : : "a"((long)SYS_exit_group), "D"(3L) : "rcx", "r11", "memory");
    from_here();
    return pid;
}

static void waited(bool right)
{
    CHECK(right && WEXITSTATUS(status) == 3);
    WRITES(&status, sizeof status);
}

CASE(wait)
{
    pid_t pid = child();
    waited(CALL(wait)(&status) == pid);
}

CASE(waitpid)
{
    pid_t pid = child();
    waited(CALL(waitpid)(pid, &status, 0) == pid);
    CHECK(CALL(waitpid)(pid, NULL, 0) == -1 && errno == ECHILD);
}

CASE(wait3)
{
    pid_t pid = child();
    waited(CALL(wait3)(&status, 0, &usage) == pid);
    WRITES(&usage, sizeof usage);
}

CASE(wait4)
{
    pid_t pid = child();
    waited(CALL(wait4)(pid, &status, 0, &usage) == pid);
    WRITES(&usage, sizeof usage);
}

CASE(waitid)
{
    siginfo_t info;
    pid_t pid = child();
    CHECK(CALL(waitid)(P_PID, (id_t)pid, &info, WEXITED) == 0 && info.si_status == 3);
    WRITES(&info, sizeof info);
}

/* ---- limits and identity ------------------------------------------------------------------------------------------------------ */

#define FILLS(name, type, right, ...) \
    CASE(name) \
    { \
        static type x; \
        CHECK(CALL(name)(__VA_ARGS__) == 0 && (right)); \
        WRITES(&x, sizeof x); \
    }

FILLS(getrlimit, struct rlimit, x.rlim_cur > 0, RLIMIT_NOFILE, &x)
FILLS(getrlimit64, struct rlimit64, x.rlim_cur > 0, RLIMIT_NOFILE, &x)
FILLS(getrusage, struct rusage, x.ru_maxrss > 0, RUSAGE_SELF, &x)
FILLS(uname, struct utsname, strcmp(x.sysname, "Linux") == 0, &x)
FILLS(sysinfo, struct sysinfo, x.totalram > 0, &x)
FILLS(getitimer, struct itimerval, x.it_value.tv_sec == 0, ITIMER_VIRTUAL, &x)
FILLS(prlimit, struct rlimit, x.rlim_cur > 0, 0, RLIMIT_NOFILE, NULL, &x)
FILLS(sched_getaffinity, cpu_set_t, CPU_COUNT(&x) > 0, 0, sizeof x, &x)

CASE(setrlimit)
{
    struct rlimit x;
    CHECK(getrlimit(RLIMIT_CORE, &x) == 0 && CALL(setrlimit)(RLIMIT_CORE, &x) == 0);
    READS(&x, sizeof x);
}

CASE(setrlimit64)
{
    struct rlimit64 x;
    CHECK(getrlimit64(RLIMIT_CORE, &x) == 0 && CALL(setrlimit64)(RLIMIT_CORE, &x) == 0);
    READS(&x, sizeof x);
}

static struct termios settings;

static int terminal(void)
{
    int fd = posix_openpt(O_RDWR | O_NOCTTY);
    from_here();
    return fd;
}

CASE(tcgetattr)
{
    CHECK(CALL(tcgetattr)(terminal(), &settings) == 0);
    WRITES(&settings, sizeof settings);
}

CASE(tcsetattr)
{
    int fd = terminal();
    CHECK(tcgetattr(fd, &settings) == 0 && CALL(tcsetattr)(fd, TCSANOW, &settings) == 0);
    READS(&settings, sizeof settings);
}

CASE(gethostname)
{
    static char name[256];
    CHECK(CALL(gethostname)(name, sizeof name) == 0 && name[0]);
    WRITES(name, strlen(name) + 1);
}

CASE(getgroups)
{
    static gid_t groups[256];
    int n = CALL(getgroups)(256, groups);
    CHECK(n == CALL(getgroups)(0, NULL));
    if (n > 0)
        WRITES(groups, (size_t)n * sizeof groups[0]);
}

/* ---- environment ------------------------------------------------------------------------------------------------------------------ */

static char name[] = "ENGAGE", value[] = "value";

CASE(getenv)
{
    CHECK(CALL(getenv)(name) == NULL);
    READS(name, sizeof name);
}

CASE(secure_getenv)
{
    CHECK(CALL(secure_getenv)(name) == NULL);
    READS(name, sizeof name);
}

CASE(setenv)
{
    CHECK(CALL(setenv)(name, value, 1) == 0 && strcmp(getenv(name), value) == 0);
    READS(value, sizeof value);
    CHECK(CALL(setenv)("", value, 1) == -1 && errno == EINVAL);
}

CASE(unsetenv)
{
    CHECK(setenv(name, value, 1) == 0 && CALL(unsetenv)(name) == 0 && getenv(name) == NULL);
    READS(name, sizeof name);
}

CASE(putenv)
{
    static char assignment[] = "ENGAGE=x";
    CHECK(CALL(putenv)(assignment) == 0 && getenv(name) == assignment + 7);
    READS(assignment, sizeof assignment);
}

/* ---- sorting, conversion, patterns ---------------------------------------------------------------------------------------------------- */

static int numbers[] = {3, 1, 2};

static int difference(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

static int difference_r(const void *a, const void *b, void *argument)
{
    CHECK(argument == numbers);
    return difference(a, b);
}

CASE(qsort)
{
    CALL(qsort)(numbers, 3, sizeof numbers[0], difference);
    CHECK(numbers[0] == 1 && numbers[2] == 3);
    WRITES(numbers, sizeof numbers);
}

CASE(qsort_r)
{
    CALL(qsort_r)(numbers, 3, sizeof numbers[0], difference_r, numbers);
    CHECK(numbers[0] == 1 && numbers[2] == 3);
    WRITES(numbers, sizeof numbers);
}

CASE(iconv)
{
    static char from[] = "ab", to[16];
    char *in = from, *out = to;
    size_t left = 2, room = sizeof to;
    CHECK(CALL(iconv)(iconv_open("UTF-16LE", "UTF-8"), &in, &left, &out, &room) == 0 && out == to + 4 && to[2] == 'b');
    READS(from, 2);
    WRITES(to, 4);
    WRITES(&in, sizeof in);
    WRITES(&left, sizeof left);
}

CASE(regcomp)
{
    static char pattern[] = "a+";
    regex_t r;
    CHECK(CALL(regcomp)(&r, pattern, 0) == 0);
    READS(pattern, 3);
    WRITES(&r, sizeof r);
}

CASE(regfree)
{
    regex_t r;
    CHECK(regcomp(&r, "a", 0) == 0);
    from_here();
    CALL(regfree)(&r);
    WRITES(&r, sizeof r);
}

CASE(regexec)
{
    static char text[] = "a123";
    regex_t r;
    regmatch_t m[1];
    CHECK(regcomp(&r, "[0-9]+", REG_EXTENDED) == 0 && CALL(regexec)(&r, text, 1, m, 0) == 0 && m[0].rm_so == 1);
    READS(text, 5);
    WRITES(m, sizeof m);
    regfree(&r);
    from_here();
    CHECK(regcomp(&r, "[0-9]+", REG_EXTENDED | REG_NOSUB) == 0 && CALL(regexec)(&r, text, 1, m, 0) == 0);
    CHECK(!told_for_sure(TRACE_WRITE, (uint64_t)(uintptr_t)m, sizeof m));
    regfree(&r);
}

CASE(fnmatch)
{
    static char pattern[] = "*.c", text[] = "a.c";
    CHECK(CALL(fnmatch)(pattern, text, 0) == 0);
    READS(pattern, 4);
    READS(text, 4);
}

CASE(backtrace)
{
    void *frames[8];
    int n = CALL(backtrace)(frames, 8);
    CHECK(n > 0);
    WRITES(frames, (size_t)n * sizeof frames[0]);
}

/* ---- messages and System V semaphores -------------------------------------------------------------------------------------------------- */

static struct {
    long type;
    char text[8];
} message = {1, "text"}, got;

static void message_passes(ssize_t (*receive)(int, void *, size_t, long, int),
                           int (*send)(int, const void *, size_t, int))
{
    int id = msgget(IPC_PRIVATE, IPC_CREAT | 0600);
    from_here();
    CHECK(send(id, &message, 5, 0) == 0 && receive(id, &got, 8, 0, 0) == 5 && strcmp(got.text, "text") == 0);
    msgctl(id, IPC_RMID, NULL);
    READS(&message, sizeof(long) + 5);
    WRITES(&got, sizeof(long) + 5);
    EDGE();
}

CASE(msgsnd)
{
    message_passes(msgrcv, CALL(msgsnd));
}

CASE(msgrcv)
{
    message_passes(CALL(msgrcv), msgsnd);
}

static struct sembuf post = {.sem_op = 1}, take = {.sem_op = -1};

CASE(semop)
{
    int id = semget(IPC_PRIVATE, 1, IPC_CREAT | 0600);
    CHECK(CALL(semop)(id, &post, 1) == 0 && CALL(semop)(id, &take, 1) == 0);
    semctl(id, 0, IPC_RMID);
    READS(&post, sizeof post);
    EDGE();
}

CASE(semtimedop)
{
    static struct timespec soon = {.tv_sec = 10};
    int id = semget(IPC_PRIVATE, 1, IPC_CREAT | 0600);
    CHECK(CALL(semtimedop)(id, &post, 1, &soon) == 0 && CALL(semtimedop)(id, &take, 1, &soon) == 0);
    semctl(id, 0, IPC_RMID);
    READS(&soon, sizeof soon);
    EDGE();
}

CASE(semctl)
{
    int id = semget(IPC_PRIVATE, 1, IPC_CREAT | 0600);
    from_here();
    CHECK(CALL(semctl)(id, 0, SETVAL, 3) == 0 && CALL(semctl)(id, 0, GETVAL) == 3);
    EDGE();
    CHECK(CALL(semctl)(id, 0, IPC_RMID) == 0 && CALL(semctl)(id, 0, GETVAL) == -1 && errno == EINVAL);
}

static mqd_t queue(void)
{
    struct mq_attr small = {.mq_maxmsg = 2, .mq_msgsize = 8};
    char path[40];
    sprintf(path, "/engage.%d", getpid());
    mqd_t q = mq_open(path, O_RDWR | O_CREAT, 0600, &small);
    mq_unlink(path);
    from_here();
    return q;
}

#define QUEUE_PASSES(name, send, receive) \
    CASE(name) \
    { \
        static char sent[8] = "text", room[8]; \
        static struct timespec far = {.tv_sec = 1 << 30}; \
        unsigned priority = 0; \
        mqd_t q = queue(); \
        (void)far; \
        if (q < 0) \
            return; /* no message queues in this kernel or container */ \
        CHECK(send == 0 && receive == 5 && strcmp(room, "text") == 0 && priority == 3); \
        READS(sent, 5); \
        WRITES(room, 5); \
        WRITES(&priority, sizeof priority); \
        EDGE(); \
    }

QUEUE_PASSES(mq_send, CALL(mq_send)(q, sent, 5, 3), mq_receive(q, room, 8, &priority))
QUEUE_PASSES(mq_receive, mq_send(q, sent, 5, 3), CALL(mq_receive)(q, room, 8, &priority))
QUEUE_PASSES(mq_timedsend, CALL(mq_timedsend)(q, sent, 5, 3, &far), mq_receive(q, room, 8, &priority))
QUEUE_PASSES(mq_timedreceive, mq_send(q, sent, 5, 3), CALL(mq_timedreceive)(q, room, 8, &priority, &far))

CASE(mq_notify)
{
    mqd_t q = queue();
    if (q < 0)
        return;
    static struct sigevent e = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGURG};
    CHECK(CALL(mq_notify)(q, &e) == 0);
    READS(&e, sizeof e);
    TOLD(TRACE_RELEASE_MERGE, 0, SIZE_MAX);
}

CASE(mq_close)
{
    mqd_t q = queue();
    if (q < 0)
        return;
    CHECK(CALL(mq_close)(q) == 0 && CALL(mq_close)(q) == -1 && errno == EBADF);
}
