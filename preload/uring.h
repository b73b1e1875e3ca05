/* io_uring: what was done before an operation was submitted is known to whoever takes a completion of that ring. */
#ifndef GORACE_URING_H
#define GORACE_URING_H

#include <stddef.h>

#include "current.h"

/* The system calls, by number: before, and after with their results. */
void uring_before(struct actor *me, long number, const long *arguments);
void uring_after(struct actor *me, long number, const long *arguments, long result);
/* A mapping of any descriptor. */
void uring_mapped(struct actor *me, int fd, long offset, const void *at);

#endif
