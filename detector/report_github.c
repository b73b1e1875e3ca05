/* A finding as an annotation of GitHub Actions: it appears on the line of the change. The runner makes the file's full name
 * relative to its workspace by itself. */
#include "report_data.h"

/* The runner decodes %25, %0D and %0A, and in properties %3A and %2C. */
static void escaped(struct outbuf *o, const char *s, bool property)
{
    for (; *s; s++)
        if (*s == '%')
            outbuf_str(o, "%25");
        else if (*s == '\r')
            outbuf_str(o, "%0D");
        else if (*s == '\n')
            outbuf_str(o, "%0A");
        else if (property && *s == ':')
            outbuf_str(o, "%3A");
        else if (property && *s == ',')
            outbuf_str(o, "%2C");
        else
            outbuf_char(o, *s);
}

void report_github(struct outbuf *o, const struct report *r)
{
    const struct symbol_frame *f = report_frame(r);
    struct outbuf message;
    outbuf_open(&message, -1);
    report_sentence(&message, r);
    outbuf_char(&message, 0);
    outbuf_str(o, "::error ");
    if (f && f->file) {
        outbuf_str(o, "file=");
        escaped(o, f->file, true);
        if (f->line)
            outbuf_format(o, ",line=%d", f->line);
        outbuf_char(o, ',');
    }
    outbuf_format(o, "title=gorace%%3A %s::", report_kind(r->finding->kind));
    escaped(o, message.data, false);
    outbuf_format(o, " [%s]\n", r->fingerprint);
    outbuf_close(&message);
}
