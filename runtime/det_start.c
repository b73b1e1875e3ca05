/* Start and end of the deterministic mode.
 *
 * Environment: GORO_SCHED=det, GORO_SEED (1 if there is none), GORO_STRATEGY (random if there is none), or GORO_REPLAY in place of
 * all; GORO_POINTS=accesses demands that accesses to memory are points; GORO_RECORD is the file of a record (schedule.h). */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "det.h"
#include "det_plan.h"
#include "os.h"
#include "out.h"
#include "panic.h"
#include "sched.h"
#include "sysmon.h"

/* Of the monotonic clock at the start: late enough for times before it. */
#define BEGIN (3600 * GORO_SECOND)
enum { EXPECTED_STEPS = 1000 };

static struct rt_switch switches[RT_SWITCHES];
static struct rt_record own_record; /* when nobody wants to see it */
static struct sigaction abort_before;

static int refuse(const char *name, const char *text, const char *why)
{
    struct rt_out out = {.fd = 2};
    rt_out_format(&out, "goro: %s=%s: %s\n", name, text, why);
    rt_out_flush(&out);
    return -EINVAL;
}

/* 1: deterministic. */
static int read_environment(struct rt_schedule *s)
{
    const char *mode = getenv("GORO_SCHED"), *strategy = getenv("GORO_STRATEGY"), *replay = getenv("GORO_REPLAY"), *why;
    s->switches = switches;
    if (replay && *replay)
        return rt_schedule_parse(s, replay, &why) ? 1 : refuse("GORO_REPLAY", replay, why);
    if (!mode || !*mode || !strcmp(mode, "mt"))
        return 0;
    if (strcmp(mode, "det") != 0)
        return refuse("GORO_SCHED", mode, "neither det nor mt");
    s->seed = rt_setting("GORO_SEED", 1);
    s->steps = EXPECTED_STEPS;
    if (!rt_strategy_parse(s, strategy && *strategy ? strategy : "random"))
        return refuse("GORO_STRATEGY", strategy, "none of random, pct:D, pos, slice, rr, switches");
    return 1;
}

/* The one that whoever started this process has made; NULL: none. */
static struct rt_record *map_record(void)
{
    const char *path = getenv(RT_RECORD_ENV);
    int fd = path && *path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0)
        return NULL;
    struct rt_record *r = mmap(NULL, sizeof *r, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (r == MAP_FAILED)
        return NULL;
    if (r->abi == RT_RECORD_ABI)
        return r;
    munmap(r, sizeof *r);
    return NULL;
}

/* An assertion has failed, or a panic is over: this run can be had again. */
static void on_abort(int signal)
{
    rt_check_names();
    rt_check_tell();
    sigaction(signal, &abort_before, NULL);
    raise(signal);
}

struct rt_plan *rt_plan;

/* Names 8 bytes: accesses of different sizes to the same ones are of one object. */
static void access_point(const volatile void *object, int writes, uintptr_t pc)
{
    const uintptr_t granule = (uintptr_t)object & ~(uintptr_t)7;
    rt_det_point(pc, writes ? RT_OP_MEMORY_WRITE : RT_OP_MEMORY_READ, (const volatile void *)granule);
}

/* If they are to be points. false: libgorace_points.so is not there. */
static bool set_access_points(gorace_access_point *point)
{
    if (!rt_access_points())
        return true;
    gorace_access_point **hook = dlsym(RTLD_DEFAULT, GORACE_ACCESS_POINT);
    if (hook)
        *hook = point;
    return hook;
}

static bool begin(const struct rt_schedule *s, const char *token, struct rt_record *record)
{
    struct rt_det *d = &rt_det;
    d->schedule = *s;
    d->token = token;
    d->record = record ? record : &own_record;
    d->now = BEGIN;
    rt_sched.seed = s->seed;
    rt_sched.coarse = d->now;
    rt_strategy_start();
    if (!rt_check_start())
        return false;
    rt_emit_steered(rt_check_replay());
    return true;
}

bool rt_det_begin(const char *token, struct rt_record *record)
{
    struct rt_schedule s = {.switches = switches};
    const char *why;
    return rt_schedule_parse(&s, token, &why) && begin(&s, token, record);
}

bool rt_det_goes_on(void)
{
    return goro_steered && rt_plan && rt_plan->next;
}

/* Steered already: what it draws is of the schedule's own streams, as in the schedules that come after it (det_again.c). */
static int begin_first(const struct rt_schedule *s)
{
    if (!(rt_plan ? rt_det_begin(rt_plan->token, rt_plan->record) : begin(s, getenv("GORO_REPLAY"), map_record())))
        return -ENOMEM;
    if (!set_access_points(access_point))
        return refuse("GORO_POINTS", "accesses", "libgorace_points.so is not preloaded; gorace run does that");
    return 0;
}

int rt_det_start(void)
{
    struct rt_schedule s = {0};
    int asked = rt_plan ? 1 : read_environment(&s);
    if (asked <= 0)
        return asked;
    if (!rt_det_tasks_start())
        return -ENOMEM;
    goro_steered = 1;
    int error = begin_first(&s);
    if (error) {
        goro_steered = 0;
        return error;
    }
    struct sigaction on = {.sa_handler = on_abort};
    sigaction(SIGABRT, &on, &abort_before);
    rt_watched |= 2;
    return 0;
}

void rt_det_run(void)
{
    rt_lock(&rt_sched.lock);
    struct rt_p *p = rt_p_idle_get();
    rt_unlock(&rt_sched.lock);
    if (rt_m_new(p, false))
        rt_fatal("no thread for the deterministic mode");
    for (;;) {
        uint32_t word = __atomic_load_n(&rt_sched.sysmon_word, __ATOMIC_SEQ_CST);
        if (__atomic_load_n(&rt_sched.done, __ATOMIC_ACQUIRE))
            break;
        rt_futex_wait(&rt_sched.sysmon_word, word, GORO_FOREVER);
    }
    if (!rt_det_goes_on())
        rt_check_outcome(RT_OUTCOME_ENDED, rt_sched.result, NULL);
}

void rt_det_stop(void)
{
    struct rt_det *d = &rt_det;
    if (!goro_steered)
        return;
    rt_emit_steered(NULL);
    set_access_points(NULL);
    goro_steered = 0;
    rt_watched &= ~2u;
    sigaction(SIGABRT, &abort_before, NULL);
    rt_check_stop();
    rt_det_tasks_stop();
    if (d->record != &own_record && !rt_plan)
        munmap(d->record, sizeof *d->record);
    memset(d, 0, sizeof *d);
}
