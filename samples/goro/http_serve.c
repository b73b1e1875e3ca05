/* Connections of the small HTTP server: one goroutine each. Answers to requests that came together (pipelining) leave
 * together. While it waits for the next request a connection is idle, and the shutdown may end its wait: goro_set_deadline
 * reaches a goroutine that waits already. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http.h"

enum { IN = HTTP_HEAD + HTTP_BODY, OUT = HTTP_BODY + 1024 };
static const int64_t PATIENCE = 60 * GORO_SECOND; /* with a client that says nothing, or takes nothing */

enum state { IDLE, BUSY };

struct http_connection {
    struct http_connection *next, **link; /* server's mutex */
    struct http_server *server;
    int fd;
    int state; /* atomic; enum state */
    bool ends; /* after what is in out */
    size_t have, filled;
    char in[IN], out[OUT];
};

static bool flush(struct http_connection *c)
{
    size_t size = c->filled;
    c->filled = 0;
    return size == 0 || goro_write_full(c->fd, c->out, size, goro_now() + PATIENCE) == (ssize_t)size;
}

static bool answer(struct http_connection *c, int status, bool head_only, const char *body, size_t size)
{
    if (c->filled + size + 512 > OUT && !flush(c))
        return false;
    c->filled += (size_t)snprintf(c->out + c->filled, 512,
                                  "HTTP/1.1 %d %s\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n%s%s\r\n",
                                  status, http_reason(status), size, status == 405 ? "Allow: GET, HEAD\r\n" : "",
                                  c->ends ? "Connection: close\r\n" : "");
    if (!head_only) {
        memcpy(c->out + c->filled, body, size);
        c->filled += size;
    }
    goro_atomic_add(&c->server->answered, 1);
    return true;
}

static bool answer_error(struct http_connection *c, int status, bool head_only)
{
    const char *reason = http_reason(status);
    return answer(c, status, head_only, reason, strlen(reason));
}

/* What this server has: / in plain text, and /echo, which sends a body back. */
static bool respond(struct http_connection *c, const struct http_request *r)
{
    static const char hello[] = "Hello from a goroutine.\n";
    bool head = strcmp(r->method, "HEAD") == 0;
    c->ends = !r->keep || goro_atomic_load(&c->server->draining);
    if (strcmp(r->target, "/echo") == 0 && strcmp(r->method, "POST") == 0)
        return answer(c, 200, false, c->in + r->head, r->body);
    if (strcmp(r->target, "/") != 0)
        return answer_error(c, 404, head);
    if (!head && strcmp(r->method, "GET") != 0)
        return answer_error(c, 405, false);
    return answer(c, 200, head, hello, sizeof hello - 1);
}

/* Answers the first request in c->in; false: there is no whole one. */
static bool take_request(struct http_connection *c, bool *alive)
{
    struct http_request r;
    int status = http_parse(c->in, c->have, &r);
    if (status == 0 || (status == 200 && c->have < r.head + r.body))
        return false;
    if (status != 200) {
        c->ends = true;
        *alive = answer_error(c, status, false);
        return true;
    }
    *alive = respond(c, &r);
    c->have -= r.head + r.body;
    memmove(c->in, c->in + r.head + r.body, c->have);
    return true;
}

/* More of a request, or of the next one. */
static bool receive(struct http_connection *c)
{
    bool between = c->have == 0;
    if (between) {
        goro_atomic_store(&c->state, IDLE);
        /* Stored before `draining` is read; the shutdown does it the other way round. */
        if (goro_atomic_load(&c->server->draining))
            return false;
    }
    ssize_t n = goro_read(c->fd, c->in + c->have, IN - c->have, goro_now() + PATIENCE);
    if (n <= 0)
        return false;
    c->have += (size_t)n;
    if (between) {
        goro_atomic_store(&c->state, BUSY);
        /* It may have been taken for idle just now. */
        if (goro_atomic_load(&c->server->draining))
            goro_set_deadline(c->fd, POLLIN, c->server->drain_until);
    }
    return true;
}

/* A close with unread data in the receive buffer would be a reset, which can overtake the last answer. */
static void linger(struct http_connection *c)
{
    goro_shutdown(c->fd, SHUT_WR);
    int64_t until = goro_now() + GORO_SECOND;
    goro_set_deadline(c->fd, POLLIN, GORO_FOREVER);
    while (goro_read(c->fd, c->in, IN, until) > 0)
        ;
}

static void serve(struct http_connection *c)
{
    struct http_server *s = c->server;
    bool alive = true;
    while (alive && !c->ends && receive(c)) {
        while (alive && !c->ends && take_request(c, &alive))
            ;
        alive = alive && flush(c);
    }
    if (alive && c->ends)
        linger(c);
    goro_mutex_lock(&s->mutex);
    *c->link = c->next;
    if (c->next)
        c->next->link = c->link;
    goro_mutex_unlock(&s->mutex);
    /* After the list has forgotten it: http_stop uses the descriptors of the list. */
    goro_close(c->fd);
    free(c);
    goro_waitgroup_done(&s->running);
}

static void begin(struct http_server *s, int fd)
{
    struct http_connection *c = malloc(sizeof *c);
    if (!c) {
        goro_close(fd);
        return;
    }
    c->server = s;
    c->fd = fd;
    c->state = IDLE;
    c->ends = false;
    c->have = c->filled = 0;
    goro_waitgroup_add(&s->running, 1);
    goro_mutex_lock(&s->mutex);
    c->next = s->connections;
    c->link = &s->connections;
    if (c->next)
        c->next->link = &c->next;
    s->connections = c;
    goro_mutex_unlock(&s->mutex);
    goro_go(serve, c);
}

static void accept_all(struct http_server *s)
{
    int fd;
    while ((fd = goro_accept(s->listener, NULL, NULL, GORO_FOREVER)) != -ECANCELED && fd != -EBADF) {
        if (fd >= 0)
            begin(s, fd);
        else
            goro_sleep(10 * GORO_MILLISECOND); /* no descriptors left: some connection will end */
    }
    goro_waitgroup_done(&s->running);
}

void http_start(struct http_server *s, int listener)
{
    *s = (struct http_server){.listener = listener};
    goro_waitgroup_add(&s->running, 1);
    goro_go(accept_all, s);
}

void http_stop(struct http_server *s, int64_t grace)
{
    goro_close(s->listener);
    s->drain_until = goro_now() + grace;
    goro_atomic_store(&s->draining, true);
    goro_mutex_lock(&s->mutex);
    for (struct http_connection *c = s->connections; c; c = c->next)
        goro_set_deadline(c->fd, POLLIN, goro_atomic_load(&c->state) == IDLE ? 1 : s->drain_until);
    goro_mutex_unlock(&s->mutex);
    goro_waitgroup_wait(&s->running);
}
