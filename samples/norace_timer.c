/* A timer's thread comes after the call that armed the timer. */
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <time.h>

static sem_t done;
static int message, got;

static void expired(union sigval value)
{
    got = *(int *)value.sival_ptr;
    sem_post(&done);
}

int main(void)
{
    timer_t timer;
    struct sigevent event = {.sigev_notify = SIGEV_THREAD, .sigev_value.sival_ptr = &message};
    struct itimerspec soon = {.it_value.tv_nsec = 1};
    event.sigev_notify_function = expired;
    sem_init(&done, 0, 0);
    if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0)
        return 1;
    message = 42;
    timer_settime(timer, 0, &soon, NULL);
    sem_wait(&done);
    timer_delete(timer);
    return got == 42 ? 0 : 1;
}
