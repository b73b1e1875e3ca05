/* A message has the address of something: that belongs to whoever receives it, but is still written to. */
#include "barrier.h"
#include <pthread.h>
#include <zmq.h>

static struct schedule s;
static void *context;
static int item;

static void *send(void *arg)
{
    void *socket = zmq_socket(context, ZMQ_PAIR);
    int *p = &item;
    zmq_connect(socket, "inproc://samples");
    zmq_send(socket, &p, sizeof p, 0);
    await(&s, 1);
    item = 1; // RACE
    zmq_close(socket);
    return arg;
}

int main(void)
{
    pthread_t thread;
    int *got;
    context = zmq_ctx_new();
    void *socket = zmq_socket(context, ZMQ_PAIR);
    zmq_bind(socket, "inproc://samples");
    pthread_create(&thread, NULL, send, NULL);
    zmq_recv(socket, &got, sizeof got, 0);
    *got = 2; // RACE
    step(&s, 1);
    pthread_join(thread, NULL);
    zmq_close(socket);
    zmq_ctx_term(context);
    return 0;
}
