/* See outbuf.h. */
#include "outbuf.h"

#include <errno.h>

#include "os.h"
#include "report_sys.h"

void outbuf_open(struct outbuf *o, int fd)
{
    o->data = o->small;
    o->used = 0;
    o->size = sizeof o->small;
    o->fd = fd;
    o->error = 0;
}

void outbuf_flush(struct outbuf *o)
{
    size_t done = 0;
    while (done < o->used && o->fd >= 0) {
        long n = sys_write(o->fd, o->data + done, o->used - done);
        if (n >= 0) {
            done += (size_t)n;
        } else if (n == -EAGAIN) {
            sys_wait_writable(o->fd);
        } else if (n != -EINTR) {
            o->error = (int)-n;
            break;
        }
    }
    if (o->fd < 0 && o->used > 0)
        o->error = EFBIG;
    o->used = 0;
}

void outbuf_close(struct outbuf *o)
{
    if (o->fd >= 0)
        outbuf_flush(o);
    if (o->data != o->small)
        os_unmap(o->data, o->size);
    o->data = o->small;
    o->size = sizeof o->small;
    o->used = 0;
}

static bool grow(struct outbuf *o, size_t more)
{
    size_t size = o->size < 65536 ? 65536 : o->size * 2;
    while (size < o->used + more)
        size *= 2;
    char *data = os_reserve(size);
    if (!data)
        return false;
    copy_bytes(data, o->data, o->used);
    if (o->data != o->small)
        os_unmap(o->data, o->size);
    o->data = data;
    o->size = size;
    return true;
}

void outbuf_bytes(struct outbuf *o, const char *bytes, size_t n)
{
    if (n > o->size - o->used && !grow(o, n)) {
        while (n > o->size - o->used) {
            size_t part = o->size - o->used;
            copy_bytes(o->data + o->used, bytes, part);
            o->used += part;
            bytes += part;
            n -= part;
            outbuf_flush(o);
        }
    }
    copy_bytes(o->data + o->used, bytes, n);
    o->used += n;
}

void outbuf_char(struct outbuf *o, char c)
{
    outbuf_bytes(o, &c, 1);
}

void outbuf_str(struct outbuf *o, const char *s)
{
    size_t n = 0;
    while (s[n])
        n++;
    outbuf_bytes(o, s, n);
}

static void number(struct outbuf *o, uint64_t v, unsigned base, int width, char pad)
{
    char digits[24];
    int at = sizeof digits;
    do {
        digits[--at] = "0123456789abcdef"[v % base];
        v /= base;
    } while (v);
    for (int i = (int)sizeof digits - at; i < width; i++)
        outbuf_char(o, pad);
    outbuf_bytes(o, digits + at, sizeof digits - (size_t)at);
}

void outbuf_format(struct outbuf *o, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    for (const char *f = format; *f; f++) {
        if (*f != '%') {
            const char *end = f;
            while (*end && *end != '%')
                end++;
            outbuf_bytes(o, f, (size_t)(end - f));
            f = end - 1;
            continue;
        }
        char pad = ' ';
        int width = 0;
        bool wide = false;
        f++;
        if (*f == '0')
            pad = *f++;
        for (; *f >= '0' && *f <= '9'; f++)
            width = width * 10 + (*f - '0');
        for (; *f == 'l' || *f == 'z'; f++)
            wide = true;
        switch (*f) {
        case 's':
            outbuf_str(o, va_arg(args, const char *));
            break;
        case 'c':
            outbuf_char(o, (char)va_arg(args, int));
            break;
        case 'd': {
            long v = wide ? va_arg(args, long) : va_arg(args, int);
            if (v < 0)
                outbuf_char(o, '-');
            number(o, v < 0 ? 0 - (uint64_t)v : (uint64_t)v, 10, width, pad);
            break;
        }
        case 'u':
            number(o, wide ? va_arg(args, unsigned long) : va_arg(args, unsigned), 10, width, pad);
            break;
        case 'x':
            number(o, wide ? va_arg(args, unsigned long) : va_arg(args, unsigned), 16, width, pad);
            break;
        default:
            outbuf_char(o, *f);
            break;
        }
    }
    va_end(args);
}

void outbuf_name(struct outbuf *o, const char *name)
{
    for (; *name; name++)
        outbuf_char(o, (unsigned char)*name < ' ' || *name == 127 ? '?' : *name);
}

/* Length of the UTF-8 sequence at `s`, 0 when it is none: overlong forms, surrogates and what lies beyond U+10FFFF too.
 */
static int utf8_length(const unsigned char *s)
{
    if (s[0] < 0x80)
        return 1;
    int n = s[0] >= 0xc2 && s[0] <= 0xdf ? 2 : s[0] >= 0xe0 && s[0] <= 0xef ? 3 : s[0] >= 0xf0 && s[0] <= 0xf4 ? 4 : 0;
    for (int i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf0 && s[1] < 0x90) ||
        (s[0] == 0xf4 && s[1] > 0x8f))
        return 0;
    return n;
}

void outbuf_json(struct outbuf *o, const char *s)
{
    outbuf_char(o, '"');
    for (const unsigned char *c = (const unsigned char *)s; *c;) {
        int n = utf8_length(c);
        if (n == 0) {
            outbuf_str(o, "\\ufffd");
            c++;
        } else if (n > 1) {
            outbuf_bytes(o, (const char *)c, (size_t)n);
            c += n;
        } else {
            if (*c == '"' || *c == '\\')
                outbuf_format(o, "\\%c", *c);
            else if (*c == '\n')
                outbuf_str(o, "\\n");
            else if (*c == '\t')
                outbuf_str(o, "\\t");
            else if (*c < ' ' || *c == 127)
                outbuf_format(o, "\\u%04x", (unsigned)*c);
            else
                outbuf_char(o, (char)*c);
            c++;
        }
    }
    outbuf_char(o, '"');
}
