/* Names to addresses: getaddrinfo(3), which reads files, asks servers, loads modules and waits.
 *
 * It runs in a goroutine of its own, through the blocking hand-off: it wants more stack than goroutines have by default, and
 * who asks can stop waiting at its deadline. The answer of one that nobody waits for any more is freed by the helper. */
#include "dns.h"

#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "rt.h"

enum { STACK = 1 << 20 };

struct lookup {
    struct rt_lock lock;
    bool abandoned; /* by who asked: the helper frees. lock */
    bool finished;  /* lock */
    uint32_t *claim;
    struct rt_g *asker;
    int result, error; /* EAI_ code, errno with EAI_SYSTEM */
    struct addrinfo *found;
    struct addrinfo hints;
    char *host, *service; /* NULL or in text */
    size_t size;
    char text[];
};

static int resolve(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **found,
                   int *error) __attribute__((noinline));

/* Out of line: errno. */
static int resolve(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **found,
                   int *error)
{
    int saved = errno;
    int result = getaddrinfo(host, service, hints, found);
    *error = errno;
    errno = saved;
    return result;
}

static void discard(struct lookup *l)
{
    if (l->result == 0 && l->found)
        freeaddrinfo(l->found);
    rt_free(l, l->size);
}

static void help(void *arg)
{
    struct lookup *l = arg;
    struct addrinfo *found = NULL; /* here: a detector sees libc write it, and does not know whose *l was before */
    goro_blocking_begin();
    l->result = resolve(l->host, l->service, &l->hints, &found, &l->error);
    goro_blocking_end();
    l->found = found;
    rt_emit_release(rt_self(), l);
    rt_lock(&l->lock);
    bool abandoned = l->abandoned;
    l->finished = true;
    /* Claimed: asker wakes, and frees. Not claimed: its deadline did, and it is on its way to abandon us or to find us finished. */
    struct rt_g *asker = !abandoned && l->asker && rt_claim(l->claim, 1) ? l->asker : NULL;
    rt_unlock(&l->lock);
    if (abandoned)
        discard(l);
    if (asker)
        rt_ready(asker);
}

static struct lookup *new_lookup(const char *host, const char *service, const struct addrinfo *hints)
{
    size_t host_size = host ? strlen(host) + 1 : 0, service_size = service ? strlen(service) + 1 : 0;
    size_t size = sizeof(struct lookup) + host_size + service_size;
    struct lookup *l = rt_alloc(size);
    if (!l)
        return NULL;
    l->size = size;
    if (hints)
        l->hints = (struct addrinfo){.ai_flags = hints->ai_flags,
                                     .ai_family = hints->ai_family,
                                     .ai_socktype = hints->ai_socktype,
                                     .ai_protocol = hints->ai_protocol};
    else
        l->hints.ai_flags = AI_V4MAPPED | AI_ADDRCONFIG;
    rt_copy(l->text, host, host_size);
    rt_copy(l->text + host_size, service, service_size);
    l->host = host ? l->text : NULL;
    l->service = service ? l->text + host_size : NULL;
    return l;
}

/* EAI_AGAIN with errno ETIMEDOUT: the deadline. */
static int ask(struct lookup *l, int64_t deadline, struct addrinfo **found, int *error)
{
    struct rt_g *g = rt_self();
    static const struct goro_options options = {.stack = STACK, .name = "name lookup"};
    l->claim = &g->claim;
    __atomic_store_n(&g->claim, 0, __ATOMIC_RELAXED);
    if (goro_go_fn(help, l, &options) != 0) {
        rt_free(l, l->size);
        return EAI_MEMORY;
    }
    rt_lock(&l->lock);
    if (!l->finished) {
        l->asker = g;
        rt_park_until(&g->claim, deadline, rt_unlock_arg, &l->lock, RT_REASON_DNS, l);
        rt_lock(&l->lock);
    }
    if (!l->finished) {
        l->abandoned = true;
        rt_unlock(&l->lock);
        *error = ETIMEDOUT;
        return EAI_SYSTEM;
    }
    rt_unlock(&l->lock);
    rt_emit_acquire(g, l);
    int result = l->result;
    *error = l->error;
    *found = l->found;
    rt_free(l, l->size);
    return result;
}

int rt_resolve(const char *host, const char *service, const struct addrinfo *hints, int64_t deadline,
               struct addrinfo **found, int *error)
{
    /* Numbers need no helper. */
    struct addrinfo numeric = hints ? *hints : (struct addrinfo){.ai_flags = AI_V4MAPPED | AI_ADDRCONFIG};
    numeric.ai_flags |= AI_NUMERICHOST | AI_NUMERICSERV;
    *found = NULL;
    int result = resolve(host, service, &numeric, found, error);
    if (result != EAI_NONAME)
        return result;
    struct lookup *l = new_lookup(host, service, hints);
    if (!l)
        return EAI_MEMORY;
    return ask(l, deadline, found, error);
}

int goro_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **found)
{
    rt_goroutine("goro_getaddrinfo");
    int error = 0;
    int result = rt_resolve(host, service, hints, GORO_FOREVER, found, &error);
    if (result == EAI_SYSTEM)
        *goro_errno() = error;
    return result;
}
