/* Text to a descriptor, without stdio and malloc: in signal handlers, and when everything else is broken. */
#ifndef RT_OUT_H
#define RT_OUT_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

struct rt_out {
    int fd;
    size_t used;
    char text[1000];
};

void rt_out_text(struct rt_out *out, const char *text); /* NULL: nothing */
void rt_out_number(struct rt_out *out, int64_t number);
void rt_out_hex(struct rt_out *out, uint64_t number);   /* with 0x */
/* %s %d %ld %lu %zu %p %% of printf, and %T: an int64_t duration in ns, as "3.2 s" or "15 ms". */
void rt_out_format(struct rt_out *out, const char *format, ...);
void rt_out_flush(struct rt_out *out);

#endif
