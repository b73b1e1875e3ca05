/* Lesson: a server that ends well. Connections are goroutines (http_serve.c); a signal is a descriptor (signalfd), so that waiting
 * for it is reading; and ending is: close the listener, which ends the accepting loop, give each idle connection a deadline in
 * the past, which ends its wait, let the others finish, and wait for them with a waitgroup.
 *
 * http_server PORT serves until SIGINT or SIGTERM, for instance to `wrk -c 100 http://127.0.0.1:PORT/`. Without an argument
 * it is its own clients. */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "http.h"

static const int64_t GRACE = 5 * GORO_SECOND;

static struct http_server server;
static char port[8];
static int failures;
static goro_waitgroup clients;

static void expect(bool right, const char *what)
{
    if (right)
        return;
    fprintf(stderr, "wrong: %s\n", what);
    goro_atomic_add(&failures, 1);
}

static int dial(void)
{
    int fd = goro_tcp_dial("127.0.0.1", port, GORO_FOREVER);
    expect(fd >= 0, "connect");
    return fd;
}

static void send_text(int fd, const char *text)
{
    expect(goro_write_full(fd, text, strlen(text), GORO_FOREVER) == (ssize_t)strlen(text), "send");
}

/* One answer, byte by byte: what follows belongs to the next. -> status; the body in `body`. 0: the connection has ended. */
static int answer(int fd, bool head_only, char *body, size_t room)
{
    char head[1024] = "";
    size_t size = 0;
    while (size < sizeof head - 1 && !strstr(head, "\r\n\r\n")) {
        if (goro_read(fd, head + size, 1, GORO_FOREVER) != 1)
            return 0;
        head[++size] = '\0';
    }
    const char *length_at = strstr(head, "Content-Length: ");
    size_t length = length_at ? strtoul(length_at + 16, NULL, 10) : room;
    expect(strncmp(head, "HTTP/1.1 ", 9) == 0 && length < room, "head of an answer");
    if (length >= room)
        return 0;
    expect(head_only || goro_read_full(fd, body, length, GORO_FOREVER) == (ssize_t)length, "body of an answer");
    body[head_only ? 0 : length] = '\0';
    return atoi(head + 9);
}

static void expect_answer(int fd, int status, const char *text)
{
    char body[256];
    expect(answer(fd, false, body, sizeof body) == status && strcmp(body, text) == 0, text);
}

/* A request that gets one answer, after which the server ends the connection. */
static void expect_last(const char *request, int status)
{
    char body[256];
    int fd = dial();
    send_text(fd, request);
    expect(answer(fd, false, body, sizeof body) == status, request);
    expect(goro_read(fd, body, 1, GORO_FOREVER) == 0, "end after an error");
    goro_close(fd);
}

static const char HELLO[] = "Hello from a goroutine.\n";

