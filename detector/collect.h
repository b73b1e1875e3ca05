/* Collection: forgetting what cannot matter any more, with the world stopped. See collect.c. */
#ifndef GORACE_COLLECT_H
#define GORACE_COLLECT_H

#include "actor.h"

/* Called by an actor that is outside of the core. */
void collect(struct actor *a);
uint64_t collections(void);

#endif
