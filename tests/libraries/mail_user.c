/* With the hooks, unlike the library (mail.c) that orders its threads. Without an argument nothing races; `late`: the sender still
 * writes to what it has sent; `unlocked`: one side takes no lock. */
#include "barrier.h"
#include "mail.h"
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

static struct schedule s;
static int items[20], counter;
static bool late, unlocked;

static void *send(void *arg)
{
    for (int i = 0; i < 20; i++) {
        items[i] = i;
        mail_put(&items[i]);
        await(&s, 2 * i + 1);
        if (late && i == 10)
            items[i] = 0;
        step(&s, 2 * i + 2);
    }
    for (int i = 0; i < 20; i++) {
        mail_lock();
        counter++;
        mail_unlock();
    }
    step(&s, 41);
    return arg;
}

int main(int argc, char **argv)
{
    pthread_t sender;
    int sum = 0;
    late = argc > 1 && strcmp(argv[1], "late") == 0;
    unlocked = argc > 1 && strcmp(argv[1], "unlocked") == 0;
    pthread_create(&sender, NULL, send, NULL);
    for (int i = 0; i < 20; i++) {
        int *item = mail_take();
        sum += *item;
        *item = 0;
        step(&s, 2 * i + 1);
        await(&s, 2 * i + 2);
    }
    for (int i = 0; i < 20 && !unlocked; i++) {
        mail_lock();
        counter++;
        mail_unlock();
    }
    if (unlocked) {
        await(&s, 41);
        counter++;
    }
    pthread_join(sender, NULL);
    return sum != 190 || counter < 21;
}