static void keep_alive(void)
{
    char body[256];
    int fd = dial();
    for (int i = 0; i < 50; i++) {
        send_text(fd, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        expect_answer(fd, 200, HELLO);
    }
    send_text(fd, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\nGET /none HTTP/1.1\r\nHost: a\r\n\r\n");
    expect(answer(fd, true, body, sizeof body) == 200, "HEAD");
    expect_answer(fd, 404, "Not Found");
    send_text(fd, "DELETE / HTTP/1.1\r\nHost: a\r\n\r\n");
    expect_answer(fd, 405, "Method Not Allowed");
    /* Pieces of any size. */
    for (const char *c = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabcde"; *c; c++)
        send_text(fd, (char[2]){*c, '\0'});
    expect_answer(fd, 200, "abcde");
    send_text(fd, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    expect_answer(fd, 200, HELLO);
    expect(goro_read(fd, body, 1, GORO_FOREVER) == 0, "end as asked for");
    goro_close(fd);
    goro_waitgroup_done(&clients);
}

static void pipeline(void)
{
    enum { REQUESTS = 300 };
    char text[128];
    int fd = dial();
    for (int i = 0; i < REQUESTS; i++) {
        snprintf(text, sizeof text, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n%03d", i);
        send_text(fd, text);
    }
    for (int i = 0; i < REQUESTS; i++) {
        snprintf(text, sizeof text, "%03d", i);
        expect_answer(fd, 200, text);
    }
    goro_close(fd);
    goro_waitgroup_done(&clients);
}

static void errors(void)
{
    static char long_head[HTTP_HEAD + 100];
    expect_last("nonsense\r\n\r\n", 400);
    expect_last("GET / HTTP/1.1\r\n\r\n", 400);
    expect_last("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1x\r\n\r\n", 400);
    expect_last("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400);
    expect_last("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n", 413);
    expect_last("GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505);
    expect_last("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 501);
    expect_last("GET / HTTP/1.0\r\n\r\n", 200);
    memset(long_head, 'x', sizeof long_head - 1);
    expect_last(long_head, 431);
    goro_waitgroup_done(&clients);
}

/* What a signal's end does to a connection that is idle, and to one in the middle of a request. */
static void while_ending(int idle, int busy)
{
    char byte;
    expect(goro_read(idle, &byte, 1, GORO_FOREVER) == 0, "end of an idle connection");
    send_text(busy, "Host: a\r\n\r\n");
    expect_answer(busy, 200, HELLO);
    expect(goro_read(busy, &byte, 1, GORO_FOREVER) == 0, "end of a busy connection");
    expect(goro_tcp_dial("127.0.0.1", port, GORO_FOREVER) == -ECONNREFUSED, "no new connections");
    goro_close(idle);
    goro_close(busy);
    goro_waitgroup_done(&clients);
}

static void test(void)
{
    enum { EACH = 8 };
    goro_waitgroup_add(&clients, 2 * EACH + 1);
    for (int i = 0; i < EACH; i++) {
        goro_go(keep_alive);
        goro_go(pipeline);
    }
    goro_go(errors);
    goro_waitgroup_wait(&clients);
    /* The end begins when the server has read half a request, which its answer to the one before proves. */
    int idle = dial(), busy = dial();
    send_text(idle, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    expect_answer(idle, 200, HELLO);
    send_text(busy, "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\n");
    expect_answer(busy, 200, HELLO);
    goro_waitgroup_add(&clients, 1);
    goro_go(while_ending, idle, busy);
    kill(getpid(), SIGTERM);
}

static int start(void *wanted)
{
    struct sockaddr_in address;
    struct signalfd_siginfo signal;
    socklen_t size = sizeof address;
    sigset_t *signals = ((void **)wanted)[1];
    const char *service = ((void **)wanted)[0];
    int signal_fd = signalfd(-1, signals, SFD_CLOEXEC | SFD_NONBLOCK);
    int listener = goro_tcp_listen("127.0.0.1", service ? service : "0", 1024);
    if (listener < 0 || getsockname(listener, (struct sockaddr *)&address, &size) != 0) {
        fprintf(stderr, "listen: %s\n", strerror(-listener));
        return 1;
    }
    snprintf(port, sizeof port, "%d", ntohs(address.sin_port));
    http_start(&server, listener);
    if (service) {
        printf("http://127.0.0.1:%s/\n", port);
        fflush(stdout);
    } else {
        goro_go(test);
    }
    if (goro_read(signal_fd, &signal, sizeof signal, GORO_FOREVER) != sizeof signal)
        return 1;
    http_stop(&server, GRACE);
    goro_waitgroup_wait(&clients);
    goro_close(signal_fd);
    printf("%lld requests answered\n", (long long)server.answered);
    return failures == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    sigset_t signals;
    /* Blocked before there are other threads, which inherit it. */
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    void *wanted[] = {argc > 1 ? argv[1] : NULL, &signals};
    return goro_run(start, wanted);
}
