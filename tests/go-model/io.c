/* Text, files, sockets. */
#include "cases.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

SHARED const char *text = "hello", *text2 = "world";
SHARED char letters[10];
SHARED uint32_t runes[10];

/* ---- text is read by what prints, joins, compares or copies it ---- */

static const char **text_at = &text;

GO(race_string_rw)
{
    text = "abacaba"; // RACE
}
MAIN(race_string_rw)
{
    use(text); // RACE
}

GO(race_string_ptr_rw)
{
    *text_at = "a"; // RACE
}
MAIN(race_string_ptr_rw)
{
    use(*text_at); // RACE
}

GO(race_slice_string)
{
    text = "world"; // RACE
}
MAIN(race_slice_string)
{
    use(text + 2); // RACE
}

GO(race_issue12664)
{
    text = "bye"; // RACE
}
MAIN(race_issue12664)
{
    char line[16];
    snprintf(line, sizeof line, "%s\n", text); // RACE
    use(line);
}

GO(race_concat_string)
{
    char joined[32];
    snprintf(joined, sizeof joined, "%s world", text); // RACE
    use(joined);
}
MAIN(race_concat_string)
{
    text = "world"; // RACE
}

GO(race_compare_string)
{
    use(strcmp(text, text2)); // RACE
}
MAIN(race_compare_string)
{
    text = text2; // RACE
}

GO(race_sprint)
{
    char line[16];
    snprintf(line, sizeof line, "%d", x); // RACE
    use(line);
}
MAIN(race_sprint)
{
    x = 1; // RACE
}

GO(race_slice_byte_to_string)
{
    char *copy = strndup(letters, sizeof letters); // RACE
    use(copy);
}
MAIN(race_slice_byte_to_string)
{
    letters[0] = 42; // RACE
}

static size_t encode(char *to, const uint32_t *from, size_t count)
{
    size_t len = 0;
    for (size_t i = 0; i < count; i++)
        to[len++] = (char)from[i]; // RACE
    return len;
}

GO(race_slice_rune_to_string)
{
    char copy[10];
    use(encode(copy, runes, 10));
    use(copy);
}
MAIN(race_slice_rune_to_string)
{
    runes[9] = 42; // RACE
}

/* ---- a buffer that is read into again while the one who was given it still looks ---- */

struct part {
    char *at;
    size_t len;
};
static chan_of(struct part) parts;

static void read_file(void)
{
    char buffer[17];
    int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    for (int i = 0; i < 5; i++) {
        ssize_t n = read(fd, buffer, sizeof buffer); // RACE
        chan_send(parts, (struct part){buffer, (size_t)n});
    }
    close(fd);
    chan_close(parts);
}

CASE(race_issue5567)
{
    long sum = 0;
    parts = chan_make(struct part, 0);
    go(read_file);
    chan_range(parts, part)
        for (size_t i = 0; i < part.len; i++)
            sum += part.at[i]; // RACE
    use(sum);
}

static void read_file_at(void)
{
    char buffer[17];
    int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    for (int i = 0; i < 5; i++) {
        ssize_t n = pread(fd, buffer, sizeof buffer, i * (off_t)sizeof buffer); // RACE
        chan_send(parts, (struct part){buffer, (size_t)n});
    }
    close(fd);
    chan_close(parts);
}

CASE(race_issue51618)
{
    long sum = 0;
    parts = chan_make(struct part, 0);
    go(read_file_at);
    chan_range(parts, part)
        for (size_t i = 0; i < part.len; i++)
            sum += part.at[i]; // RACE
    use(sum);
}

static const char letter[] = "It was the best of times, it was the worst of times, it was the age of wisdom";

static void read_memory(void)
{
    char buffer[16];
    for (size_t at = 0, n; (n = strnlen(letter + at, sizeof buffer)) > 0; at += n) {
        memcpy(buffer, letter + at, n); // RACE
        chan_send(parts, (struct part){buffer, n});
    }
    chan_close(parts);
}

CASE(race_issue5654)
{
    long sum = 0;
    parts = chan_make(struct part, 0);
    go(read_memory);
    chan_range(parts, part)
        for (size_t i = 0; i < part.len; i++)
            sum += part.at[i]; // RACE
    use(sum);
}

/* ---- what is written to a file or a socket is before what reads it ---- */

static char path[] = "/tmp/go-model-XXXXXX";

static void write_file(void)
{
    x = 42;
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    use(write(fd, "done", 4));
    close(fd);
    finish();
}

CASE(norace_io_file)
{
    char buffer[16];
    ssize_t n = 0;
    close(mkstemp(path));
    go(write_file);
    while (n == 0) {
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        n = read(fd, buffer, sizeof buffer);
        close(fd);
        yield();
    }
    unlink(path);
    use(x);
    join(1);
}

static int served;

static void serve(int fd)
{
    char request;
    while (goro_read(fd, &request, 1, GORO_FOREVER) == 1) {
        served++;
        goro_write(fd, "t", 1, GORO_FOREVER);
    }
    goro_close(fd);
    finish();
}

static void ask(int fd)
{
    char answer;
    goro_write(fd, "g", 1, GORO_FOREVER);
    use(goro_read(fd, &answer, 1, GORO_FOREVER));
}

/* A request and its answer. */
CASE(norace_io_http)
{
    int fds[2];
    use(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds));
    go(serve, fds[1]);
    for (int i = 0; i < 2; i++) {
        served++;
        ask(fds[0]);
    }
    served++;
    goro_close(fds[0]);
    join(1);
}
