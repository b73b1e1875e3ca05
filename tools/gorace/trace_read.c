/* See trace_read.h. A file may have been cut off anywhere, by a crash or a full disk: what is whole in it is used. */
#include "trace_read.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "command.h"

static const char *const texts[] = {
#define EVENT(name, text, object, value) text,
#include "trace_events.def"
#undef EVENT
};

const char *trace_kind_text(uint32_t kind)
{
    return kind < TRACE_KINDS ? texts[kind] : "?";
}

uint64_t trace_time(const struct trace_process *p, const struct trace_event *e)
{
    if (e->ticks <= p->first.ticks || p->last.ticks <= p->first.ticks)
        return 0;
    double ns = (double)(p->last.ns - p->first.ns) / (double)(p->last.ticks - p->first.ticks);
    return (uint64_t)((double)(e->ticks - p->first.ticks) * ns);
}

static struct trace_process *process_of(struct trace *t, uint32_t pid, uint64_t first_ticks)
{
    for (size_t i = t->n; i-- > 0;)
        if (t->processes[i].pid == pid && t->processes[i].first.ticks == first_ticks)
            return &t->processes[i];
    return NULL;
}

static void add_head(struct trace *t, const struct trace_head *h)
{
    if (h->version != TRACE_VERSION)
        die("a trace of version %u; this launcher knows version %u", h->version, TRACE_VERSION);
    struct trace_process *p =
        process_of(t, h->pid, h->first.ticks); /* a head stands there as it began and as it ended */
    if (!p) {
        t->processes = must_grow(t->processes, (t->n + 1) * sizeof *t->processes);
        p = &t->processes[t->n++];
        *p = (struct trace_process){.pid = h->pid};
    }
    p->first = h->first;
    p->last = h->last;
    p->stopped = h->stopped;
}

/* ---- one chunk ----------------------------------------------------------------------------------------------------- */

struct bytes {
    const unsigned char *at, *end;
    bool bad; /* a number went over the end, or a text */
};

static uint64_t get(struct bytes *b)
{
    uint64_t n = 0;
    for (unsigned shift = 0; b->at < b->end && shift < 64; shift += 7) {
        unsigned char c = *b->at++;
        n |= (uint64_t)(c & 127) << shift;
        if (!(c & 128))
            return n;
    }
    b->bad = true;
    return 0;
}

static uint64_t get_signed(struct bytes *b)
{
    uint64_t n = get(b);
    return n >> 1 ^ (0 - (n & 1));
}

static char *get_text(struct bytes *b)
{
    uint64_t length = get(b);
    if (length > (uint64_t)(b->end - b->at)) {
        b->bad = true;
        return NULL;
    }
    char *text = must_format("%.*s", (int)length, (const char *)b->at);
    b->at += length;
    return text;
}

static void add_event(struct trace_process *p, const struct trace_event *e)
{
    if (p->n == p->room) {
        p->room = p->room ? 2 * p->room : 1024;
        p->events = must_grow(p->events, p->room * sizeof *p->events);
    }
    p->events[p->n++] = *e;
}

static bool add_chunk(struct trace *t, const struct trace_chunk *c, const unsigned char *events, size_t used)
{
    struct trace_process *p = process_of(t, c->pid, c->process);
    struct trace_event e = {.sequence = c->sequence, .ticks = c->ticks};
    struct bytes b = {events, events + used, false};
    if (!p)
        return false;
    p->chunks++;
    while (b.at < b.end) {
        unsigned char first = *b.at++;
        e.kind = first & TRACE_KIND;
        e.sequence += get(&b);
        e.ticks += get(&b);
        if (!(first & TRACE_SAME_ACTOR))
            e.actor = get(&b);
        e.object += get_signed(&b);
        e.value = get(&b);
        if (first & TRACE_PC)
            e.pc += get_signed(&b);
        struct trace_event done = e;
        if (!(first & TRACE_PC))
            done.pc = 0;
        done.text = e.kind == TRACE_NAME || e.kind == TRACE_MODULE ? get_text(&b) : NULL;
        if (b.bad)
            return false;
        add_event(p, &done);
    }
    return true;
}

/* ---- the file ------------------------------------------------------------------------------------------------------ */

struct decoded {
    unsigned char *bytes;
    size_t n;
    bool cut;
};

