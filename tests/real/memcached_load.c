/* Load for memcached that knows every answer.  memcached_load PORT CONNECTIONS SECONDS [REQUESTS]
 *
 * A connection ends after SECONDS, or after so many REQUESTS.
 * A thread per connection, blocking sockets, text protocol. Three kinds of keys:
 *   private   used by one connection, which knows what it stored last: the answer must be exactly that;
 *   shared    stored by all: a value carries the key and a seed from which all its bytes follow, so a torn one shows;
 *   counters  incremented or changed with compare-and-swap by all: at the end the sums must be those of the answers.
 * Ends with status 0, or says on stderr what was wrong (at most ERRORS times) and ends with 1. The server must have
 * room for everything (a few megabytes), because a missing private key counts as wrong. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    PRIVATE_KEYS = 32,
    SHARED_KEYS = 64,
    COUNTERS = 8,
    VALUE_MAX = 6000,
    KEY_MAX = 64,
    LINE_SIZE = 256,
    ERRORS = 20
};

static int port;
static double deadline;
static unsigned long most = -1UL; /* requests of a connection */
static atomic_int errors;
static atomic_ulong operations, increments[COUNTERS], swaps[COUNTERS];

struct connection {
    int number;
    int fd;
    uint64_t random;
    uint32_t seed[PRIVATE_KEYS]; /* of the value stored last; 0: the key must be missing */
    char in[16384];
    size_t begin, end;
};

static void wrong(const struct connection *c, const char *format, ...)
{
    if (atomic_fetch_add(&errors, 1) >= ERRORS)
        return;
    char text[512];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof(text), format, list);
    va_end(list);
    fprintf(stderr, "memcached_load: connection %d: %s\n", c->number, text);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static uint32_t next_random(uint64_t *state)
{
    *state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
    return (uint32_t)(*state >> 33);
}

/* The value that belongs to a key and a seed: "SEED KEY " and then pseudo-random letters. Returns its length. */
static size_t make_value(char *to, const char *key, uint32_t seed)
{
    uint64_t state = seed * 2654435761ULL + 1;
    size_t length = (size_t)snprintf(to, VALUE_MAX, "%u %s ", seed, key);
    size_t total = length + next_random(&state) % (seed % 7 == 0 ? VALUE_MAX - 200 : 200);
    while (length < total)
        to[length++] = (char)('a' + next_random(&state) % 26);
    return length;
}

/* ---- protocol: every function returns false when the connection is of no more use -------------------------------- */

static bool send_all(struct connection *c, const char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t sent = write(c->fd, bytes, n);
        if (sent <= 0) {
            wrong(c, "write failed");
            return false;
        }
        bytes += sent;
        n -= (size_t)sent;
    }
    return true;
}

static bool fill(struct connection *c)
{
    if (c->begin > 0) {
        memmove(c->in, c->in + c->begin, c->end - c->begin);
        c->end -= c->begin;
        c->begin = 0;
    }
    if (c->end == sizeof(c->in)) {
        wrong(c, "answer without an end");
        return false;
    }
    ssize_t got = read(c->fd, c->in + c->end, sizeof(c->in) - c->end);
    if (got <= 0) {
        wrong(c, got == 0 ? "closed by the server" : "read failed");
        return false;
    }
    c->end += (size_t)got;
    return true;
}

static bool read_line(struct connection *c, char *line)
{
    for (;;) {
        char *stop = memchr(c->in + c->begin, '\n', c->end - c->begin);
        if (stop) {
            size_t n = (size_t)(stop - (c->in + c->begin));
            if (n == 0 || stop[-1] != '\r' || n >= LINE_SIZE) {
                wrong(c, "malformed line");
                return false;
            }
            memcpy(line, c->in + c->begin, n - 1);
            line[n - 1] = '\0';
            c->begin += n + 1;
            return true;
        }
        if (!fill(c))
            return false;
    }
}

static bool read_value(struct connection *c, char *value, size_t n)
{
    while (c->end - c->begin < n + 2)
        if (!fill(c))
            return false;
    memcpy(value, c->in + c->begin, n);
    c->begin += n + 2;
    return true;
}

static bool command(struct connection *c, char *answer, const char *format, ...)
{
    char text[LINE_SIZE];
    va_list list;
    va_start(list, format);
    int n = vsnprintf(text, sizeof(text), format, list);
    va_end(list);
    return send_all(c, text, (size_t)n) && read_line(c, answer);
}

