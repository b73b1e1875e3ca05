/* A goroutine and a thread of pthread share a variable: to the detector both are just who acts. */
#include "goro_await.h"

#include <pthread.h>

static struct schedule s;
static int temperature;

static void *sensor(void *arg)
{
    temperature = 20; // RACE sensor
    step(&s, 1);
    return arg;
}

static void display(void)
{
    goro_await(&s, 1);
    temperature++; // RACE display
    step(&s, 2);
}

static int start(void *arg)
{
    (void)arg;
    goro_go(display);
    goro_await(&s, 2);
    return 0;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, sensor, NULL);
    int result = goro_run(start, NULL);
    pthread_join(thread, NULL);
    return result;
}
