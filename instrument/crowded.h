/* Code that finds out whether an access is covered by what its granule has in a spill block, where the check does not look. */
#ifndef GORACE_INSTRUMENT_CROWDED_H
#define GORACE_INSTRUMENT_CROWDED_H

#include "covered.h"

/* What the code reads, near it. */
struct crowded_constants {
    uint64_t classes, spills;
};
void crowded_begin(struct crowded_constants *k);

/* Goes on if it is worth looking: b = the granule of the address in a. The flags are lost. */
void crowded_find(struct code *c, unsigned b, unsigned a, struct covered_jumps *fails);
/* Goes on if the access at the address in a of 1 << log2size bytes, at most 8 and in one granule, is covered so. r[0]: from crowded_find.
 * The registers r, which are not a, and the flags are lost. */
void crowded_write(struct code *c, const unsigned r[4], unsigned a, unsigned log2size, bool writes, bool wide,
                   const struct crowded_constants *k, struct covered_jumps *fails);

#endif
