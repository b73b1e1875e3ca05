/* A handler and the thread that it interrupts are one thread: nothing of theirs is concurrent. */
#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t caught;
static volatile int value; /* volatile as in any handler: the compiler may think that raise leaves it alone */

static void handler(int number)
{
    value++;
    caught = number;
}

int main(void)
{
    struct sigaction action = {.sa_handler = handler};
    sigaction(SIGUSR1, &action, NULL);
    for (int i = 0; i < 100; i++) {
        value++;
        raise(SIGUSR1);
    }
    return caught == SIGUSR1 && value == 200 ? 0 : 1;
}
