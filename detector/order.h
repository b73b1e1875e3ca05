/* The order that every schedule of the program has, as clocks of their own beside those of the races: they leave out the
 * order in which locks were taken. See lock_order.h. */
#ifndef GORACE_ORDER_H
#define GORACE_ORDER_H

#include "actor.h"
#include "sync.h"

/* With the object held, by an actor that is inside. */
void order_into(struct actor *a, const struct sync *s); /* acquire */
void order_out(struct actor *a, struct sync *s);        /* release; what is there is kept */
/* What `a` knows, its own past included. A new epoch begins. */
const struct vclock *order_publish(struct actor *a);
void order_learn(struct actor *a, const struct vclock *c);

#endif
