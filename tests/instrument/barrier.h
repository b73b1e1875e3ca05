/* The invisible barrier (tests/support/barrier.h) for programs without hooks: its functions are in an object of their own,
 * without .eh_frame, so instrument=1 finds no function there and leaves the code as it is. */
#ifndef GORACE_TESTS_INSTRUMENT_BARRIER_H
#define GORACE_TESTS_INSTRUMENT_BARRIER_H

#ifdef __cplusplus
extern "C" {
#endif

struct barrier {
    unsigned arrived;
    unsigned round;
};
struct schedule {
    int done;
};
void unseen_wait(struct barrier *b, unsigned n);
void unseen_step(struct schedule *s, int k);
void unseen_await(struct schedule *s, int k);
#define barrier_wait unseen_wait
#define step unseen_step
#define await unseen_await

#ifdef __cplusplus
}
#endif

#endif
