/* See record_keep.h.
 *
 * A chunk that is full becomes a frame of zstd and is given back to the disk; what is not full is taken at the end. So
 * at each moment the file is a trace, and what is not in it yet is in the folder, also when the launcher is killed. The
 * heads come last as well as first: the first so that chunks are known, the last with the clock at the end. */
#include "record_keep.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zstd.h>

#include "command.h"
#include "trace_format.h"

#define POLL_MS 20
#define LEVEL 3

struct source {
    char *path;
    int fd;
    bool *taken; /* by chunk: it is in the file */
    uint32_t n;  /* of taken */
    bool known;  /* its head is in the file */
};

struct keeper {
    const char *folder;
    int to;
    bool failed; /* said once */
    ZSTD_CCtx *zstd;
    struct source *sources;
    size_t n;
};

static void append(struct keeper *k, const void *bytes, size_t n)
{
    static char frame[ZSTD_COMPRESSBOUND(TRACE_CHUNK)];
    size_t size = ZSTD_compressCCtx(k->zstd, frame, sizeof frame, bytes, n, LEVEL);
    if (ZSTD_isError(size))
        die("%s", ZSTD_getErrorName(size));
    for (size_t at = 0; at < size && !k->failed;) {
        ssize_t written = write(k->to, frame + at, size - at);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0) {
            warn_user("the trace cannot be written: %s", strerror(errno));
            k->failed = true;
            break;
        }
        at += (size_t)written;
    }
}

/* A file that is being made has no head yet. */
static bool head_of(const struct source *s, struct trace_head *h)
{
    return pread(s->fd, h, sizeof *h, 0) == sizeof *h && h->magic == TRACE_HEAD_MAGIC;
}

static void take_chunks(struct keeper *k, struct source *s, uint32_t chunks, bool all)
{
    static char chunk[TRACE_CHUNK];
    for (uint32_t i = 0; i < chunks; i++) {
        struct trace_chunk c;
        off_t at = TRACE_HEAD + (off_t)i * TRACE_CHUNK;
        if (i == s->n) {
            s->taken = must_grow(s->taken, ++s->n * sizeof *s->taken);
            s->taken[i] = false;
        }
        if (s->taken[i] || pread(s->fd, &c, sizeof c, at) != sizeof c || c.magic != TRACE_CHUNK_MAGIC ||
            (!c.full && !all) || c.used > TRACE_CHUNK - sizeof c)
            continue;
        ssize_t n = (ssize_t)(sizeof c + c.used);
        if (pread(s->fd, chunk, (size_t)n, at) != n)
            continue;
        append(k, chunk, (size_t)n);
        s->taken[i] = true;
        fallocate(s->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at, TRACE_CHUNK);
    }
}

static void take(struct keeper *k, struct source *s, bool all)
{
    struct trace_head h;
    if (!head_of(s, &h))
        return;
    if (!s->known)
        append(k, &h, sizeof h);
    s->known = true;
    take_chunks(k, s, h.chunks, all);
    if (all)
        append(k, &h, sizeof h);
}

static void look_for_sources(struct keeper *k)
{
    DIR *folder = opendir(k->folder);
    struct dirent *entry;
    while (folder && (entry = readdir(folder))) {
        char *path = must_format("%s%s", k->folder, entry->d_name);
        bool known = entry->d_name[0] == '.';
        for (size_t i = 0; i < k->n && !known; i++)
            known = !strcmp(k->sources[i].path, path);
        int fd = known ? -1 : open(path, O_RDWR | O_CLOEXEC);
        if (fd < 0) {
            free(path);
            continue;
        }
        k->sources = must_grow(k->sources, (k->n + 1) * sizeof *k->sources);
        k->sources[k->n++] = (struct source){.path = path, .fd = fd};
    }
    if (folder)
        closedir(folder);
}

static void keep(const char *folder, int to, int stop)
{
    struct keeper k = {.folder = folder, .to = to, .zstd = ZSTD_createCCtx()};
    struct pollfd p = {.fd = stop, .events = POLLIN};
    bool last;
    if (!k.zstd)
        die("no memory");
    do {
        last = poll(&p, 1, POLL_MS) > 0;
        look_for_sources(&k);
        for (size_t i = 0; i < k.n; i++)
            take(&k, &k.sources[i], last);
    } while (!last);
    for (size_t i = 0; i < k.n && !k.failed; i++)
        unlink(k.sources[i].path);
    _exit(0);
}

struct record_keeper record_keep_begin(const char *file)
{
    int to = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666), ends[2];
    if (to < 0)
        die("%s: %s", file, strerror(errno));
    /* Beside the file: there is room for the one where there is for the other. */
    struct record_keeper k = {.folder = must_format("%s.XXXXXX", file)};
    if (!mkdtemp(k.folder) || pipe2(ends, O_CLOEXEC) < 0)
        die("%s: %s", k.folder, strerror(errno));
    char *folder = must_format("%s/", k.folder);
    free(k.folder);
    k.folder = realpath(folder, NULL);
    free(folder);
    if (!k.folder)
        die("%s: %s", file, strerror(errno));
    k.folder = must_grow(k.folder, strlen(k.folder) + 2);
    strcat(k.folder, "/");
    k.keeper = fork();
    if (k.keeper < 0)
        die("fork: %m");
    if (k.keeper == 0) {
        /* Ends by `stop` only: what a terminal sends to all is for the program. */
        sigset_t all;
        sigfillset(&all);
        sigprocmask(SIG_BLOCK, &all, NULL);
        close(ends[1]);
        keep(k.folder, to, ends[0]);
    }
    close(ends[0]);
    close(to);
    k.stop = ends[1];
    return k;
}

void record_keep_end(struct record_keeper *k)
{
    close(k->stop);
    while (waitpid(k->keeper, NULL, 0) < 0 && errno == EINTR)
        continue;
    rmdir(k->folder);
    free(k->folder);
}
