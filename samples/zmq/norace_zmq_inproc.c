/* Messages inside of a process go through a queue without locks; its reader is only woken when it sleeps. */
#include <pthread.h>
#include <stdlib.h>
#include <zmq.h>

#define MESSAGES 1000

static void *context;

static void *send(void *arg)
{
    void *socket = zmq_socket(context, ZMQ_PAIR);
    zmq_connect(socket, "inproc://samples");
    for (int i = 0; i < MESSAGES; i++) {
        int *item = malloc(sizeof *item);
        *item = 1;
        zmq_send(socket, &item, sizeof item, 0);
    }
    zmq_close(socket);
    return arg;
}

int main(void)
{
    pthread_t thread;
    int sum = 0;
    context = zmq_ctx_new();
    void *socket = zmq_socket(context, ZMQ_PAIR);
    zmq_bind(socket, "inproc://samples");
    pthread_create(&thread, NULL, send, NULL);
    for (int i = 0; i < MESSAGES; i++) {
        int *item;
        zmq_recv(socket, &item, sizeof item, 0);
        sum += *item;
        *item = 0;
        free(item);
    }
    pthread_join(thread, NULL);
    zmq_close(socket);
    zmq_ctx_term(context);
    return sum - MESSAGES;
}
