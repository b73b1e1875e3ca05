/* Misuse and what cannot go on: message, goroutines, abort. Only one of several at once prints. */
#include "panic.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "det.h"
#include "os.h"
#include "sched.h"
#include "trace.h"
#include "worker.h"

static void say(const char *kind, const char *format, va_list arguments)
{
    static uint32_t one;
    char text[1024];
    if (__atomic_exchange_n(&one, 1, __ATOMIC_SEQ_CST))
        for (;;) /* also one that another thread has to stop: it may */
            pause();
    int size = snprintf(text, sizeof text - 1, "%s: ", kind);
    size += vsnprintf(text + size, sizeof text - 1 - (size_t)size, format, arguments);
    if (size > (int)sizeof text - 2)
        size = (int)sizeof text - 2;
    text[size] = '\0';
    if (RT_STEERED)
        rt_det_panics(text);
    text[size++] = '\n';
    rt_write(2, text, (size_t)size);
}

void rt_fatal(const char *format, ...)
{
    va_list arguments;
    rt_enter();
    va_start(arguments, format);
    say("fatal error", format, arguments);
    va_end(arguments);
    rt_trace_all(2);
    abort();
}

void goro_panic(const char *format, ...)
{
    va_list arguments;
    rt_enter();
    va_start(arguments, format);
    say("panic", format, arguments);
    va_end(arguments);
    rt_trace_all(2);
    abort();
}

struct rt_g *rt_no_goroutine(const char *name)
{
    struct rt_m *m = rt_this_m();
    if (!rt_self() && m && __atomic_load_n(&m->fate, __ATOMIC_RELAXED) == RT_M_ABANDONED)
        rt_m_abandon(m);
    goro_panic("%s outside of a goroutine", name);
}