static struct decoded read_whole(const char *name)
{
    struct decoded d = {0};
    size_t room = 0, got;
    FILE *file = fopen(name, "r");
    do {
        if (d.n == room)
            d.bytes = must_grow(d.bytes, room = 2 * room + 65536);
        got = file ? fread(d.bytes + d.n, 1, room - d.n, file) : 0;
        d.n += got;
    } while (got);
    if (!file || ferror(file))
        die("%s: %s", name, strerror(errno));
    fclose(file);
    return d;
}

static struct decoded decompress(const unsigned char *bytes, size_t n)
{
    struct decoded d = {0};
    size_t room = 0, result = 0;
    ZSTD_DStream *stream = ZSTD_createDStream();
    ZSTD_inBuffer in = {bytes, n, 0};
    if (!stream)
        die("no memory");
    while (in.pos < in.size) {
        if (d.n + ZSTD_DStreamOutSize() > room) {
            room = 2 * room + 4 * ZSTD_DStreamOutSize();
            d.bytes = must_grow(d.bytes, room);
        }
        ZSTD_outBuffer out = {d.bytes, room, d.n};
        result = ZSTD_decompressStream(stream, &out, &in);
        d.n = out.pos;
        if (ZSTD_isError(result))
            break;
    }
    d.cut = result != 0;
    ZSTD_freeDStream(stream);
    return d;
}

static uint64_t magic_at(const unsigned char *bytes, size_t n, size_t at)
{
    uint64_t magic = 0;
    if (n - at >= sizeof magic)
        memcpy(&magic, bytes + at, sizeof magic);
    return magic;
}

/* packed: without the gaps that a file has in which the process itself has written. */
static void add_all(struct trace *t, const unsigned char *bytes, size_t n, bool packed)
{
    size_t at = 0;
    while (at < n) {
        uint64_t magic = magic_at(bytes, n, at);
        size_t left = n - at;
        if (magic == TRACE_HEAD_MAGIC && left >= sizeof(struct trace_head)) {
            struct trace_head h;
            memcpy(&h, bytes + at, sizeof h);
            add_head(t, &h);
            at += packed ? sizeof h : TRACE_HEAD;
        } else if (magic == TRACE_CHUNK_MAGIC && left >= sizeof(struct trace_chunk)) {
            struct trace_chunk c;
            memcpy(&c, bytes + at, sizeof c);
            size_t used = c.used;
            if (used > left - sizeof c) {
                used = left - sizeof c;
                t->cut = true;
            }
            t->cut |= !add_chunk(t, &c, bytes + at + sizeof c, used);
            at += packed ? sizeof c + used : TRACE_CHUNK;
        } else {
            /* A chunk that was begun when the process died has no head yet. */
            t->cut |= packed;
            at += packed ? left : TRACE_CHUNK;
        }
    }
}

static int by_sequence(const void *a, const void *b)
{
    const struct trace_event *l = a, *r = b;
    return l->sequence < r->sequence ? -1 : l->sequence > r->sequence;
}

static int by_beginning(const void *a, const void *b)
{
    const struct trace_process *l = a, *r = b;
    return l->first.ns < r->first.ns ? -1 : l->first.ns > r->first.ns;
}

struct trace trace_read(const char *file)
{
    struct trace t = {0};
    struct decoded whole = read_whole(file);
    if (magic_at(whole.bytes, whole.n, 0) == TRACE_HEAD_MAGIC) {
        add_all(&t, whole.bytes, whole.n, false);
    } else {
        struct decoded d = decompress(whole.bytes, whole.n);
        t.cut = d.cut;
        if (magic_at(d.bytes, d.n, 0) == TRACE_HEAD_MAGIC)
            add_all(&t, d.bytes, d.n, true);
        free(d.bytes);
    }
    free(whole.bytes);
    if (t.n == 0)
        die("%s: not a trace, or nothing of it is whole", file);
    qsort(t.processes, t.n, sizeof *t.processes, by_beginning);
    for (size_t i = 0; i < t.n; i++)
        if (t.processes[i].n)
            qsort(t.processes[i].events, t.processes[i].n, sizeof *t.processes[i].events, by_sequence);
    return t;
}

void trace_free(struct trace *t)
{
    for (size_t i = 0; i < t->n; i++) {
        for (size_t k = 0; k < t->processes[i].n; k++)
            free((char *)t->processes[i].events[k].text);
        free(t->processes[i].events);
    }
    free(t->processes);
}
