/* The file of `record=`, for who writes it (record.c) and who reads it (tools/gorace). docs/trace.md says it in full.
 *
 * As the watched process writes it: a head of TRACE_HEAD bytes, then chunks of TRACE_CHUNK bytes. As `gorace run` keeps
 * it: frames of zstd, each of which holds one `struct trace_head` or one chunk, cut off behind its last event. All numbers have
 * the byte order of the machine. */
#ifndef GORACE_TRACE_FORMAT_H
#define GORACE_TRACE_FORMAT_H

#include <stdint.h>

#define TRACE_VERSION 1u
#define TRACE_HEAD 4096u
#define TRACE_CHUNK 65536u
/* "GORTRACE" and "GORCHUNK" as they stand in the file. */
#define TRACE_HEAD_MAGIC UINT64_C(0x4543415254524f47)
#define TRACE_CHUNK_MAGIC UINT64_C(0x4b4e554843524f47)

/* The processor's time stamp counter and CLOCK_MONOTONIC in ns, read at one moment. */
struct trace_clock {
    uint64_t ticks, ns;
};

struct trace_head {
    uint64_t magic;
    uint32_t version, pid;
    uint32_t chunks; /* begun so far; atomic */
    uint32_t stopped; /* errno of what stopped the recording, 0: nothing did; atomic */
    struct trace_clock first, last;
};

struct trace_chunk {
    uint64_t magic;
    uint32_t pid;
    uint32_t number; /* counts from 0 in its process */
    uint32_t used;   /* bytes of events behind this; atomic, grows after each event is whole */
    uint32_t full;   /* nothing will be added; atomic */
    uint64_t sequence; /* the one before that of the first event */
    uint64_t ticks;
    uint64_t process; /* first.ticks of its head: a number of a process may come again, after exec for one */
    uint64_t spare[2];
};

/* An event: a byte of kind and flags, then these numbers in LEB128 (7 bits a byte, the lowest first); `signed` ones are
 * zigzag-coded. "before" is the event before in the chunk, or 0; sequence and ticks begin with those of the chunk's head.
 *   sequence - before; ticks - before; actor (not with TRACE_SAME_ACTOR); object - before, signed; value;
 *   pc - before, signed (only with TRACE_PC); NAME and MODULE: bytes of text, and the text. */
enum {
    TRACE_KIND = 31,
    TRACE_SAME_ACTOR = 32,
    TRACE_PC = 64
};

#define EVENT(name, text, object, value) TRACE_##name,
enum trace_kind {
#include "trace_events.def"
    TRACE_KINDS
};
#undef EVENT
_Static_assert(TRACE_KINDS <= TRACE_KIND + 1, "the kind has five bits");

#endif
