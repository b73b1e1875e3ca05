/* A semaphore of one as a lock that is given on: every release is before the acquire that it lets through. */
#include <goro/goro.h>

static goro_sem turn[2];
static int ball;

static void play(int side)
{
    for (int i = 0; i < 50; i++) {
        goro_sem_acquire(&turn[side], 1);
        ball++;
        goro_sem_release(&turn[!side], 1);
    }
}

static int start(void *arg)
{
    (void)arg;
    goro_go(play, 1);
    goro_sem_release(&turn[0], 1);
    play(0);
    goro_sem_acquire(&turn[0], 1);
    return ball != 100;
}

int main(void)
{
    return goro_run(start, NULL);
}
