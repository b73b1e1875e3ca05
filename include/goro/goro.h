/* libgoro: goroutines for C (gnu11). Link with -lgoro.
 *
 *     static void hello(const char *whom, int times) { ... }
 *     static int start(void *arg) { goro_go(hello, "world", 3); goro_yield(); return 0; }
 *     int main(void) { return goro_run(start, NULL); }
 *
 * Conventions of the whole API:
 *   - Times are int64_t nanoseconds: durations where the parameter is called `ns`, otherwise points of goro_now(), the
 *     monotonic clock. GORO_FOREVER is a deadline that never comes; one that has passed makes a call not wait.
 *   - A call returns 0 or a positive result, or a negative errno value (-ETIMEDOUT, -ECANCELED, -EAGAIN, -ENOMEM ...). errno
 *     itself is never set, and each goroutine has its own (goro_errno).
 *   - Misuse (close of a closed channel, unlock of an unlocked mutex ...) is a goro_panic: message, all goroutines, abort.
 *   - Structs may be zero-initialised where Go's may: mutex, rwmutex, once, waitgroup, cond, semaphore, group. They must
 *     not be copied after first use. Fields are private.
 *   - Calls that may wait must be made by a goroutine; others say so.
 *
 * Names begin with goro_; with GORO_SHORT_NAMES defined before the #include, the common ones are there without (short.h). */
#ifndef GORO_GORO_H
#define GORO_GORO_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define GORO_FOREVER INT64_MAX
#define GORO_MICROSECOND INT64_C(1000)
#define GORO_MILLISECOND INT64_C(1000000)
#define GORO_SECOND INT64_C(1000000000)

/* ---- the runtime ---- */

/* Starts the runtime, runs main_fn(arg) as the first goroutine and returns its result; then goroutines that are still there
 * end where they are, as in Go. The calling thread waits (it watches the others meanwhile). May be called again
 * afterwards, but not from a goroutine (-EBUSY). -ENOMEM, -EAGAIN: the runtime could not start.
 * In the child of a fork() that keeps running goroutines, the end of main_fn is exit(result). */
int goro_run(int (*main_fn)(void *arg), void *arg);

/* Sets how many goroutines run at the same time and returns the previous number; n <= 0 only asks. The first value is
 * GORO_MAXPROCS of the environment, or else what affinity mask and cgroup quota allow. */
int goro_gomaxprocs(int n);
int goro_num_goroutines(void);

/* ---- goroutines ---- */

struct goro_options {
    size_t stack;     /* bytes with the guard page, rounded up to 16 KiB, 64, 256, 1 MiB ...; committed only as used. 0: the default, 64 KiB or GORO_STACK */
    const char *name; /* shown in dumps; must live as long as the goroutine */
};

/* Where a goroutine was started: shown in dumps, and part of its identity. */
struct goro_site {
    const char *function, *file;
    int line;
};

/* goro_go(f, a, b ...): runs f(a, b ...) as a new goroutine, which never starts before the caller waits, yields or is
 * preempted, or another processor is free. Number and types of arguments are checked as in a call; at most six, each a
 * scalar of at most 8 bytes, copied now. Integers in the place of floating parameters are refused at compile time, and with
 * floating arguments all types must be exactly the parameters'. f's result is dropped. 0 or -ENOMEM.
 * goro_go_opt((.stack = 1 << 20, .name = "big"), f, a, b ...): with options. */
#ifndef __cplusplus
#define goro_go(f, ...) GORO_GO(NULL, f, ##__VA_ARGS__)
#define goro_go_opt(options, f, ...) GORO_GO((&(const struct goro_options){GORO_UNWRAP options}), f, ##__VA_ARGS__)
#endif
/* The function form: f(arg). */
int goro_go_fn(void (*f)(void *arg), void *arg, const struct goro_options *options);

void goro_yield(void);           /* lets others run; the caller goes to the end of the queue */
void goro_sleep(int64_t ns);     /* at least ns; <= 0 returns at once */
int64_t goro_now(void);          /* from anywhere */
void goro_exit(void) __attribute__((noreturn)); /* ends the calling goroutine; main_fn's result is then 0 */

/* Keeps the goroutine on its OS thread until goro_unpin, for libraries with thread-local state. Nests. */
void goro_pin(void);
void goro_unpin(void);

/* The calling goroutine's errno. Compilers keep the address of the thread's errno over a call that may change threads;
 * with GORO_ERRNO defined before the #include, `errno` is this one. */
int *goro_errno(void);

/* Prints "panic: ..." with the goroutine, all goroutines' states and stacks, and aborts. */
void goro_panic(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
/* Writes a table of all goroutines with state, what each waits for, since when and where it was started. From anywhere. */
void goro_dump(int fd);

/* ---- calls that block the thread ---- */

/* Between the two the goroutine may block its OS thread (files, DNS, foreign locks): its processor runs others meanwhile.
 * No other call of this API in between. goro_blocking(fn, arg) returns fn(arg), called that way. */
void goro_blocking_begin(void);
void goro_blocking_end(void);
long goro_blocking(long (*fn)(void *arg), void *arg);

/* ---- goroutine-local storage ---- */

typedef unsigned goro_key;
/* A new key; `destroy`, if any, is called with each value that is not NULL when its goroutine ends. -EAGAIN: none left. */
int goro_key_create(goro_key *key, void (*destroy)(void *value));
int goro_key_set(goro_key key, void *value); /* -ENOMEM, -EINVAL */
void *goro_key_get(goro_key key);

/* ---- behind the macros ---- */

int goro_spawn(void (*f)(void), const struct goro_options *options, const struct goro_site *site, unsigned count,
               unsigned floats, const uint64_t *words);
/* The same with the words as arguments, unused ones 0: they are in no memory that a detector is told of. */
int goro_spawn_words(void (*f)(void), const struct goro_options *options, const struct goro_site *site, unsigned count,
                     unsigned floats, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t g);

#ifdef __cplusplus
}
#endif

/* Code that is compiled for a detector: -fsanitize=thread. */
#if defined(__SANITIZE_THREAD__)
#define GORO_OUTLINE
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define GORO_OUTLINE
#endif
#endif

#include <goro/spawn.h>
#include <goro/point.h>
#include <goro/chan.h>
#include <goro/select.h>
#include <goro/sync.h>
#include <goro/time.h>
#include <goro/context.h>
#include <goro/pool.h>
#include <goro/io.h>
#include <goro/explore.h>

#ifdef GORO_ERRNO
#undef errno
#define errno (*goro_errno())
#endif
#ifdef GORO_SHORT_NAMES
#include <goro/short.h>
#endif

#endif
