/* Data through stdio streams; and what the streams' own locks do not order. */
#include "pass.h"

static FILE *in, *out;

static void open_streams(void)
{
    OK(pipe(ends));
    in = fdopen(ends[0], "r");
    out = fdopen(ends[1], "w");
}

static void print(void)
{
    fprintf(out, "%d\n", 5);
    OK(fflush(out));
}

static void scan(void)
{
    int n;
    CHECK(fscanf(in, "%d", &n) == 1 && n == 5);
}

static void norace_stream(void)
{
    open_streams();
    pass(print, scan);
}

static void put_character(void)
{
    CHECK(putc_unlocked('x', out) == 'x');
    OK(fflush(out));
}

static void get_character(void)
{
    CHECK(getc_unlocked(in) == 'x');
}

static void norace_stream_of_characters(void)
{
    open_streams();
    pass(put_character, get_character);
}

static void close_stream(void)
{
    fputc('x', out);
    OK(fclose(out));
}

static void norace_stream_that_is_closed(void)
{
    open_streams();
    pass(close_stream, get_character);
}

static void say_something(void)
{
    fprintf(stderr, "something\n");
}

/* Two threads that print are not ordered by it. */
static void race_printing(void)
{
    pass(say_something, say_something);
}

static void lock_and_unlock(void)
{
    flockfile(stdout);
    funlockfile(stdout);
}

static void norace_flockfile(void)
{
    pass(lock_and_unlock, lock_and_unlock);
}

static void *use_stream(void *arg)
{
    fputs("text", out);
    step(&s, 1);
    return arg;
}

static void race_stream_closed_while_used(void)
{
    pthread_t t;
    out = tmpfile();
    OK(pthread_create(&t, NULL, use_stream, NULL));
    await(&s, 1);
    OK(fclose(out));
    OK(pthread_join(t, NULL));
}

#define CASES(X) \
    X(norace_stream) X(norace_stream_of_characters) X(norace_stream_that_is_closed) X(race_printing) \
    X(norace_flockfile) X(race_stream_closed_while_used)
CASES_MAIN
