/* See reading.h. */
#include "reading.h"

struct reading reading;

static uint32_t read_all(const uint8_t *bytes, uintptr_t start, uint32_t size, const char **why)
{
    uint32_t n = 0;
    for (uint32_t at = 0; at < size; at += reading.insns[n++].length) {
        if (n == READING_MOST) {
            *why = "it is too large";
            return 0;
        }
        const unsigned rest = size - at < 15 ? size - at : 15;
        if (!decode(bytes + at, rest, start + at, &reading.insns[n])) {
            *why = "it is not code that the decoder knows";
            return 0;
        }
    }
    return n;
}

static int32_t insn_at(uint32_t n, uintptr_t at)
{
    uint32_t lo = 0, hi = n;
    while (lo < hi) {
        const uint32_t mid = (lo + hi) / 2;
        if (reading.insns[mid].at < at)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < n && reading.insns[lo].at == at ? (int32_t)lo : -1;
}

static bool find_targets(uintptr_t start, uint32_t size, uint32_t n)
{
    for (uint32_t k = 0; k < n; k++) {
        const uintptr_t target = reading.insns[k].target;
        reading.targets[k] = -1;
        if (!target || target - start >= size)
            continue;
        reading.targets[k] = insn_at(n, target);
        if (reading.targets[k] < 0)
            return false;
    }
    return true;
}

uint32_t reading_make(const uint8_t *bytes, uintptr_t start, uint32_t size, const char **why)
{
    const uint32_t n = read_all(bytes, start, size, why);
    if (n && !find_targets(start, size, n)) {
        *why = "it jumps into the middle of an instruction";
        return 0;
    }
    live_find(reading.insns, reading.targets, n, reading.lives);
    return n;
}
