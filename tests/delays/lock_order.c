/* Two threads take two locks, each its own first, ten times. They deadlock only when they meet between the two. */
#include <pthread.h>

static pthread_mutex_t left = PTHREAD_MUTEX_INITIALIZER, right = PTHREAD_MUTEX_INITIALIZER;
static int moved;

static void move(pthread_mutex_t *first, pthread_mutex_t *second)
{
    pthread_mutex_lock(first);
    pthread_mutex_lock(second);
    moved++;
    pthread_mutex_unlock(second);
    pthread_mutex_unlock(first);
}

static void *to_right(void *arg)
{
    for (int i = 0; i < 10; i++)
        move(&left, &right);
    return arg;
}

static void *to_left(void *arg)
{
    for (int i = 0; i < 10; i++)
        move(&right, &left);
    return arg;
}

int main(void)
{
    pthread_t one, other;
    pthread_create(&one, NULL, to_right, NULL);
    pthread_create(&other, NULL, to_left, NULL);
    pthread_join(one, NULL);
    pthread_join(other, NULL);
    return 0;
}
