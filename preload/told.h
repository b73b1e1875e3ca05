/* What a program says by hand of its own synchronisation, whatever the tool is whose words it uses: those of <sanitizer/tsan_interface.h>
 * (tsan_interface.c), the dynamic annotations (dynamic_annotations.c), gorace's own (annotate.c). All for the calling thread; nothing
 * when the detector does not run.
 *
 * A lock's clocks are those of a pthread_rwlock_t: writers' releases at its address, readers' at the next key. */
#ifndef GORACE_TOLD_H
#define GORACE_TOLD_H

#include <stdbool.h>
#include <stdint.h>

#define HOOK(type, name, params) \
    EXPORT type name params; \
    type name params
#define NOTHING(name, params) \
    HOOK(void, name, params) \
    { \
    }

void told_release(const volatile void *addr); /* what others have released there stays */
void told_acquire(const volatile void *addr);
void told_taken(const volatile void *lock, bool exclusive, uintptr_t pc);
void told_given(const volatile void *lock, bool exclusive);
void told_destroyed(const volatile void *lock);
/* All that the thread does, until the end; they nest. */
void told_ignore(bool begin);
/* Its reads, its writes: 1 begins, -1 ends. */
void told_ignore_reads(int delta);
void told_ignore_writes(int delta);
/* Nobody has accessed it yet. */
void told_new_memory(const volatile void *addr, unsigned long size);
/* NULL: nothing. */
void told_thread_name(const char *name);

#endif
