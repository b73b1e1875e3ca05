/* See delay.h. The hash is splitmix64's finaliser (Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA
 * 2014), as in the runtime's chooser. */
#include "delay.h"

#include <stdlib.h>
#include <time.h>

#include "../detector/record.h"
#include "raw.h"
#include "signals.h"
#include "threads.h"

#define FIRST 64 /* points that have the whole share */
#define SHORTEST_US 100
#define LENGTHS 7 /* each twice the one before */

bool delay_on;
static bool accompanied; /* a thread was created; atomic */
static uint64_t seed;
static double share; /* 0 to 1 */

static uint64_t mix(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

void delay_start(const struct flags *flags, void (*say)(const char *line))
{
    char *end;
    const char *text = flags->delay;
    if (!*text)
        return;
    seed = strtoull(text, &end, 10);
    double percent = *end == ',' ? strtod(end + 1, &end) : -1;
    if (end[0] == '%')
        end++;
    if (*text < '0' || *text > '9' || *end || !(percent >= 0 && percent <= 100)) {
        say("delay wants SEED,PERCENT%, e.g. delay=17,5%; nothing is delayed");
        return;
    }
    share = percent / 100;
    delay_on = true;
}

struct delay_stream delay_stream_new(struct delay_stream *creator)
{
    if (!creator)
        return (struct delay_stream){.path = mix(0)};
    __atomic_store_n(&accompanied, true, __ATOMIC_RELAXED);
    return (struct delay_stream){.path = mix(creator->path ^ mix(++creator->children))};
}

/* How long the n-th point of a thread takes, in microseconds; 0: not longer than it does. */
static uint32_t length_of(uint64_t path, uint32_t n)
{
    uint64_t draw = mix(seed ^ mix(path ^ mix(n)));
    double here = share;
    for (uint32_t first = FIRST; n >= first && here > 0; first *= 2)
        here /= 2;
    if ((double)(draw >> 32) >= here * 0x1p32)
        return 0;
    return (uint32_t)SHORTEST_US << draw % LENGTHS;
}

void delay_at(uintptr_t pc)
{
    struct actor *me = current_actor;
    struct thread *t = me && !current_host() && !signal_handling() ? thread_self() : NULL;
    if (!t || !__atomic_load_n(&accompanied, __ATOMIC_RELAXED))
        return;
    uint32_t n = t->delays.points++;
    uint32_t us = length_of(t->delays.path, n);
    if (us == 0)
        return;
    if (record_on)
        record_delay(me, us, n, pc);
    const struct timespec time = {.tv_nsec = us * 1000l};
    raw_syscall(SYS_nanosleep, (long)&time, 0, 0, 0, 0, 0);
}