static bool store(struct connection *c, char *answer, const char *key, const char *value, size_t n)
{
    char text[VALUE_MAX + LINE_SIZE];
    int head = snprintf(text, sizeof(text), "set %s 0 0 %zu\r\n", key, n);
    memcpy(text + head, value, n);
    memcpy(text + head + n, "\r\n", 2);
    return send_all(c, text, (size_t)head + n + 2) && read_line(c, answer);
}

/* One item of a get; *n is its length, or -1 after END. */
static bool read_item(struct connection *c, char *key, char *value, long *n, unsigned long *unique)
{
    char line[LINE_SIZE];
    size_t length;
    if (!read_line(c, line))
        return false;
    *n = -1;
    if (strcmp(line, "END") == 0)
        return true;
    *unique = 0;
    if (sscanf(line, "VALUE %63s 0 %zu %lu", key, &length, unique) < 2 || length > VALUE_MAX) {
        wrong(c, "strange answer to get: %s", line);
        return false;
    }
    *n = (long)length;
    return read_value(c, value, length);
}

/* ---- the kinds of requests ----------------------------------------------------------------------------------------
 */

static bool use_private_key(struct connection *c)
{
    char key[KEY_MAX], got_key[KEY_MAX], value[VALUE_MAX], got[VALUE_MAX], line[LINE_SIZE];
    uint32_t which = next_random(&c->random) % PRIVATE_KEYS, action = next_random(&c->random) % 10;
    unsigned long unique;
    long n, end;

    snprintf(key, sizeof(key), "private-%d-%u", c->number, which);
    if (action < 3) {
        uint32_t seed = next_random(&c->random) | 1;
        if (!store(c, line, key, value, make_value(value, key, seed)))
            return false;
        if (strcmp(line, "STORED") != 0)
            wrong(c, "set %s: %s", key, line);
        c->seed[which] = seed;
        return true;
    }
    if (action == 3) {
        if (!command(c, line, "delete %s\r\n", key))
            return false;
        if (strcmp(line, c->seed[which] ? "DELETED" : "NOT_FOUND") != 0)
            wrong(c, "delete %s: %s", key, line);
        c->seed[which] = 0;
        return true;
    }
    int head = snprintf(line, sizeof(line), "get %s\r\n", key);
    if (!send_all(c, line, (size_t)head) || !read_item(c, got_key, got, &n, &unique))
        return false;
    if (n >= 0 && (!read_item(c, line, value, &end, &unique) || end >= 0))
        return false;
    if (c->seed[which] == 0) {
        if (n >= 0)
            wrong(c, "get %s: found after delete", key);
        return true;
    }
    size_t expected = make_value(value, key, c->seed[which]);
    if (n < 0)
        wrong(c, "get %s: missing", key);
    else if ((size_t)n != expected || strcmp(key, got_key) != 0 || memcmp(value, got, expected) != 0)
        wrong(c, "get %s: another value than the one stored", key);
    return true;
}

static bool use_shared_keys(struct connection *c)
{
    char key[KEY_MAX], value[VALUE_MAX], got[VALUE_MAX], line[LINE_SIZE];
    unsigned long unique;
    long n;

    if (next_random(&c->random) % 4 == 0) {
        snprintf(key, sizeof(key), "shared-%u", next_random(&c->random) % SHARED_KEYS);
        if (!store(c, line, key, value, make_value(value, key, next_random(&c->random))))
            return false;
        if (strcmp(line, "STORED") != 0)
            wrong(c, "set %s: %s", key, line);
        return true;
    }
    int head =
        snprintf(line, sizeof(line), "get shared-%u shared-%u shared-%u\r\n", next_random(&c->random) % SHARED_KEYS,
                 next_random(&c->random) % SHARED_KEYS, next_random(&c->random) % SHARED_KEYS);
    if (!send_all(c, line, (size_t)head))
        return false;
    for (;;) {
        if (!read_item(c, key, got, &n, &unique))
            return false;
        if (n < 0)
            return true;
        uint32_t seed = (uint32_t)strtoul(got, NULL, 10);
        if ((size_t)n != make_value(value, key, seed) || memcmp(value, got, (size_t)n) != 0)
            wrong(c, "get %s: torn value", key);
    }
}

