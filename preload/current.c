/* See current.h: attaching OS threads that the wrappers did not see being created. */
#include "current.h"

#include "../detector/os.h"
#include "init.h"
#include "threads.h"

__thread struct actor *current_actor TLS_IE;
__thread int current_inside TLS_IE;
static __thread bool over TLS_IE; /* the thread's actor has ended: what comes later is not seen */

struct actor *current_attach(void)
{
    if (current_inside || over || !detector_running())
        return NULL;
    struct inside in = inside_begin();
    threads_start();
    struct actor *a = actor_born(NULL, 0);
    if (a)
        thread_attached(a);
    inside_end(in);
    current_actor = a;
    return a;
}

void current_set(struct actor *a)
{
    current_actor = a;
    over = a == NULL;
}

void current_hosts(void)
{
    current_actor = NULL;
    over = true;
}

void current_runs(struct actor *a)
{
    current_actor = a;
}
