/* Handlers of fork that libc itself runs, whatever the program has in place of pthread_atfork.
 *
 * Firefox defines __register_atfork and runs what it was given around its own calls of clone. Ours would be run twice
 * then, as the wrapper of clone does the same (wrap_process.c), and the second time waits for a lock that the first one
 * holds. */
#ifndef GORACE_AT_FORK_H
#define GORACE_AT_FORK_H

/* As pthread_atfork; without an answer, as what little memory it takes is there at the start of a process. */
void at_fork(void (*prepare)(void), void (*parent)(void), void (*child)(void));

#endif
