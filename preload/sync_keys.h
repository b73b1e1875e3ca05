/* Sync objects that are no address: bit 63 set, bits 61 and 62 clear, a kind, a number. */
#ifndef GORACE_SYNC_KEYS_H
#define GORACE_SYNC_KEYS_H

#include <stdint.h>

enum sync_kind { SYNC_SIGNAL = 1, SYNC_BARRIER_ROUND, SYNC_DEPEND_OUT, SYNC_DEPEND_IN, SYNC_CHILDREN, SYNC_LIBC_THREADS };

static inline uint64_t sync_key(enum sync_kind kind, uint64_t number)
{
    return UINT64_C(1) << 63 | (uint64_t)kind << 56 | number;
}

/* Children of this process: what was done before one was made, or was sent a signal, is known to whoever waits for one (POSIX XBD
 * 4.12). For which of them is not told apart. */
static inline uint64_t children_key(void)
{
    return sync_key(SYNC_CHILDREN, 0);
}

/* Threads that libc makes by itself because somebody asked to be notified by one: each begins with the past of all who have asked. */
static inline uint64_t libc_threads_key(void)
{
    return sync_key(SYNC_LIBC_THREADS, 0);
}

#endif
