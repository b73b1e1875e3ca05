/* See chance.h.
 *
 * Samples fall on places of the code as often as the processor's time does. So a thread that spends the share s of its time
 * before one side of a race stands there in s * n of n samples, and is met there when the other side comes within the
 * time it stands. What s and the other side's pace are nobody knows of a race that was not found; the line says what
 * would have been found of races with round numbers. How much of the program was reached is estimated by Good and Turing
 * (Good, Biometrika 1953): of the time spent before shared memory, that before places never sampled is about the share of
 * samples whose place was met once. */
#include "chance.h"

#include "../detector/outbuf.h"

#define PLACES 8192
#define ROUND_SHARE 0.01 /* of the time is spent before one side */
#define ROUND_PACE 0.001 /* seconds between two accesses of the other side */

static struct {
    uintptr_t pc;
    uint32_t times;
} places[PLACES]; /* open addressing; the last ones are not told apart when it is full */
static uint32_t nplaces, once;
static uint64_t samples, accesses, total_ns, unsampled[UNSAMPLEDS]; /* the last atomic */
static double missed = 1; /* the probability that a race of the round numbers was not found */

void chance_not(enum unsampled why)
{
    __atomic_fetch_add(&unsampled[why], 1, __ATOMIC_RELAXED);
}

static void count_place(uintptr_t pc)
{
    size_t k = (pc * 0x9e3779b97f4a7c15u >> 51) % PLACES;
    for (int probe = 0; probe < 64; probe++, k = (k + 1) % PLACES) {
        if (places[k].pc == pc) {
            once -= places[k].times++ == 1;
            return;
        }
        if (!places[k].pc) {
            places[k].pc = pc;
            places[k].times = 1;
            nplaces++;
            once++;
            return;
        }
    }
}

/* exp(-x) for x >= 0, without libm: it only has to be right to a hundredth. */
static double decay(double x)
{
    double e = 1;
    if (x > 40)
        return 0;
    x /= 1024;
    e = 1 - x + x * x / 2;
    for (int k = 0; k < 10; k++)
        e *= e;
    return e;
}

void chance_watched(const struct pending *list, int n, uint64_t ns)
{
    samples++;
    accesses += (uint64_t)n;
    total_ns += ns;
    missed *= 1 - ROUND_SHARE * (1 - decay((double)ns * 1e-9 / ROUND_PACE));
    for (int k = 0; k < n; k++)
        count_place(list[k].insn.at);
}

void chance_forked(void)
{
    samples = accesses = total_ns = 0;
    nplaces = once = 0;
    missed = 1;
    for (size_t k = 0; k < PLACES; k++)
        places[k].pc = 0;
    for (int k = 0; k < UNSAMPLEDS; k++)
        unsampled[k] = 0;
}

static void say_not(struct outbuf *o, enum unsampled why, const char *text, const char **separator)
{
    if (!unsampled[why])
        return;
    outbuf_format(o, "%s%lu %s", *separator, unsampled[why], text);
    *separator = ", ";
}

const char *chance_line(unsigned percent, uint64_t threads_missed)
{
    static struct outbuf o;
    outbuf_close(&o);
    outbuf_open(&o, -1);
    outbuf_format(&o, "sample=%u: %lu times a thread stood still, for %lu ms in all, before %lu accesses at %u places",
                  percent, samples, total_ns / 1000000, accesses, nplaces);
    const char *separator = "; not sampled: ";
    say_not(&o, UNSAMPLED_NOTHING, "without an access of the program's code ahead", &separator);
    say_not(&o, UNSAMPLED_AWAY, "to which nobody came", &separator);
    say_not(&o, UNSAMPLED_OTHER, "to memory that no other thread has", &separator);
    say_not(&o, UNSAMPLED_BUSY, "as another thread was watched", &separator);
    say_not(&o, UNSAMPLED_REFUSED, "refused by the kernel", &separator);
    say_not(&o, UNSAMPLED_LATE, "met too late", &separator);
    if (threads_missed)
        outbuf_format(&o, "%s%lu threads without room for breakpoints", separator, threads_missed);
    if (accesses)
        outbuf_format(
            &o,
            "; places reached: about %lu %% by time; chance of finding a race before one side of which 1 %% of the "
            "time is spent, the other coming every ms: %lu %%",
            100 - (uint64_t)once * 100 / accesses, (uint64_t)((1 - missed) * 100 + 0.5));
    outbuf_char(&o, 0);
    return o.data;
}
