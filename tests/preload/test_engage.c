/* Every row of interpose.def engages: the name leads into the detector's library, the call forwards to the real function,
 * and the core is told what it must be (engage.h).
 *
 *     LD_PRELOAD=libgorace.so test_engage [NAME...]
 *
 * Without a preload every row fails, which shows that the test can. Rows of functions that this libc does not have are
 * counted and named. */
#include <sys/syscall.h>

#include "engage.h"

#define FUNCTION(ret, name, params) \
    ret(*fn_##name) params; \
    void case_##name(void);
#define VERSIONED(ret, name, params, version) FUNCTION(ret, name, params)
#define OPTIONAL(ret, name, params) FUNCTION(ret, name, params)
#include "../../preload/interpose.def"
#undef FUNCTION
#undef VERSIONED
#undef OPTIONAL

static const struct row {
    const char *name;
    void (*run)(void);
    void **function;
} rows[] = {
#define FUNCTION(ret, name, params) {#name, case_##name, (void **)&fn_##name},
#define VERSIONED(ret, name, params, version) FUNCTION(ret, name, params)
#define OPTIONAL(ret, name, params) FUNCTION(ret, name, params)
#include "../../preload/interpose.def"
#undef FUNCTION
#undef VERSIONED
#undef OPTIONAL
};
#define ROWS (sizeof rows / sizeof *rows)

static const struct row *running;
static int failures; /* of the running case */
static int messages; /* where stderr was before a case puts something else there */

static void (*trace_begin)(void), (*trace_end)(void), (*trace_print)(void);
static bool (*trace_saw)(enum trace_verb, uint64_t, size_t);
static bool (*trace_edge)(void);

void failed(const char *file, int line, const char *what)
{
    if (trace_end)
        trace_end();
    dup2(messages, STDERR_FILENO);
    dprintf(messages, "%s: %s:%d: %s\n", running->name, file, line, what);
    if (!failures++ && trace_print)
        trace_print();
}

bool told_for_sure(enum trace_verb verb, uint64_t object, size_t size)
{
    return trace_saw && trace_saw(verb, object, size);
}

bool told(enum trace_verb verb, uint64_t object, size_t size)
{
    return !trace_saw || trace_saw(verb, object, size);
}

bool told_edge(void)
{
    return !trace_edge || trace_edge();
}

bool told_edge_for_sure(void)
{
    return trace_edge && trace_edge();
}

void from_here(void)
{
    if (trace_begin)
        trace_begin();
}

/* Past the wrappers, which may end the process with the detector's status. */
static void leave(int status)
{
    fflush(NULL);
    for (;;)
        __asm__ volatile("syscall" : : "a"((long)SYS_exit_group), "D"((long)status) : "rcx", "r11", "memory");
}

static bool in_any_library(const char *name)
{
    static const char *const libraries[] = {"libc.so.6", "libstdc++.so.6", "libm.so.6"};
    for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++) {
        void *library = dlopen(libraries[i], RTLD_LAZY | RTLD_NOLOAD);
        if (library && dlsym(library, name))
            return true;
    }
    return false;
}

static bool engages(const struct row *r)
{
    Dl_info at;
    *r->function = dlsym(RTLD_DEFAULT, r->name);
    return *r->function && dladdr(*r->function, &at) && strstr(at.dli_fname, "libgorace");
}

static bool passes(const struct row *r)
{
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        running = r;
        alarm(600); /* of what hangs */
        from_here();
        r->run();
        leave(failures != 0);
    }
    int status;
    if (child < 0 || waitpid(child, &status, 0) != child)
        return false;
    if (WIFSIGNALED(status))
        fprintf(stderr, "%s: ended by signal %d\n", r->name, WTERMSIG(status));
    return status == 0;
}

static bool wanted(const char *name, char **names)
{
    for (; *names; names++) {
        if (strcmp(*names, name) == 0)
            return true;
    }
    return false;
}

int main(int argc, char **argv)
{
    trace_begin = (void (*)(void))dlsym(RTLD_DEFAULT, "gorace_trace_begin");
    trace_end = (void (*)(void))dlsym(RTLD_DEFAULT, "gorace_trace_end");
    trace_print = (void (*)(void))dlsym(RTLD_DEFAULT, "gorace_trace_print");
    trace_saw = (bool (*)(enum trace_verb, uint64_t, size_t))dlsym(RTLD_DEFAULT, "gorace_trace_saw");
    trace_edge = (bool (*)(void))dlsym(RTLD_DEFAULT, "gorace_trace_edge");
    messages = fcntl(STDERR_FILENO, F_DUPFD, 300);
    size_t run = 0, wrong = 0, absent = 0;
    for (size_t i = 0; i < ROWS; i++) {
        if (!engages(&rows[i]) && wrong++ < 10)
            fprintf(stderr, "%s: is not the detector's\n", rows[i].name);
    }
    if (wrong) {
        fprintf(stderr, "%zu of %zu rows do not engage\n", wrong, ROWS);
        leave(1);
    }
    for (size_t i = 0; i < ROWS; i++) {
        if (argc > 1 && !wanted(rows[i].name, argv + 1))
            continue;
        if (!in_any_library(rows[i].name)) {
            printf("%s: absent from this libc\n", rows[i].name);
            absent++;
            continue;
        }
        run++;
        wrong += !passes(&rows[i]);
    }
    printf("%zu rows, %zu run%s, %zu absent, %zu wrong\n", ROWS, run, trace_saw ? " with what the core was told" : "",
           absent, wrong);
    leave(run == 0 || wrong);
}
