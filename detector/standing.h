/* Reads that are renewed where they stand.
 *
 * What several actors read in each of their epochs - a length, a table, a flag - is changed by each of these reads, if the granule has to
 * say the epoch: its line goes from processor to processor, and nobody writes the program's memory. So such a read becomes a standing one:
 * a cell as others, whose stamp only the reader knows by number, and with META_STANDS in it. To read the same bytes again in a later epoch,
 * the reader writes the new epoch, stack and lock set into the stamp, which nobody else looks at, and the granule stays as it is.
 *
 *   reader:  the cell is there; the stamp from what it was, with META_STANDS, to what it is now, by compare-and-swap; if that fails, by the
 *            usual way
 *   others:  hold the granule (history_hold), take META_STANDS away from all of its stamps, and then look at them
 *
 * Thus a stamp does not change any more once somebody looks at it, and who does sees the last read; and as long as it stands nobody but
 * other standing reads has come to the granule, so the reader knows what it knew of it. (FastTrack's read vector, in lines of the readers'
 * own.)
 *
 * A granule with standing reads has a link to a headed block with SPILL_STANDS. They are made in shared pages only (owner.h), which stay
 * so until a collection, and a collection makes ordinary reads of them.
 *
 * To stand costs a hold and a number, and reads of the same epoch take the longer way: who gains nothing by it stops it (`debt`, `gain`).
 * To look whether a read stands costs a line of the table: whose reads mostly do not rests from it for long (`rest`); without that
 * sqlite3 with four threads took 1.1 of the time that it takes without standing reads.
 *
 * Guards: the table (stocks.standings) is the actor's who has the stocks; collections empty it. */
#ifndef GORACE_STANDING_H
#define GORACE_STANDING_H

#include "actor.h"

/* The read of the bytes in `what` by `a`, which is inside, in granule g of a shared page. True: it is remembered. False: it takes the usual
 * way. */
bool standing_read(struct actor *a, union granule *g, uint32_t what, uintptr_t pc);

#endif
