/* What the process asks of the kernel and of libc's odds and ends: children, limits, identity, environment, sorting,
 * conversion, patterns. */
#include "sync_keys.h"
#include "touch.h"

/* ---- children --------------------------------------------------------------------------------------------------- */

static pid_t waited(struct actor *me, pid_t child)
{
    if (me && child > 0)
        sync_acquire(me, children_key());
    return child;
}

#define WAIT(name, params, ...) \
    INTERPOSE_NAMED(pid_t, name, params) \
    { \
        struct actor *me = current(); \
        pid_t child = waited(me, PARKED(me, #name, -1, REAL(name)(__VA_ARGS__))); \
        if (me && child > 0) \
            write_if(me, status, sizeof *status, CALLER); \
        return child; \
    }

#define WAIT_USAGE(name, params, ...) \
    INTERPOSE_NAMED(pid_t, name, params) \
    { \
        struct actor *me = current(); \
        pid_t child = waited(me, PARKED(me, #name, -1, REAL(name)(__VA_ARGS__))); \
        if (me && child > 0) { \
            write_if(me, status, sizeof *status, CALLER); \
            write_if(me, usage, sizeof *usage, CALLER); \
        } \
        return child; \
    }

WAIT(wait, (int *status), status)
WAIT(waitpid, (pid_t pid, int *status, int options), pid, status, options)
WAIT_USAGE(wait3, (int *status, int options, struct rusage *usage), status, options, usage)
WAIT_USAGE(wait4, (pid_t pid, int *status, int options, struct rusage *usage), pid, status, options, usage)

INTERPOSE(int, waitid, (idtype_t type, id_t id, siginfo_t *info, int options))
{
    struct actor *me = current();
    int result = PARKED(me, "waitid", -1, REAL(waitid)(type, id, info, options));
    if (me && result == 0) {
        sync_acquire(me, children_key());
        write_if(me, info, sizeof *info, CALLER);
    }
    return result;
}

/* ---- limits and identity ----------------------------------------------------------------------------------------- */

#define FILL(name, params, ...) \
    INTERPOSE_NAMED(int, name, params) \
    { \
        struct actor *me = current(); \
        int result = REAL(name)(__VA_ARGS__); \
        if (me && result == 0) \
            write_if(me, to, sizeof *to, CALLER); \
        return result; \
    }

#define TAKE(name, params, ...) \
    INTERPOSE_NAMED(int, name, params) \
    { \
        struct actor *me = current(); \
        if (me) \
            read_if(me, from, sizeof *from, CALLER); \
        return REAL(name)(__VA_ARGS__); \
    }

FILL(getrlimit, (int which, struct rlimit *to), which, to)
FILL(getrlimit64, (int which, struct rlimit64 *to), which, to)
TAKE(setrlimit, (int which, const struct rlimit *from), which, from)
TAKE(setrlimit64, (int which, const struct rlimit64 *from), which, from)
FILL(getrusage, (int who, struct rusage *to), who, to)
FILL(uname, (struct utsname * to), to)
FILL(sysinfo, (struct sysinfo * to), to)
FILL(getitimer, (int which, struct itimerval *to), which, to)
FILL(tcgetattr, (int fd, struct termios *to), fd, to)
TAKE(tcsetattr, (int fd, int when, const struct termios *from), fd, when, from)

INTERPOSE_NAMED(int, prlimit, (pid_t pid, int which, const struct rlimit *from, struct rlimit *to))
{
    struct actor *me = current();
    if (me)
        read_if(me, from, sizeof *from, CALLER);
    int result = REAL(prlimit)(pid, which, from, to);
    if (me && result == 0)
        write_if(me, to, sizeof *to, CALLER);
    return result;
}

INTERPOSE(int, gethostname, (char *to, size_t n))
{
    struct actor *me = current();
    int result = REAL(gethostname)(to, n);
    if (me && result == 0)
        write_if(me, to, limited(REAL(strnlen)(to, n), n), CALLER);
    return result;
}

INTERPOSE(int, getgroups, (int n, gid_t *to))
{
    struct actor *me = current();
    int count = REAL(getgroups)(n, to);
    if (me && n > 0 && count > 0)
        mem_write(me, to, (size_t)count * sizeof *to, CALLER);
    return count;
}

/* The result is 0; how much of the set the kernel knows, only the system call itself would tell. */
INTERPOSE(int, sched_getaffinity, (pid_t pid, size_t n, cpu_set_t *to))
{
    struct actor *me = current();
    int result = REAL(sched_getaffinity)(pid, n, to);
    if (me && result == 0)
        write_if(me, to, n, CALLER);
    return result;
}

/* ---- environment: the names and values. The environment itself is libc's, and behind a lock of its own. ----------- */

INTERPOSE(char *, getenv, (const char *name))
{
    struct actor *me = current();
    if (me)
        read_string(me, name, CALLER);
    return REAL(getenv)(name);
}

INTERPOSE(char *, secure_getenv, (const char *name))
{
    struct actor *me = current();
    if (me)
        read_string(me, name, CALLER);
    return REAL(secure_getenv)(name);
}

INTERPOSE(int, setenv, (const char *name, const char *value, int replace))
{
    struct actor *me = current();
    if (me) {
        read_optional_string(me, name, CALLER);
        read_string(me, value, CALLER);
    }
    return REAL(setenv)(name, value, replace);
}

INTERPOSE(int, unsetenv, (const char *name))
{
    struct actor *me = current();
    if (me)
        read_optional_string(me, name, CALLER);
    return REAL(unsetenv)(name);
}

INTERPOSE(int, putenv, (char *assignment))
{
    struct actor *me = current();
    if (me)
        read_string(me, assignment, CALLER);
    return REAL(putenv)(assignment);
}

/* ---- sorting ----------------------------------------------------------------------------------------------------- */

struct sorting {
    struct actor *me;
    uintptr_t sp;
};

static struct sorting sorting_begin(struct actor *me, uintptr_t pc, uintptr_t sp)
{
    if (me)
        context_called_back(me, pc, sp);
    return (struct sorting){me, sp};
}

/* Also when a comparison ends it, by an exception. */
static void sorting_end(struct sorting *s)
{
    if (s->me)
        context_unwound(s->me, s->sp + 1);
}
#define SORTING(me)                                                \
    struct sorting sorting __attribute__((cleanup(sorting_end), unused)) = \
        sorting_begin(me, CALLER, (uintptr_t)__builtin_frame_address(0))

/* The standard lets the whole array be rearranged, whatever order it is found in. The comparisons are the program's. */
INTERPOSE(void, qsort, (void *base, size_t n, size_t size, int (*compare)(const void *, const void *)))
{
    struct actor *me = current();
    if (me && n > 1)
        write_if(me, base, n * size, CALLER);
    SORTING(me);
    REAL(qsort)(base, n, size, compare);
}

INTERPOSE(void, qsort_r,
          (void *base, size_t n, size_t size, int (*compare)(const void *, const void *, void *), void *argument))
{
    struct actor *me = current();
    if (me && n > 1)
        write_if(me, base, n * size, CALLER);
    SORTING(me);
    REAL(qsort_r)(base, n, size, compare, argument);
}

/* ---- conversion and patterns -------------------------------------------------------------------------------------- */

INTERPOSE(size_t, iconv,
          (iconv_t how, char **restrict from, size_t *restrict left, char **restrict to, size_t *restrict room))
{
    struct actor *me = current();
    char *in = me && from ? *from : NULL, *out = me && to ? *to : NULL;
    size_t converted = REAL(iconv)(how, from, left, to, room);
    if (in) {
        read_if(me, in, (size_t)(*from - in), CALLER);
        mem_write(me, from, sizeof *from, CALLER);
        mem_write(me, left, sizeof *left, CALLER);
    }
    if (out) {
        write_if(me, out, (size_t)(*to - out), CALLER);
        mem_write(me, to, sizeof *to, CALLER);
        mem_write(me, room, sizeof *room, CALLER);
    }
    return converted;
}

INTERPOSE(int, regcomp, (regex_t *restrict r, const char *restrict pattern, int flags))
{
    struct actor *me = current();
    if (me) {
        read_string(me, pattern, CALLER);
        mem_write(me, r, sizeof *r, CALLER);
    }
    return REAL(regcomp)(r, pattern, flags);
}

INTERPOSE(void, regfree, (regex_t *r))
{
    struct actor *me = current();
    if (me)
        mem_write(me, r, sizeof *r, CALLER);
    REAL(regfree)(r);
}

INTERPOSE_NAMED(int, regexec,
                (const regex_t *restrict r, const char *restrict s, size_t n, regmatch_t *restrict matches, int flags))
{
    struct actor *me = current();
    if (me) {
        mem_read(me, r, sizeof *r, CALLER);
        if (!(flags & REG_STARTEND))
            read_string(me, s, CALLER);
    }
    int result = REAL(regexec)(r, s, n, matches, flags);
    if (me && result == 0 && !r->no_sub) /* compiled with REG_NOSUB: they are not touched */
        write_if(me, matches, n * sizeof *matches, CALLER);
    return result;
}

INTERPOSE(int, fnmatch, (const char *pattern, const char *s, int flags))
{
    struct actor *me = current();
    if (me) {
        read_string(me, pattern, CALLER);
        read_string(me, s, CALLER);
    }
    return REAL(fnmatch)(pattern, s, flags);
}

INTERPOSE(int, backtrace, (void **to, int n))
{
    struct actor *me = current();
    int count = REAL(backtrace)(to, n);
    if (me && count > 0)
        mem_write(me, to, (size_t)count * sizeof *to, CALLER);
    return count;
}
