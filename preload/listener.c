/* See listener.h. Function and argument belong together, so they are read and written under a lock; the function is called
 * without it, and may set another. */
#include "listener.h"

#include <stddef.h>

#define GORACE_ANNOTATE_DEFINITIONS
#include "../include/gorace/annotate.h"

#include "../detector/os.h"

static struct oslock lock;
static gorace_listener *function; /* atomic for listener_any */
static void *argument;

void listener_set(void (*f)(const struct gorace_finding *, void *), void *a)
{
    os_lock(&lock);
    argument = a;
    __atomic_store_n(&function, f, __ATOMIC_RELAXED);
    os_unlock(&lock);
}

bool listener_any(void)
{
    return __atomic_load_n(&function, __ATOMIC_RELAXED) != NULL;
}

void listener_tell(struct report_summary *summary)
{
    const struct gorace_finding finding = {.kind = summary->kind,
                                           .fingerprint = summary->fingerprint,
                                           .message = summary->message.data,
                                           .json = summary->json.data};
    os_lock(&lock);
    gorace_listener *f = function;
    void *a = argument;
    os_unlock(&lock);
    if (f)
        f(&finding, a);
}
