/* stdio streams. A pipe is behind each, so that what passes is an edge. */
#include "engage.h"

static int ends[2];
static FILE *in, *out;
static char line[] = "line\n", room[16];

static void piped(void)
{
    CHECK(pipe(ends) == 0 && dup2(ends[0], 0) == 0 && dup2(ends[1], 1) == 1 && dup2(ends[1], 2) == 2);
    in = fdopen(ends[0], "r");
    out = fdopen(ends[1], "w");
    from_here();
}

/* ---- opening and closing ---------------------------------------------------------------------------------------------------- */

static char name[] = "/dev/null", mode[] = "r";

static void opens(FILE *f)
{
    CHECK(f && fileno(f) >= 0 && fgetc(f) == EOF);
    READS(mode, 2);
}

CASE(fopen)
{
    opens(CALL(fopen)(name, mode));
    READS(name, sizeof name);
}

CASE(fopen64)
{
    opens(CALL(fopen64)(name, mode));
    READS(name, sizeof name);
}

CASE(popen)
{
    static char command[] = "exit 3";
    FILE *f = CALL(popen)(command, mode);
    CHECK(f && WEXITSTATUS(pclose(f)) == 3);
    READS(command, sizeof command);
}

static ssize_t nothing_left(void *cookie, char *to, size_t n)
{
    (void)to;
    return n && cookie == name ? 0 : -1;
}

CASE(fopencookie)
{
    FILE *f = CALL(fopencookie)(name, mode, (cookie_io_functions_t){.read = nothing_left});
    CHECK(f && fgetc(f) == EOF && !ferror(f));
    READS(mode, sizeof mode);
}

CASE(fdopen)
{
    opens(CALL(fdopen)(open(name, O_RDONLY), mode));
}

CASE(tmpfile)
{
    FILE *f = CALL(tmpfile)();
    CHECK(f && fputs("x", f) >= 0 && fflush(f) == 0);
    TOLD(TRACE_RELEASE_MERGE, 0, SIZE_MAX);
}

CASE(freopen)
{
    opens(CALL(freopen)(name, mode, stdin));
    READS(name, sizeof name);
}

CASE(freopen64)
{
    opens(CALL(freopen64)(name, mode, stdin));
    READS(name, sizeof name);
}

/* A use of the stream by another thread, unordered, is a race with the end of the FILE. */
CASE(fclose)
{
    piped();
    close(1);
    close(2);
    from_here();
    CHECK(CALL(fclose)(out) == 0);
    FREES(out);
    CHECK(read(ends[0], room, 1) == 0);
    EDGE();
}

CASE(pclose)
{
    FILE *f = popen("exit 3", "r");
    from_here();
    CHECK(WEXITSTATUS(CALL(pclose)(f)) == 3);
    READS(f, 1);
}

CASE(fflush)
{
    piped();
    fputs("x", out);
    from_here();
    CHECK(CALL(fflush)(out) == 0 && read(ends[0], room, 1) == 1);
    READS(out, 1);
    EDGE();
    CHECK(CALL(fflush)(NULL) == 0);
}

CASE(flockfile)
{
    CALL(flockfile)(stdout);
    ACQUIRES(stdout);
    funlockfile(stdout);
}

CASE(ftrylockfile)
{
    CHECK(CALL(ftrylockfile)(stdout) == 0);
    ACQUIRES(stdout);
    funlockfile(stdout);
}

CASE(funlockfile)
{
    flockfile(stdout);
    CALL(funlockfile)(stdout);
    RELEASES(stdout);
    CHECK(ftrylockfile(stdout) == 0);
}

/* ---- blocks and lines ------------------------------------------------------------------------------------------------------ */

static void filled(void)
{
    piped();
    CHECK(write(ends[1], "line\nnext\n", 10) == 10);
    close(ends[1]);
    close(1);
    close(2);
}

static void got(bool right, size_t n)
{
    CHECK(right);
    READS(in, 1);
    WRITES(room, n);
    EDGE();
}

#define GETS_BLOCK(name, ...) \
    CASE(name) \
    { \
        filled(); \
        got(CALL(name)(room, __VA_ARGS__, 2, 3, in) == 3 && memcmp(room, "line\nn", 6) == 0, 6); \
    }

CASE(fread)
{
    filled();
    got(CALL(fread)(room, 2, 3, in) == 3 && memcmp(room, "line\nn", 6) == 0, 6);
}

CASE(fread_unlocked)
{
    filled();
    got(CALL(fread_unlocked)(room, 2, 3, in) == 3 && memcmp(room, "line\nn", 6) == 0, 6);
}

GETS_BLOCK(__fread_chk, sizeof room)
GETS_BLOCK(__fread_unlocked_chk, sizeof room)

CASE(fgets)
{
    filled();
    got(CALL(fgets)(room, 16, in) == room && strcmp(room, line) == 0, 6);
}

CASE(fgets_unlocked)
{
    filled();
    got(CALL(fgets_unlocked)(room, 16, in) == room && strcmp(room, line) == 0, 6);
}

CASE(__fgets_chk)
{
    filled();
    got(CALL(__fgets_chk)(room, 16, 16, in) == room && strcmp(room, line) == 0, 6);
}

