/* Ends of the process. goro_panic is in goro.h. */
#ifndef RT_PANIC_H
#define RT_PANIC_H

/* The runtime itself cannot go on: message and abort. */
void rt_fatal(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

#endif
