/* The operations of a schedule that passed, as a record has them, and what orders them: for predict.c. */
#ifndef RT_HISTORY_H
#define RT_HISTORY_H

#include "ops.h"
#include "schedule.h"

enum { RT_NONE = -1 };

#define RT_BIT(op) (UINT64_C(1) << RT_OP_##op)
#define RT_SENDS (RT_BIT(CHAN_SEND) | RT_BIT(QUEUE_PUSH))
#define RT_RECEIVES (RT_BIT(CHAN_RECV) | RT_BIT(QUEUE_POP))

struct rt_event { /* an operation; others are given by their place in the log, or RT_NONE */
    int before, after; /* of the same task */
    int chain_before, chain_after; /* of the same task on the same object */
    int owned, sends, receives;    /* by the task on the object until then; owned: taken minus given up */
    int message;   /* a send's or receive's number on its object, from 1 */
    int next_send; /* on the same object */
    int partner;   /* what a receive has got */
    uint32_t gates, gate_count; /* in `gates`: objects that the task holds locked for writing */
};

struct rt_chain { /* the operations of a task on an object */
    uint32_t task;
    int first, last;
    int owned, sends, receives;
    int next; /* chain of the same object */
};

struct rt_history_object {
    int chains; /* the first one's number */
    int first_send, last_send, unread /* the first that is not matched */, close;
    int sends, receives;
    bool tried; /* by operations that may have done nothing */
};

struct rt_history {
    const struct rt_record *record;
    const struct rt_record_operation *at;
    int n;
    uint32_t tasks;
    struct rt_event *events;
    int *begins, *latest; /* of each task: its first and last operation */
    struct rt_chain *chains;
    int chain_count;
    struct rt_history_object *objects;
    uint32_t *clocks; /* n x tasks: 1 + the last operation of the task that is before this one in every schedule like this */
    uint32_t *gates;
    uint32_t gate_count, gate_room;
};

/* false: there are less than two tasks; nothing is to be closed. Ends the process without memory. */
bool rt_history_open(struct rt_history *h, const struct rt_record *r);
void rt_history_close(struct rt_history *h);
/* One is before the other in every schedule in which the messages are the same. */
bool rt_history_ordered(const struct rt_history *h, int one, int other);
/* Both tasks hold the same lock there. */
bool rt_history_excluded(const struct rt_history *h, int one, int other);
void *rt_history_zeros(size_t n, size_t size);

/* Which lock the task gives up while it waits there: the one that it took last. 0: none. */
uint32_t rt_history_gives_up(const struct rt_history *h, int i);

static inline bool rt_is(const struct rt_record_operation *o, uint64_t ops)
{
    return ops >> o->op & 1;
}

#endif
