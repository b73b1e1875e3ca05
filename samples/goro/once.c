/* Lesson: goro_once runs a function at most once, and every caller returns only after it has run: the safe way to set something
 * up at its first use. A plain "if (!ready)" is a race: two see false, or one sees `ready` before what it stands for. */
#define GORO_SHORT_NAMES
#include <goro/goro.h>
#include <stdio.h>

enum { USERS = 50 };

static goro_once once;
static int squares[100], times_made, wrong;
static waitgroup done;

static void make_squares(void *arg)
{
    (void)arg;
    times_made++;
    for (int i = 0; i < 100; i++) {
        squares[i] = i * i;
        if (i % 10 == 0)
            goro_yield(); /* gives the others every chance to look too early */
    }
}

static void user(int i)
{
    once_do(&once, make_squares, NULL);
    if (squares[99 - i] != (99 - i) * (99 - i))
        goro_atomic_add(&wrong, 1);
    waitgroup_done(&done);
}

static int start(void *arg)
{
    (void)arg;
    waitgroup_add(&done, USERS);
    for (int i = 0; i < USERS; i++)
        go(user, i);
    waitgroup_wait(&done);
    printf("made %d time, %d users saw it unfinished\n", times_made, wrong);
    return times_made == 1 && wrong == 0 ? 0 : 1;
}

int main(void)
{
    return goro_run(start, NULL);
}
