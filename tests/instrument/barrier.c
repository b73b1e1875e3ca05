/* See barrier.h. */
#include "../support/barrier.h"

void unseen_wait(struct barrier *b, unsigned n);
void unseen_step(struct schedule *s, int k);
void unseen_await(struct schedule *s, int k);

void unseen_wait(struct barrier *b, unsigned n)
{
    barrier_wait(b, n);
}

void unseen_step(struct schedule *s, int k)
{
    step(s, k);
}

void unseen_await(struct schedule *s, int k)
{
    await(s, k);
}
