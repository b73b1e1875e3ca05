/* See textfile.h. */
#include "textfile.h"

#include "os.h"
#include "report_sys.h"

#define MAX_FILE ((size_t)16 << 20)

char *textfile_read(const char *file, const char *what, struct outbuf *errors)
{
    int fd = sys_open(file, O_RDONLY, 0);
    if (fd < 0) {
        outbuf_format(errors, "gorace: %s: cannot open %s (error %d)\n", what, file, -fd);
        return NULL;
    }
    /* Address space only; what is not read into is never touched. */
    char *text = os_reserve(MAX_FILE + 1);
    size_t used = 0;
    long n = 0;
    while (text && used < MAX_FILE && (n = sys_read(fd, text + used, MAX_FILE - used)) > 0)
        used += (size_t)n;
    sys_close(fd);
    if (text && n >= 0 && used < MAX_FILE)
        return text;
    outbuf_format(errors, "gorace: %s: cannot read %s\n", what, file);
    return NULL;
}

static bool space(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

char *textfile_line(char **rest)
{
    char *line = *rest, *end = line;
    if (!*line)
        return NULL;
    while (*end && *end != '\n')
        end++;
    *rest = *end ? end + 1 : end;
    *end = 0;
    while (end > line && space(end[-1]))
        *--end = 0;
    while (space(*line))
        line++;
    return line;
}
