/* Once: one word. 0: not begun; RUNNING; DONE; otherwise running, and the first of a chain of waiters, newest first, each on its
 * goroutine's stack. The end is one exchange: it says DONE and takes the chain, and is the last access, so the once may be
 * gone as soon as anybody sees DONE. There is no lock that the one who ran fn would have to give up after it.
 *
 * Waiters enter the chain when their registers are saved (rt_park's unlock), and are woken at once if it is done by then. */
#include "rt.h"

enum { NEW = 0, DONE = 1, RUNNING = 2 };

struct waiter { /* aligned to 8: not DONE, not RUNNING */
    struct rt_g *g;
    goro_once *once;
    uintptr_t next;
};

static void enter_chain(void *arg)
{
    struct waiter *w = arg;
    goro_once *once = w->once;
    uintptr_t state = __atomic_load_n(&once->state, __ATOMIC_ACQUIRE);
    do {
        if (state == DONE) {
            rt_ready(w->g);
            return;
        }
        w->next = state;
    } while (
        !__atomic_compare_exchange_n(&once->state, &state, (uintptr_t)w, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE));
}

/* In order of arrival. A waiter is gone once its goroutine is ready. */
static void wake_chain(uintptr_t chain)
{
    struct rt_glist list = {0};
    struct waiter *first = NULL;
    while (chain != RUNNING) {
        struct waiter *w = (struct waiter *)chain;
        chain = w->next;
        w->next = (uintptr_t)first;
        first = w;
    }
    for (; first; first = (struct waiter *)first->next)
        rt_glist_push(&list, first->g);
    rt_ready_list(&list);
}

static void finish(void *arg)
{
    goro_once *once = arg;
    rt_emit_release(rt_self(), once);
    wake_chain(__atomic_exchange_n(&once->state, DONE, __ATOMIC_ACQ_REL));
}

void goro_once_do_slow(goro_once *once, void (*fn)(void *arg), void *arg)
{
    struct rt_g *g = rt_goroutine("goro_once_do");
    uintptr_t state = NEW;
    if (__atomic_compare_exchange_n(&once->state, &state, RUNNING, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        struct rt_at_end hook;
        rt_at_end_push(&hook, finish, once);
        rt_emit_calls(RT_CALLER_SP());
        fn(arg);
        rt_emit_called();
        rt_at_end_pop(&hook);
        finish(once);
    } else if (state != DONE) {
        struct waiter w = {.g = g, .once = once};
        rt_park(enter_chain, &w, RT_REASON_ONCE, once);
    }
}

void goro_once_do(goro_once *once, void (*fn)(void *arg), void *arg)
{
    RT_OP(ONCE, once);
    if (__atomic_load_n(&once->state, __ATOMIC_ACQUIRE) != DONE)
        goro_once_do_slow(once, fn, arg);
    rt_emit_acquire(rt_self(), once);
}
