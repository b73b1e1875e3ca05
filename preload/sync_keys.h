/* Sync objects that are no address: bit 63 set, bits 61 and 62 clear, a kind, a number. */
#ifndef GORACE_SYNC_KEYS_H
#define GORACE_SYNC_KEYS_H

#include <stdint.h>

enum sync_kind { SYNC_SIGNAL = 1, SYNC_BARRIER_ROUND, SYNC_DEPEND_OUT, SYNC_DEPEND_IN };

static inline uint64_t sync_key(enum sync_kind kind, uint64_t number)
{
    return UINT64_C(1) << 63 | (uint64_t)kind << 56 | number;
}

#endif
