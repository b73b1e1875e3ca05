/* A small HTTP/1.1 server for samples/goro/http_server.c: what a request and a server are. */
#ifndef SAMPLES_GORO_HTTP_H
#define SAMPLES_GORO_HTTP_H

#include <goro/goro.h>

enum { HTTP_HEAD = 8 << 10, HTTP_BODY = 64 << 10 }; /* bytes of a request's head and body, at most */

struct http_request {
    char method[16], target[1024];
    size_t head; /* bytes, with the empty line */
    size_t body; /* bytes */
    bool keep;   /* the connection, afterwards */
};

/* 0: incomplete. 200: *r is the request that text begins with. Otherwise the status to answer before the end. */
int http_parse(const char *text, size_t size, struct http_request *r);
const char *http_reason(int status);

struct http_server {
    int listener;
    bool draining;       /* atomic */
    int64_t drain_until; /* set before draining */
    goro_mutex mutex;
    struct http_connection *connections; /* mutex */
    goro_waitgroup running;
    int64_t answered; /* atomic */
};

/* Serves s->listener in goroutines. */
void http_start(struct http_server *s, int listener);
/* No new connections; idle ones end now, requests that have begun are answered if they come before `grace` ns are over. Returns when
 * all connections have ended. */
void http_stop(struct http_server *s, int64_t grace);

#endif
