/* stdio streams: opening, closing, lines, blocks and characters. See stream.h for what is an edge. */
#include "alloc.h"
#include "entry.h"
#include "memstream.h"
#include "stream.h"
#include "stuck.h"
#include "touch.h"

/* ---- opening and closing ---------------------------------------------------------------------------------------- */

static FILE *opened(struct actor *me, FILE *f)
{
    if (me && f && f->_fileno >= 0)
        fd_opened(me, f->_fileno);
    return f;
}

static void reading_names(struct actor *me, const char *path, const char *mode, uintptr_t pc)
{
    if (me) {
        read_optional_string(me, path, pc);
        read_string(me, mode, pc);
    }
}

/* What open is given for it, as far as entry.h asks. */
static int flags_of(const char *mode)
{
    int flags = mode[0] == 'r' ? 0 : O_CREAT;
    for (const char *m = mode; *m && *m != ','; m++)
        flags |= *m == 'x' ? O_EXCL : 0;
    return flags;
}

static FILE *opened_by_name(struct actor *me, const char *path, const char *mode, FILE *f)
{
    if (me)
        entry_opened(me, AT_FDCWD, path, flags_of(mode), f != NULL);
    return opened(me, f);
}

static void opening_by_name(struct actor *me, const char *path, const char *mode, uintptr_t pc)
{
    reading_names(me, path, mode, pc);
    if (me)
        entry_opening(me, AT_FDCWD, path, flags_of(mode));
}

INTERPOSE_NAMED(FILE *, fopen, (const char *restrict path, const char *restrict mode))
{
    struct actor *me = current();
    opening_by_name(me, path, mode, CALLER);
    return opened_by_name(me, path, mode, REAL(fopen)(path, mode));
}

INTERPOSE_NAMED(FILE *, fopen64, (const char *restrict path, const char *restrict mode))
{
    struct actor *me = current();
    opening_by_name(me, path, mode, CALLER);
    return opened_by_name(me, path, mode, REAL(fopen64)(path, mode));
}

INTERPOSE_NAMED(FILE *, popen, (const char *command, const char *mode))
{
    struct actor *me = current();
    reading_names(me, command, mode, CALLER);
    return opened(me, REAL(popen)(command, mode));
}

/* Its functions are the program's: they run in calls in which we take their thread to be asleep. */
INTERPOSE(FILE *, fopencookie, (void *restrict cookie, const char *restrict mode, cookie_io_functions_t functions))
{
    struct actor *me = current();
    if (me)
        read_string(me, mode, CALLER);
    stuck_calls_back();
    return REAL(fopencookie)(cookie, mode, functions);
}

INTERPOSE_NAMED(FILE *, fdopen, (int fd, const char *mode))
{
    struct actor *me = current();
    reading_names(me, NULL, mode, CALLER);
    return REAL(fdopen)(fd, mode);
}

INTERPOSE_NAMED(FILE *, tmpfile, (void))
{
    struct actor *me = current();
    return opened(me, REAL(tmpfile)());
}

static void closing(struct actor *me, FILE *f, uintptr_t pc)
{
    stream_using(me, f, pc);
    if (me && f->_fileno >= 0)
        fd_closing(me, f->_fileno);
}

INTERPOSE_NAMED(FILE *, freopen, (const char *restrict path, const char *restrict mode, FILE *restrict f))
{
    struct actor *me = current();
    opening_by_name(me, path, mode, CALLER);
    closing(me, f, CALLER);
    return opened_by_name(me, path, mode, REAL(freopen)(path, mode, f));
}

INTERPOSE_NAMED(FILE *, freopen64, (const char *restrict path, const char *restrict mode, FILE *restrict f))
{
    struct actor *me = current();
    opening_by_name(me, path, mode, CALLER);
    closing(me, f, CALLER);
    return opened_by_name(me, path, mode, REAL(freopen64)(path, mode, f));
}

INTERPOSE_NAMED(int, fclose, (FILE * f))
{
    struct actor *me = current();
    closing(me, f, CALLER);
    struct memstream *m = memstreams ? memstream_closing(f) : NULL;
    int result = PARKED(me, "fclose", -1, REAL(fclose)(f));
    if (m)
        memstream_closed(me, m, CALLER);
    return result;
}

INTERPOSE_NAMED(int, pclose, (FILE * f))
{
    struct actor *me = current();
    closing(me, f, CALLER);
    return PARKED(me, "pclose", -1, REAL(pclose)(f));
}

