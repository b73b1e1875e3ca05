/* See report_sink.h. */
#include "report_sink.h"

#include "report_sys.h"

void sink_append(struct sink *s, const char *more)
{
    size_t n = 0;
    while (s->path[n])
        n++;
    while (*more && n < sizeof s->path - 1)
        s->path[n++] = *more++;
    s->path[n] = 0;
}

void sink_init(struct sink *s, const char *name)
{
    size_t n = 0;
    if (*name && *name != '/') {
        long length = sys_getcwd(s->path, sizeof s->path - 1);
        if (length > 1) {
            n = (size_t)length - 1;
            s->path[n++] = '/';
        }
    }
    s->path[n] = 0;
    sink_append(s, name);
}

void sink_path(const struct sink *s, struct outbuf *o)
{
    for (const char *p = s->path; *p; p++) {
        if (p[0] == '%' && p[1] == 'p') {
            outbuf_format(o, "%d", sys_getpid());
            p++;
        } else {
            outbuf_char(o, *p);
        }
    }
    outbuf_char(o, 0);
}

/* False: it cannot be opened, or not all could be written. */
static bool write_to(struct sink *s, const char *path, const char *bytes, size_t n, int *error)
{
    struct outbuf o;
    int fd = sys_open(path, O_WRONLY | O_CREAT | O_APPEND, 0666);
    *error = -fd;
    if (fd < 0)
        return false;
    outbuf_open(&o, fd);
    if (s->torn)
        outbuf_char(&o, '\n');
    outbuf_bytes(&o, bytes, n);
    outbuf_flush(&o);
    *error = o.error;
    s->torn = o.error != 0;
    outbuf_close(&o);
    sys_close(fd);
    return !s->torn;
}

/* A disk that is full now may have room later, so a file is tried each time; that it fails is said once. */
void sink_write(struct sink *s, struct outbuf *o)
{
    if (s->path[0]) {
        struct outbuf path, line;
        int error;
        outbuf_open(&path, -1);
        sink_path(s, &path);
        bool written = write_to(s, path.data, o->data, o->used, &error);
        if (!written && !s->silent && !s->broken) {
            outbuf_open(&line, 2);
            outbuf_format(&line, "gorace: cannot write %s (error %d); stderr is used\n", path.data, error);
            outbuf_close(&line);
            s->broken = true;
        }
        outbuf_close(&path);
        if (written || s->silent) {
            o->used = 0;
            return;
        }
    }
    o->fd = 2;
    outbuf_flush(o);
}
