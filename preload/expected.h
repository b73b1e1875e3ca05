/* Races that a test says have to come (GORACE_EXPECT_RACE). */
#ifndef GORACE_EXPECTED_H
#define GORACE_EXPECTED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../detector/outbuf.h"

/* `text` is copied. */
void expected_add(uintptr_t addr, size_t size, const char *text);
/* Whether a race on these bytes is expected; counts it. Any thread. */
bool expected_met(uintptr_t addr, size_t size);
/* How often those on the bytes that begin at addr have come. */
uint64_t expected_count(uintptr_t addr);
bool expected_any(void);
/* A line for each that has not come; returns how many. */
int expected_missed(struct outbuf *o);
/* In the child of fork: what is to come is its parent's. */
void expected_forked(void);

#endif
