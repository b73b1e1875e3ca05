/* Double lock, a cycle of three far apart: each of three keeps its books, by locks that all take in one order, and one time
 * moves something to the next one's place: one early, one late, one in between. Only if all three stand between their two
 * places does nobody go on. Fixed: the last takes its two in the order of the others. */
#include "kernel.h"

enum { PLACES = 3, ENTRIES = 40 };
static mutex places[PLACES], book, page;
static int entries, moved[PLACES];

static void keep_books(int n)
{
    for (int i = 0; i < n; i++) {
        mutex_lock(&book);
        mutex_lock(&page);
        entries++;
        mutex_unlock(&page);
        mutex_unlock(&book);
    }
}

static void move(int first, int second)
{
    mutex_lock(&places[first]);
    mutex_lock(&places[second]);
    moved[first]++;
    moved[second]++;
    mutex_unlock(&places[second]);
    mutex_unlock(&places[first]);
}

static void work(int place, waitgroup *all)
{
    int next = (place + 1) % PLACES, before = place * (ENTRIES / 2);
    keep_books(before);
#ifdef FIXED
    move(place < next ? place : next, place < next ? next : place);
#else
    move(place, next);
#endif
    keep_books(ENTRIES - before);
    waitgroup_done(all);
}

static void kernel(void)
{
    static waitgroup all;
    waitgroup_add(&all, PLACES);
    for (int i = 0; i < PLACES; i++)
        go(work, i, &all);
    waitgroup_wait(&all);
}