CASE(__fgets_unlocked_chk)
{
    filled();
    got(CALL(__fgets_unlocked_chk)(room, 16, 16, in) == room && strcmp(room, line) == 0, 6);
}

static char *buffer;
static size_t size;

static void got_line(ssize_t n)
{
    CHECK(n == 5 && strcmp(buffer, line) == 0);
    WRITES(&buffer, sizeof buffer);
    WRITES(&size, sizeof size);
    ALLOCATES(buffer, SIZE_MAX);
    WRITES(buffer, 6);
    EDGE();
}

CASE(getline)
{
    filled();
    got_line(CALL(getline)(&buffer, &size, in));
}

CASE(getdelim)
{
    filled();
    got_line(CALL(getdelim)(&buffer, &size, '\n', in));
}

CASE(__getdelim)
{
    filled();
    got_line(CALL(__getdelim)(&buffer, &size, '\n', in));
}

static void arrives(bool right)
{
    CHECK(right);
    fflush(out);
    fflush(stdout);
    CHECK(read(ends[0], room, sizeof room) > 0 && memcmp(room, line, 4) == 0);
    EDGE();
}

#define GIVES_LINE(name, ...) \
    CASE(name) \
    { \
        piped(); \
        arrives(CALL(name)(__VA_ARGS__) >= 0); \
        READS(line, 6); \
    }

GIVES_LINE(fputs, line, out)
GIVES_LINE(fputs_unlocked, line, out)
GIVES_LINE(puts, line)

CASE(fwrite)
{
    piped();
    arrives(CALL(fwrite)(line, 1, 5, out) == 5);
    READS(line, 5);
}

CASE(fwrite_unlocked)
{
    piped();
    arrives(CALL(fwrite_unlocked)(line, 1, 5, out) == 5);
    READS(line, 5);
}

CASE(perror)
{
    piped();
    CALL(perror)(line);
    arrives(true);
    READS(line, 6);
}

/* ---- characters -------------------------------------------------------------------------------------------------------------- */

#define GETS_CHARACTER(name, ...) \
    CASE(name) \
    { \
        filled(); \
        CHECK(CALL(name)(__VA_ARGS__) == 'l'); \
        EDGE(); \
    }

GETS_CHARACTER(fgetc, in)
GETS_CHARACTER(getc, in)
GETS_CHARACTER(_IO_getc, in)
GETS_CHARACTER(getchar)
GETS_CHARACTER(fgetc_unlocked, in)
GETS_CHARACTER(getc_unlocked, in)
GETS_CHARACTER(getchar_unlocked)
GETS_CHARACTER(__uflow, in)

#define GIVES_CHARACTER(name, stream, ...) \
    CASE(name) \
    { \
        piped(); \
        setvbuf(stream, NULL, _IONBF, 0); \
        CHECK(CALL(name)(__VA_ARGS__) == 'c'); \
        CHECK(read(ends[0], room, 1) == 1 && room[0] == 'c'); \
        EDGE(); \
    }

GIVES_CHARACTER(fputc, out, 'c', out)
GIVES_CHARACTER(putc, out, 'c', out)
GIVES_CHARACTER(_IO_putc, out, 'c', out)
GIVES_CHARACTER(putchar, stdout, 'c')
GIVES_CHARACTER(fputc_unlocked, out, 'c', out)
GIVES_CHARACTER(putc_unlocked, out, 'c', out)
GIVES_CHARACTER(putchar_unlocked, stdout, 'c')
GIVES_CHARACTER(__overflow, out, out, 'c')

/* ---- positions and memory -------------------------------------------------------------------------------------------------------- */

#define POSITIONS(get, set, type) \
    CASE(get) \
    { \
        FILE *f = tmpfile(); \
        type at; \
        CHECK(fputs("text", f) >= 0 && CALL(get)(f, &at) == 0 && at.__pos == 4); \
        WRITES(&at, sizeof at); \
    } \
    CASE(set) \
    { \
        FILE *f = tmpfile(); \
        type at; \
        CHECK(get(f, &at) == 0 && fputs("text", f) >= 0 && CALL(set)(f, &at) == 0 && ftell(f) == 0); \
        READS(&at, sizeof at); \
    }
POSITIONS(fgetpos, fsetpos, fpos_t)
POSITIONS(fgetpos64, fsetpos64, fpos64_t)

#define INTO_MEMORY(name, type, put) \
    CASE(name) \
    { \
        type *to; \
        size_t size; \
        FILE *other = CALL(name)(&(type *){NULL}, &(size_t){0}), *f = CALL(name)(&to, &size); \
        CHECK(f && other); \
        WRITES(&to, sizeof to); \
        WRITES(&size, sizeof size); \
        CHECK(put); \
        from_here(); \
        CHECK(fflush(f) == 0 && size == 4); \
        WRITES(&to, sizeof to); \
        WRITES(&size, sizeof size); \
        WRITES(to, 5 * sizeof *to); \
        from_here(); \
        CHECK(fclose(f) == 0 && to[3] == 't' && fclose(other) == 0); \
        WRITES(&to, sizeof to); \
        WRITES(&size, sizeof size); \
    }
INTO_MEMORY(open_memstream, char, fputs("text", f) >= 0)
INTO_MEMORY(open_wmemstream, wchar_t, fputws(L"text", f) >= 0)
