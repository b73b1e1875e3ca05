/* goro_dump is in goro.h. */
#ifndef RT_DUMP_H
#define RT_DUMP_H

#include <stdint.h>

#include "hidden.h"
#include "out.h"

struct rt_g;

/* By enum rt_reason. Not static, or a compiler stores it in a form that debuggers cannot read (tools/gdb/goro.py). */
extern RT_HIDDEN const char *const rt_reasons[];
/* "goroutine 7 "name" [chan receive 0x.., 3.2 s]: f started at x.c:12 by goroutine 1" */
void rt_dump_line(struct rt_out *out, const struct rt_g *g);
/* One line of counts, as Go's GODEBUG=schedtrace. */
void rt_schedtrace(int64_t since_start);

#endif
