/* Renewals of what is noted in an actor's table (lock_nesting.h), put off.
 *
 * What an occurrence's actor knew then is far away by the time that it is renewed, and so are the clocks that it knew before; where
 * there are thousands of pairs of locks, that is most of what a renewal costs. Nobody asks for it but the search for cycles. So the
 * actor keeps what it knows now, and the epoch, beside its table, and several are settled at once, with all that is far away asked for
 * together. A search settles those of all actors first.
 *
 * Guards: its lock, which its actor takes, and who holds the lock of the graph; inside of it that of the gates. The table does not
 * change but when nothing is put off. */
#ifndef GORACE_LOCK_RENEWAL_H
#define GORACE_LOCK_RENEWAL_H

#include "lock_nesting.h"

#define RENEWALS 16

struct renewals {
    struct oslock lock;
    unsigned n;
    struct renewal {
        struct nesting *of;
        uint64_t epoch;
        uint32_t learnt;                      /* the actor's then */
        struct vclock order, flow, meanwhile; /* as in struct gates */
    } at[RENEWALS];
};

/* `k`, of the actor's table, was taken again now, in this epoch. */
void renewal_put(struct actor *a, struct nesting *k, uint64_t epoch);
/* The rest under the lock of the graph. All that are put off of a table, which may be NULL; of all actors; and there will be none. */
void renewals_settle(struct nestings *t, struct vclock_stock *stock);
void renewals_settle_all(struct vclock_stock *stock);
void renewals_end(struct nestings *t);

#endif
