/* The trace of a run (`record=FILE`): what actors do at locks, waits, births and other meetings, and on request accesses (those
 * that the fast path does not know from before), in one order. Off, it costs a branch on a word that never changes, and the path of accesses nothing.
 *
 * Why it is written as it is. Events go, packed, straight into chunks of the file that are mapped shared: so what was
 * recorded is in the file when the process dies, however it dies, and recording is no system call, no lock and no
 * wait but once in 64 KiB. Compression happens in another process (`gorace run`, which takes chunks as they fill): in this one it
 * would need memory, stack and time in the middle of a lock, and a library. Rejected: a pipe to a helper (a full pipe holds up the
 * program; what is in a buffer of ours is lost when it dies), zstd with a workspace of ours (a goroutine's stack has no room,
 * and the actor that fills a chunk would pay for all).
 *
 * Invariants: an event's sequence number is drawn after what was obtained has been obtained, and before what is given up is given up,
 * so the order of numbers is one that the run can have had. A chunk is one OS thread's (its stocks') as long as that lives, and
 * then somebody else's: who acts is said in each event. Only actors that are inside of the core record.
 *
 * Guards: the list of chunks that threads have left, and the file: a lock here. A thread's chunk: the thread. */
#ifndef GORACE_RECORD_H
#define GORACE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "os.h"
#include "trace_format.h"

struct actor;
struct recorder; /* of one thread: its chunk */

extern HIDDEN bool record_on;     /* set before there is a second actor; cleared for good when the file cannot grow */
extern HIDDEN bool record_memory; /* accesses as well */

/* path: absolute, without %p; a name that ends in "/" is a folder: the file is PID.N there, with the first N that is free. What
 * stands in the file goes. Returns 0, or an errno: then nothing is recorded. */
int record_start(const char *path, bool accesses);
/* The clock is read once more: at the end of the process. */
void record_end(void);
/* In the child of a fork, whose only actor is `a`: a file of its own, named by path.PID, or in the same folder. */
void record_forked(struct actor *a);

void record_event(struct actor *a, enum trace_kind kind, uint64_t object, uint64_t value, uintptr_t pc);
void record_atomic(struct actor *a, uintptr_t addr, size_t size, bool write, uintptr_t pc);
/* From outside of the core. */
void record_access(struct actor *a, uintptr_t addr, size_t size, int access_kind, uintptr_t pc);
void record_delay(struct actor *a, uint32_t us, uint32_t point, uintptr_t pc);
void record_begins(struct actor *a, int tid);
void record_name(struct actor *a, uint64_t actor, uint64_t goroutine, const char *name);
void record_module(struct actor *a, uintptr_t lo, size_t size, const char *file);

/* The thread of actor `host` goes from one goroutine (NULL: none) to another. After the first was suspended it has no chunk, so
 * its part is told before; the other's after it was resumed. */
void record_parks(struct actor *a);
void record_runs(struct actor *a, const struct actor *host);

static inline void record(struct actor *a, enum trace_kind kind, uint64_t object, uint64_t value, uintptr_t pc)
{
    if (unlikely(record_on))
        record_event(a, kind, object, value, pc);
}

/* The thread has ended: its chunk is for the next one. NULL is allowed. */
void recorder_free(struct recorder *r);

#endif
