/* Lesson: goro_go(f, a, b) starts f(a, b) as a goroutine and goes on at once; nobody waits for it by itself. When main_fn
 * returns, the program's goroutines end where they are, so whoever needs their work waits for it: here with a wait group.
 * Arguments are copied when go is called, and checked like those of a call. */
#define GORO_SHORT_NAMES
#include <goro/goro.h>
#include <stdio.h>

static waitgroup greeted;
static int greetings;

static void greet(const char *whom, int number)
{
    printf("%d: hello, %s\n", number, whom);
    goro_atomic_add(&greetings, 1);
    waitgroup_done(&greeted);
}

static int start(void *arg)
{
    static const char *const names[] = {"gopher", "penguin", "gnu"};
    (void)arg;
    for (int i = 0; i < 3; i++) {
        waitgroup_add(&greeted, 1); /* before go: otherwise wait could come first and see zero */
        go(greet, names[i], i);
    }
    waitgroup_wait(&greeted);
    return greetings == 3 ? 0 : 1;
}

int main(void)
{
    return goro_run(start, NULL);
}
