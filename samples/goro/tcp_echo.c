/* Lesson: a server is one goroutine for each connection, written as if each call waited: goro_read parks the goroutine and its
 * thread runs others. Nothing is registered, and there is no state machine. Closing the listener ends the loop that accepts,
 * and the end of a client's data (half close) ends its goroutine.
 *
 * tcp_echo PORT serves until it is killed; without an argument it is its own clients. */
#include <arpa/inet.h>
#include <goro/goro.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CLIENTS = 200, LINES = 20 };

static goro_waitgroup servers, clients;
static int64_t echoed;

static void serve(int fd)
{
    char buffer[4096];
    ssize_t n;
    while ((n = goro_read(fd, buffer, sizeof buffer, GORO_FOREVER)) > 0)
        if (goro_write_full(fd, buffer, (size_t)n, GORO_FOREVER) < 0)
            break;
    goro_close(fd);
    goro_waitgroup_done(&servers);
}

static void accept_all(int listener)
{
    int fd;
    while ((fd = goro_accept(listener, NULL, NULL, GORO_FOREVER)) >= 0) {
        goro_waitgroup_add(&servers, 1);
        goro_go(serve, fd);
    }
    if (fd != -ECANCELED)
        fprintf(stderr, "accept: %s\n", strerror(-fd));
    goro_waitgroup_done(&servers);
}

static void ask(const char *port, int number)
{
    char line[32], answer[32];
    int fd = goro_tcp_dial("127.0.0.1", port, GORO_FOREVER);
    for (int i = 0; i < LINES && fd >= 0; i++) {
        int size = snprintf(line, sizeof line, "client %d, line %d\n", number, i);
        goro_write_full(fd, line, (size_t)size, GORO_FOREVER);
        if (goro_read_full(fd, answer, (size_t)size, GORO_FOREVER) == size && memcmp(line, answer, (size_t)size) == 0)
            goro_atomic_add(&echoed, 1);
    }
    goro_shutdown(fd, SHUT_WR);
    if (goro_read(fd, answer, sizeof answer, GORO_FOREVER) != 0)
        fprintf(stderr, "client %d: no end\n", number);
    goro_close(fd);
    goro_waitgroup_done(&clients);
}

static int start(void *port_wanted)
{
    struct sockaddr_in address;
    socklen_t size = sizeof address;
    char port[8];
    int listener = goro_tcp_listen("127.0.0.1", port_wanted ? port_wanted : "0", 128);
    if (listener < 0 || getsockname(listener, (struct sockaddr *)&address, &size) != 0) {
        fprintf(stderr, "listen: %s\n", strerror(-listener));
        return 1;
    }
    snprintf(port, sizeof port, "%d", ntohs(address.sin_port));
    goro_waitgroup_add(&servers, 1);
    goro_go(accept_all, listener);
    if (port_wanted) {
        printf("echo on port %s\n", port);
        goro_waitgroup_wait(&servers);
    }

    goro_waitgroup_add(&clients, CLIENTS);
    for (int i = 0; i < CLIENTS; i++)
        goro_go(ask, (const char *)port, i);
    goro_waitgroup_wait(&clients);
    goro_close(listener);
    goro_waitgroup_wait(&servers);
    printf("%d clients, %lld lines echoed\n", CLIENTS, (long long)echoed);
    return echoed == CLIENTS * LINES ? 0 : 1;
}

int main(int argc, char **argv)
{
    return goro_run(start, argc > 1 ? argv[1] : NULL);
}
