/* Requests of HTTP/1.1 (RFC 9112), as far as http_server.c needs them: strict where two readers could see different ends of one
 * request (lengths, line ends), since the next one begins there. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http.h"

const char *http_reason(int status)
{
    switch (status) {
    case 200:
        return "OK";
    case 400:
        return "Bad Request";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 413:
        return "Content Too Large";
    case 431:
        return "Request Header Fields Too Large";
    case 501:
        return "Not Implemented";
    default:
        return "HTTP Version Not Supported";
    }
}

static bool is_token(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (text[i] <= ' ' || text[i] >= 127 || strchr("\"(),/:;<=>?@[\\]{}", text[i]))
            return false;
    return size > 0;
}

/* "GET /path HTTP/1.1" */
static int parse_first(const char *line, size_t size, struct http_request *r)
{
    const char *space = memchr(line, ' ', size), *end = line + size;
    if (!space || (size_t)(space - line) >= sizeof r->method || !is_token(line, (size_t)(space - line)))
        return 400;
    const char *target = space + 1, *version = memchr(target, ' ', (size_t)(end - target));
    if (!version || version == target || end - version != 9 || memcmp(version, " HTTP/", 6) != 0)
        return 400;
    for (const char *c = target; c < version; c++)
        if (*c <= ' ' || *c >= 127)
            return 400;
    if ((size_t)(version - target) >= sizeof r->target)
        return 431;
    if (memcmp(version + 6, "1.", 2) != 0)
        return 505;
    memcpy(r->method, line, (size_t)(space - line));
    memcpy(r->target, target, (size_t)(version - target));
    r->keep = version[8] != '0';
    return 200;
}

static bool is(const char *text, size_t size, const char *word)
{
    return strlen(word) == size && strncasecmp(text, word, size) == 0;
}

static int parse_length(const char *value, size_t size, struct http_request *r, bool *has_length)
{
    size_t length = 0;
    for (size_t i = 0; i < size; i++) {
        if (value[i] < '0' || value[i] > '9')
            return 400;
        length = length > HTTP_BODY ? length : length * 10 + (size_t)(value[i] - '0');
    }
    if (size == 0 || (*has_length && length != r->body))
        return 400;
    *has_length = true;
    r->body = length;
    return length > HTTP_BODY ? 413 : 200;
}

/* What a head says besides its first line. */
struct fields {
    bool host, length;
};

static int parse_field(const char *line, size_t size, struct http_request *r, struct fields *seen)
{
    const char *colon = memchr(line, ':', size), *value = colon + 1, *end = line + size;
    if (!colon || !is_token(line, (size_t)(colon - line)) || memchr(line, '\0', size))
        return 400;
    size_t name = (size_t)(colon - line);
    while (value < end && (*value == ' ' || *value == '\t'))
        value++;
    while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    size_t length = (size_t)(end - value);
    if (is(line, name, "host")) {
        if (seen->host)
            return 400;
        seen->host = true;
    } else if (is(line, name, "content-length")) {
        return parse_length(value, length, r, &seen->length);
    } else if (is(line, name, "transfer-encoding")) {
        return 501;
    } else if (is(line, name, "connection")) {
        r->keep = is(value, length, "close") ? false : is(value, length, "keep-alive") ? true : r->keep;
    }
    return 200;
}

int http_parse(const char *text, size_t size, struct http_request *r)
{
    const char *end = memmem(text, size, "\r\n\r\n", 4);
    if (!end)
        return size < HTTP_HEAD ? 0 : 431;
    struct fields seen = {0};
    memset(r, 0, sizeof *r);
    r->head = (size_t)(end + 4 - text);
    if (r->head > HTTP_HEAD)
        return 431;
    const char *line = text, *next = memmem(line, r->head, "\r\n", 2);
    int status = parse_first(line, (size_t)(next - line), r);
    bool old = status == 200 && !r->keep;
    for (line = next + 2; status == 200 && line < end + 2; line = next + 2) {
        next = memmem(line, (size_t)(end + 4 - line), "\r\n", 2);
        status = parse_field(line, (size_t)(next - line), r, &seen);
    }
    if (status == 200 && !seen.host && !old)
        return 400;
    return status;
}
