/* Plain `atomic_int` operators are sequentially consistent, and so release and acquire too. */
#include <pthread.h>
#include <stdatomic.h>

static atomic_int turn;
static int value;

static void *play(void *arg)
{
    int me = arg != NULL;
    for (int i = 0; i < 100; i++) {
        while (turn != me)
            ;
        value++;
        turn = !me;
    }
    return NULL;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, play, &value);
    play(NULL);
    pthread_join(thread, NULL);
    return value == 200 ? 0 : 1;
}
