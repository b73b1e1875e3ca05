#include "out.h"

#include <string.h>

#include "os.h"
#include "rt.h"

static void put(struct rt_out *out, char c)
{
    if (out->used == sizeof out->text)
        rt_out_flush(out);
    out->text[out->used++] = c;
}

void rt_out_flush(struct rt_out *out)
{
    rt_write(out->fd, out->text, out->used);
    out->used = 0;
}

void rt_out_text(struct rt_out *out, const char *text)
{
    while (text && *text)
        put(out, *text++);
}

static void digits(struct rt_out *out, uint64_t number, unsigned base)
{
    char text[24];
    int i = sizeof text - 1;
    text[i] = '\0';
    do
        text[--i] = "0123456789abcdef"[number % base];
    while (number /= base);
    rt_out_text(out, text + i);
}

void rt_out_number(struct rt_out *out, int64_t number)
{
    if (number < 0)
        put(out, '-');
    digits(out, number < 0 ? -(uint64_t)number : (uint64_t)number, 10);
}

void rt_out_hex(struct rt_out *out, uint64_t number)
{
    rt_out_text(out, "0x");
    digits(out, number, 16);
}

static void duration(struct rt_out *out, int64_t ns)
{
    if (ns < GORO_SECOND) {
        rt_out_number(out, ns / GORO_MILLISECOND);
        rt_out_text(out, " ms");
        return;
    }
    rt_out_number(out, ns / GORO_SECOND);
    put(out, '.');
    rt_out_number(out, ns % GORO_SECOND / (GORO_SECOND / 10));
    rt_out_text(out, " s");
}

void rt_out_format(struct rt_out *out, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    for (; *format; format++) {
        if (*format != '%') {
            put(out, *format);
            continue;
        }
        format++;
        bool wide = *format == 'l' || *format == 'z';
        format += wide;
        switch (*format) {
        case 's':
            rt_out_text(out, va_arg(arguments, const char *));
            break;
        case 'd':
            rt_out_number(out, wide ? va_arg(arguments, long) : va_arg(arguments, int));
            break;
        case 'u':
            digits(out, wide ? va_arg(arguments, unsigned long) : va_arg(arguments, unsigned), 10);
            break;
        case 'p':
            rt_out_hex(out, (uint64_t)va_arg(arguments, const void *));
            break;
        case 'T':
            duration(out, va_arg(arguments, int64_t));
            break;
        default:
            put(out, *format);
        }
    }
    va_end(arguments);
}
