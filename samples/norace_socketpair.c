/* Ping-pong over a socket pair, by send/recv and by sendmsg/recvmsg: both directions order. */
#include <pthread.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

static int ends[2];
static int ball;

static void *returns(void *arg)
{
    char byte;
    for (int i = 0; i < 100; i++) {
        if (recv(ends[1], &byte, 1, 0) != 1)
            return NULL;
        ball++;
        if (send(ends[1], &byte, 1, 0) != 1)
            return NULL;
    }
    return arg;
}

int main(void)
{
    pthread_t thread;
    char byte = 0;
    struct iovec one = {&byte, 1};
    struct msghdr message = {.msg_iov = &one, .msg_iovlen = 1};
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
        return 1;
    pthread_create(&thread, NULL, returns, NULL);
    for (int i = 0; i < 100; i++) {
        ball++;
        if (sendmsg(ends[0], &message, 0) != 1 || recvmsg(ends[0], &message, 0) != 1)
            return 1;
    }
    int got = ball;
    pthread_join(thread, NULL);
    close(ends[0]);
    close(ends[1]);
    return got == 200 ? 0 : 1;
}