static bool use_counter(struct connection *c)
{
    char key[KEY_MAX], value[VALUE_MAX], line[LINE_SIZE];
    uint32_t which = next_random(&c->random) % COUNTERS;
    unsigned long unique, ignored;
    long n, end;

    if (next_random(&c->random) % 2 == 0) {
        if (!command(c, line, "incr count-%u 1\r\n", which))
            return false;
        if (line[0] < '0' || line[0] > '9')
            wrong(c, "incr: %s", line);
        atomic_fetch_add(&increments[which], 1);
        return true;
    }
    int head = snprintf(line, sizeof(line), "gets swap-%u\r\n", which);
    if (!send_all(c, line, (size_t)head) || !read_item(c, key, value, &n, &unique))
        return false;
    if (n < 0 || n > 20) {
        wrong(c, "gets swap-%u: missing or too long", which);
        return n < 0;
    }
    value[n] = '\0';
    char digits[32], unused[VALUE_MAX];
    int length = snprintf(digits, sizeof(digits), "%lu", strtoul(value, NULL, 10) + 1);
    if (!read_item(c, key, unused, &end, &ignored) || end >= 0)
        return false;
    if (!command(c, line, "cas swap-%u 0 0 %d %lu\r\n%s\r\n", which, length, unique, digits))
        return false;
    if (strcmp(line, "STORED") == 0)
        atomic_fetch_add(&swaps[which], 1);
    else if (strcmp(line, "EXISTS") != 0)
        wrong(c, "cas: %s", line);
    return true;
}

/* ---- connections ---------------------------------------------------------------------------------------------------
 */

static bool open_connection(struct connection *c)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int on = 1;
    c->begin = c->end = 0;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&to, sizeof(to)) != 0) {
        wrong(c, "cannot connect");
        return false;
    }
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return true;
}

static void *serve(void *argument)
{
    struct connection *c = argument;
    bool usable = true;
    for (unsigned long i = 0; usable && i < most && now() < deadline; i++) {
        uint32_t kind = next_random(&c->random) % 1000;
        /* Now and then a new connection: the server then uses a descriptor's number again, in another thread. */
        if (kind == 0) {
            close(c->fd);
            usable = open_connection(c);
        } else {
            usable = kind < 500 ? use_private_key(c) : kind < 800 ? use_shared_keys(c) : use_counter(c);
        }
        atomic_fetch_add(&operations, 1);
    }
    return NULL;
}

static void start_counters(struct connection *c)
{
    char key[KEY_MAX], line[LINE_SIZE];
    for (int i = 0; i < 2 * COUNTERS; i++) {
        snprintf(key, sizeof(key), i < COUNTERS ? "count-%d" : "swap-%d", i % COUNTERS);
        if (!store(c, line, key, "0", 1) || strcmp(line, "STORED") != 0)
            wrong(c, "cannot store %s", key);
    }
}

static void check_counters(struct connection *c)
{
    char key[KEY_MAX], value[VALUE_MAX], line[LINE_SIZE];
    unsigned long unique;
    long n, end;
    for (int i = 0; i < 2 * COUNTERS; i++) {
        unsigned long expected = i < COUNTERS ? increments[i] : swaps[i - COUNTERS];
        int head = snprintf(line, sizeof(line), i < COUNTERS ? "get count-%d\r\n" : "get swap-%d\r\n", i % COUNTERS);
        if (!send_all(c, line, (size_t)head) || !read_item(c, key, value, &n, &unique))
            return;
        if (n < 0) {
            wrong(c, "counter %d is missing", i);
            continue;
        }
        value[n] = '\0';
        if (strtoul(value, NULL, 10) != expected)
            wrong(c, "%s is %s, expected %lu", key, value, expected);
        if (!read_item(c, key, value, &end, &unique))
            return;
    }
}

int main(int argc, char **argv)
{
    if (argc < 4 || argc > 5) {
        fprintf(stderr, "usage: memcached_load PORT CONNECTIONS SECONDS [REQUESTS]\n");
        return 2;
    }
    port = atoi(argv[1]);
    int connections = atoi(argv[2]);
    if (argc > 4)
        most = strtoul(argv[4], NULL, 10);
    struct connection *all = calloc((size_t)connections + 1, sizeof(*all));
    pthread_t *threads = calloc((size_t)connections, sizeof(*threads));
    if (!all || !threads || connections < 1)
        return 2;
    /* All are open before the first request, so that all are open at once. */
    for (int i = 0; i <= connections; i++) {
        all[i].number = i;
        all[i].random = (uint64_t)i * 977 + 1;
        if (!open_connection(&all[i]))
            return 1;
    }
    start_counters(&all[connections]);
    deadline = now() + atof(argv[3]);
    for (int i = 0; i < connections; i++)
        if (pthread_create(&threads[i], NULL, serve, &all[i]) != 0)
            return 2;
    for (int i = 0; i < connections; i++)
        pthread_join(threads[i], NULL);
    check_counters(&all[connections]);
    fprintf(stderr, "memcached_load: %lu requests on %d connections, %d wrong\n", atomic_load(&operations), connections,
            atomic_load(&errors));
    return errors ? 1 : 0;
}