INTERPOSE_NAMED(int, fflush, (FILE * f))
{
    struct actor *me = current();
    stream_giving(me, f, CALLER);
    int result = PARKED(me, "fflush", -1, REAL(fflush)(f));
    if (memstreams)
        memstream_flushed(me, f, CALLER);
    return result;
}

INTERPOSE_NAMED(void, flockfile, (FILE * f))
{
    struct actor *me = current();
    REAL(flockfile)(f);
    if (me)
        sync_acquire(me, (uintptr_t)f);
}

INTERPOSE_NAMED(int, ftrylockfile, (FILE * f))
{
    struct actor *me = current();
    int result = REAL(ftrylockfile)(f);
    if (me && result == 0)
        sync_acquire(me, (uintptr_t)f);
    return result;
}

INTERPOSE_NAMED(void, funlockfile, (FILE * f))
{
    struct actor *me = current();
    if (me)
        sync_release(me, (uintptr_t)f);
    REAL(funlockfile)(f);
}

/* ---- blocks ----------------------------------------------------------------------------------------------------- */

/* The bytes of a last, incomplete item are written as well, but how many is not told. */
static size_t got_items(struct actor *me, FILE *f, void *to, size_t size, size_t n, uintptr_t pc)
{
    stream_got(me, f);
    if (me)
        write_if(me, to, size * n, pc);
    return n;
}

INTERPOSE_NAMED(size_t, fread, (void *restrict to, size_t size, size_t n, FILE *restrict f))
{
    struct actor *me = current();
    stream_using(me, f, CALLER);
    return got_items(me, f, to, size, PARKED(me, "fread", -1, REAL(fread)(to, size, n, f)), CALLER);
}

INTERPOSE_NAMED(size_t, fread_unlocked, (void *restrict to, size_t size, size_t n, FILE *restrict f))
{
    struct actor *me = current();
    stream_using(me, f, CALLER);
    return got_items(me, f, to, size, PARKED(me, "fread", -1, REAL(fread_unlocked)(to, size, n, f)), CALLER);
}

INTERPOSE_NAMED(size_t, __fread_chk, (void *restrict to, size_t room, size_t size, size_t n, FILE *restrict f))
{
    struct actor *me = current();
    stream_using(me, f, CALLER);
    return got_items(me, f, to, size, PARKED(me, "fread", -1, REAL(__fread_chk)(to, room, size, n, f)), CALLER);
}

INTERPOSE_NAMED(size_t, __fread_unlocked_chk, (void *restrict to, size_t room, size_t size, size_t n, FILE *restrict f))
{
    struct actor *me = current();
    stream_using(me, f, CALLER);
    return got_items(me, f, to, size, PARKED(me, "fread", -1, REAL(__fread_unlocked_chk)(to, room, size, n, f)),
                     CALLER);
}

static void giving(struct actor *me, FILE *f, const void *from, size_t n, uintptr_t pc)
{
    if (me)
        read_if(me, from, n, pc);
    stream_giving(me, f, pc);
}

INTERPOSE_NAMED(size_t, fwrite, (const void *restrict from, size_t size, size_t n, FILE *restrict f))
{
    struct actor *me = current();
    giving(me, f, from, size * n, CALLER);
    return PARKED(me, "fwrite", -1, REAL(fwrite)(from, size, n, f));
}

INTERPOSE_NAMED(size_t, fwrite_unlocked, (const void *restrict from, size_t size, size_t n, FILE *restrict f))
{
    giving(current(), f, from, size * n, CALLER);
    return REAL(fwrite_unlocked)(from, size, n, f);
}

/* ---- lines ------------------------------------------------------------------------------------------------------ */

static void giving_string(struct actor *me, FILE *f, const char *s, uintptr_t pc)
{
    if (me)
        read_string(me, s, pc);
    stream_giving(me, f, pc);
}

INTERPOSE_NAMED(int, fputs, (const char *restrict s, FILE *restrict f))
{
    struct actor *me = current();
    giving_string(me, f, s, CALLER);
    return PARKED(me, "fputs", -1, REAL(fputs)(s, f));
}

INTERPOSE_NAMED(int, fputs_unlocked, (const char *restrict s, FILE *restrict f))
{
    giving_string(current(), f, s, CALLER);
    return REAL(fputs_unlocked)(s, f);
}

INTERPOSE_NAMED(int, puts, (const char *s))
{
    struct actor *me = current();
    giving_string(me, stdout, s, CALLER);
    return PARKED(me, "puts", -1, REAL(puts)(s));
}

INTERPOSE_NAMED(void, perror, (const char *s))
{
    struct actor *me = current();
    if (me) {
        read_optional_string(me, s, CALLER);
        stream_giving(me, stderr, CALLER);
    }
    REAL(perror)(s);
}

