/* Text on its way out: a buffer that grows by mmap, so that a report of any length leaves in one write(2) and reports
 * of several processes on one stderr do not mix. No malloc, no stdio.
 *
 * When there is no memory to grow, what is there is flushed to the descriptor and the buffer starts again. */
#ifndef GORACE_OUTBUF_H
#define GORACE_OUTBUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct outbuf {
    char *data;
    size_t used, size;
    int fd; /* where it is flushed to; -1 drops what does not fit */
    int error; /* errno of the write that failed, EFBIG for what was dropped; 0: all has arrived */
    char small[512]; /* used until the first growth: short lines map nothing */
};

void outbuf_open(struct outbuf *o, int fd);
void outbuf_flush(struct outbuf *o); /* writes everything, whatever signals and non-blocking descriptors do */
void outbuf_close(struct outbuf *o); /* flushes and gives the memory back */

void outbuf_bytes(struct outbuf *o, const char *bytes, size_t n);
void outbuf_str(struct outbuf *o, const char *s);
void outbuf_char(struct outbuf *o, char c);

/* %s %c %d %u %x with the length modifiers l and z, field width, and %%. */
void outbuf_format(struct outbuf *o, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A name that the program chose: control characters become '?', so that it cannot forge lines. */
void outbuf_name(struct outbuf *o, const char *name);
/* A JSON string with its quotes; bytes that are no UTF-8 become U+FFFD. */
void outbuf_json(struct outbuf *o, const char *s);

#endif
