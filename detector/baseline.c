/* See baseline.h. Read once; guarded by the reporter's lock. */
#include "baseline.h"

#include <stddef.h>

#include "keys.h"
#include "textfile.h"

#define DIGITS 16

static struct keys *known;

/* A fingerprint may be 0, a key may not. */
static uint64_t key_of(uint64_t fingerprint)
{
    return fingerprint ? fingerprint : 1;
}

bool baseline_has(uint64_t fingerprint)
{
    return keys_find(&known, key_of(fingerprint), 0) != 0;
}

static bool parse_line(const char *line, uint64_t *fingerprint)
{
    *fingerprint = 0;
    for (int i = 0; i < DIGITS; i++) {
        char c = line[i];
        if ((c < '0' || c > '9') && (c < 'a' || c > 'f'))
            return false;
        *fingerprint = *fingerprint << 4 | (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    return line[DIGITS] == 0 || line[DIGITS] == ' ' || line[DIGITS] == '\t';
}

void baseline_parse(char *text, const char *file, struct outbuf *errors)
{
    int number = 1;
    known = NULL;
    for (char *line; (line = textfile_line(&text)); number++) {
        uint64_t fingerprint;
        if (!*line || *line == '#')
            continue;
        if (parse_line(line, &fingerprint)) {
            keys_add(&known, key_of(fingerprint), 0);
        } else {
            outbuf_format(errors, "gorace: %s:%d: '", file, number);
            outbuf_name(errors, line);
            outbuf_str(errors,
                       "' is ignored: a line of a baseline begins with the 16 digits of a fingerprint, or with #\n");
        }
    }
}

void baseline_load(const char *file, struct outbuf *errors)
{
    char *text = textfile_read(file, "baseline", errors);
    if (text)
        baseline_parse(text, file, errors);
}
