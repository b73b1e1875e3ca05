/* Goroutines of the patterns. */
#ifndef GOROUTINE_H
#define GOROUTINE_H

#include "pattern.h"
#include "waiting.h"
#include <goro/goro.h>

/* The same as await of barrier.h, for goroutines: others run meanwhile. Makes no edge. */
void await_step(struct schedule *s, int k);
/* Returns when `n` goroutines have called it; makes no edge. */
void rendezvous(int n);
/* goro_go that ends the process when it fails. */
#define must_go(f, ...) (goro_go(f, ##__VA_ARGS__) ? pattern_fail("goro_go") : (void)0)

#endif
