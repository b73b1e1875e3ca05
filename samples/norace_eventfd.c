/* An eventfd, waited for with epoll: the write comes before the read that it lets through. */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

static int event;
static int message;

static void *sender(void *arg)
{
    uint64_t one = 1;
    message = 42;
    return write(event, &one, sizeof one) == sizeof one ? arg : NULL;
}

int main(void)
{
    pthread_t thread;
    uint64_t count = 0;
    struct epoll_event ready = {.events = EPOLLIN};
    int poller = epoll_create1(0);
    event = eventfd(0, 0);
    epoll_ctl(poller, EPOLL_CTL_ADD, event, &ready);
    pthread_create(&thread, NULL, sender, NULL);
    int woken;
    while ((woken = epoll_wait(poller, &ready, 1, -1)) < 0 && errno == EINTR) // the process was stopped, and goes on
        ;
    if (woken != 1 || read(event, &count, sizeof count) != sizeof count)
        return 1;
    int got = message;
    pthread_join(thread, NULL);
    close(event);
    close(poller);
    return got == 42 && count == 1 ? 0 : 1;
}