static char *got_line(struct actor *me, FILE *f, char *line, uintptr_t pc)
{
    stream_got(me, f);
    if (me && line)
        write_string(me, line, pc);
    return line;
}

INTERPOSE_NAMED(char *, fgets, (char *restrict to, int n, FILE *restrict f))
{
    struct actor *me = current();
    stream_using(me, f, CALLER);
    return got_line(me, f, PARKED(me, "fgets", -1, REAL(fgets)(to, n, f)), CALLER);
}

INTERPOSE_NAMED(char *, fgets_unlocked, (char *restrict to, int n, FILE *restrict f))
{
    struct actor *me = current();
    stream_using(me, f, CALLER);
    return got_line(me, f, PARKED(me, "fgets", -1, REAL(fgets_unlocked)(to, n, f)), CALLER);
}

INTERPOSE_NAMED(char *, __fgets_chk, (char *restrict to, size_t room, int n, FILE *restrict f))
{
    struct actor *me = current();
    stream_using(me, f, CALLER);
    return got_line(me, f, PARKED(me, "fgets", -1, REAL(__fgets_chk)(to, room, n, f)), CALLER);
}

INTERPOSE_NAMED(char *, __fgets_unlocked_chk, (char *restrict to, size_t room, int n, FILE *restrict f))
{
    struct actor *me = current();
    stream_using(me, f, CALLER);
    return got_line(me, f, PARKED(me, "fgets", -1, REAL(__fgets_unlocked_chk)(to, room, n, f)), CALLER);
}

/* The line's buffer is the program's, and may be allocated or moved in the call. */
static void line_using(struct actor *me, FILE *f, char **line, size_t *room, uintptr_t pc)
{
    stream_using(me, f, pc);
    if (me) {
        mem_read(me, line, sizeof *line, pc);
        if (*line)
            mem_read(me, room, sizeof *room, pc);
        alloc_pc = pc;
    }
}

static ssize_t line_got(struct actor *me, FILE *f, char **line, size_t *room, ssize_t n, uintptr_t pc)
{
    stream_got(me, f);
    if (me) {
        alloc_pc = 0;
        mem_write(me, line, sizeof *line, pc);
        mem_write(me, room, sizeof *room, pc);
        if (n >= 0)
            mem_write(me, *line, (size_t)n + 1, pc);
    }
    return n;
}

INTERPOSE_NAMED(ssize_t, getline, (char **restrict line, size_t *restrict room, FILE *restrict f))
{
    struct actor *me = current();
    line_using(me, f, line, room, CALLER);
    return line_got(me, f, line, room, PARKED(me, "getline", -1, REAL(getline)(line, room, f)), CALLER);
}

INTERPOSE_NAMED(ssize_t, getdelim, (char **restrict line, size_t *restrict room, int end, FILE *restrict f))
{
    struct actor *me = current();
    line_using(me, f, line, room, CALLER);
    return line_got(me, f, line, room, PARKED(me, "getdelim", -1, REAL(getdelim)(line, room, end, f)), CALLER);
}

/* What the header's getline is compiled to. */
INTERPOSE_NAMED(ssize_t, __getdelim, (char **restrict line, size_t *restrict room, int end, FILE *restrict f))
{
    struct actor *me = current();
    line_using(me, f, line, room, CALLER);
    return line_got(me, f, line, room, PARKED(me, "getdelim", -1, REAL(__getdelim)(line, room, end, f)), CALLER);
}

/* ---- positions -------------------------------------------------------------------------------------------------- */

#define POSITION_TO(name, type) \
    INTERPOSE_NAMED(int, name, (FILE *restrict f, type *restrict to)) \
    { \
        struct actor *me = current(); \
        stream_using(me, f, CALLER); \
        int result = REAL(name)(f, to); \
        if (me && result == 0) \
            mem_write(me, to, sizeof *to, CALLER); \
        return result; \
    }

#define POSITION_FROM(name, type) \
    INTERPOSE_NAMED(int, name, (FILE * f, const type *from)) \
    { \
        struct actor *me = current(); \
        stream_using(me, f, CALLER); \
        if (me) \
            mem_read(me, from, sizeof *from, CALLER); \
        return REAL(name)(f, from); \
    }

POSITION_TO(fgetpos, fpos_t)
POSITION_TO(fgetpos64, fpos64_t)
POSITION_FROM(fsetpos, fpos_t)
POSITION_FROM(fsetpos64, fpos64_t)
