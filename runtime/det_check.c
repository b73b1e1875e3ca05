/* What is written down about the steps of a schedule, and compared with what was.
 *
 * Each step (who, which operation, which object) goes into a rolling hash, one letter of which is kept for every `stride` steps: at
 * most RT_CHECKS of them, the stride doubling as steps come. A replay compares its letters with the token's. Where one
 * differs, the schedules have parted since the last one that did not; the steps in between are told.
 *
 * The ordering is a hash of the sequences of operations on each object, summed over objects: two schedules that differ in the
 * order of independent operations only have the same. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "det.h"
#include "out.h"
#include "sched.h"
#include "symbols.h"

enum { FIRST_ROOM = 256, MOST_UNCONTROLLED = 8, STATUS_ENDLESS = 75 };

/* By address while the schedule runs. Never removed, since addresses come back: what was there is another object then. */
struct slot {
    const volatile void *address; /* NULL: free */
    uint32_t number;              /* in `objects`; 0: the object that was here has ended */
};

struct object {
    uint64_t id;
    uint64_t order; /* hash of what was done with it */
    uint32_t user;  /* the first task that used it */
    bool shared, changed; /* by others as well; by anything but looking */
};

static struct {
    struct slot *slots;
    struct object *objects; /* [0] is none */
    uint32_t room, used; /* of slots */
    uint32_t object_room, object_count;
    uint64_t wanted_stride;
    const char *uncontrolled[MOST_UNCONTROLLED];
    uint32_t uncontrolled_count;
} check;

static const char *const ops[] = {
#define OP(name, text) [RT_OP_##name] = text,
#include "ops.def"
#undef OP
};

/* ---- objects ---- */

static struct slot *slot_of(struct slot *slots, uint32_t room, const volatile void *address)
{
    uint32_t i = (uint32_t)(rt_mix((uintptr_t)address) >> 32) & (room - 1);
    while (slots[i].address && slots[i].address != address)
        i = (i + 1) & (room - 1);
    return &slots[i];
}

static bool grow_slots(void)
{
    uint32_t room = check.room ? 2 * check.room : FIRST_ROOM;
    struct slot *slots = rt_alloc(room * sizeof *slots);
    if (!slots)
        return false;
    for (uint32_t i = 0; i < check.room; i++)
        if (check.slots[i].address)
            *slot_of(slots, room, check.slots[i].address) = check.slots[i];
    rt_free_addresses(check.slots, check.room * sizeof *slots);
    check.slots = slots;
    check.room = room;
    return true;
}

static bool grow_objects(void)
{
    uint32_t room = check.object_room ? 2 * check.object_room : FIRST_ROOM;
    struct object *objects = rt_alloc(room * sizeof *objects);
    if (!objects)
        return false;
    if (check.objects)
        rt_copy(objects, check.objects, (check.object_count + 1) * sizeof *objects);
    rt_free(check.objects, check.object_room * sizeof *objects);
    check.objects = objects;
    check.object_room = room;
    return true;
}

/* 0: no memory; the object has no identity then. */
static uint32_t object_of(const volatile void *address, struct rt_det_task *user)
{
    if ((2 * check.used >= check.room && !grow_slots()) ||
        (check.object_count + 1 >= check.object_room && !grow_objects()))
        return 0;
    struct slot *slot = slot_of(check.slots, check.room, address);
    if (!slot->address) {
        slot->address = address;
        check.used++;
    }
    if (!slot->number) {
        slot->number = ++check.object_count;
        uint64_t id = rt_mix(user->path ^ rt_mix(++user->objects)) | 1;
        check.objects[slot->number] = (struct object){.id = id, .user = (uint32_t)(user - rt_det.tasks)};
    }
    return slot->number;
}

void rt_check_object_ends(const void *address)
{
    if (check.used > 0)
        slot_of(check.slots, check.room, address)->number = 0;
}

/* ---- telling ---- */

static void write_token(char *text, size_t room)
{
    const struct rt_det *d = &rt_det;
    if (d->token)
        snprintf(text, room, "%s", d->token);
    else
        rt_schedule_print(&d->schedule, text, room);
}

bool rt_access_points(void)
{
    const char *points = getenv("GORO_POINTS");
    return points && !strcmp(points, "accesses");
}

const char *rt_check_replay(void)
{
    static char text[RT_TOKEN];
    int length = snprintf(text, sizeof text, "%sGORO_REPLAY=", rt_access_points() ? "GORO_POINTS=accesses " : "");
    write_token(text + length, sizeof text - (size_t)length);
    return text;
}

void rt_check_tell(void)
{
    struct rt_out out = {.fd = 2};
    rt_out_format(&out, "replay: %s\n", rt_check_replay());
    rt_out_flush(&out);
}

void rt_check_uncontrolled(const char *what)
{
    for (uint32_t i = 0; i < check.uncontrolled_count; i++)
        if (!strcmp(check.uncontrolled[i], what))
            return;
    if (check.uncontrolled_count < MOST_UNCONTROLLED)
        check.uncontrolled[check.uncontrolled_count++] = what;
}

/* Whose end it is has no call. */
static void name_call(struct rt_out *out, uint32_t op, uintptr_t pc)
{
    rt_out_text(out, ops[op]);
    if (!pc)
        return;
    rt_out_text(out, " in ");
    rt_symbol(out, pc - 1);
}

static void tell_steps(struct rt_out *out, uint64_t first, uint64_t last)
{
    const uint64_t room = sizeof rt_det.ring / sizeof *rt_det.ring;
    if (last - first >= room)
        first = last - room + 1;
    for (uint64_t step = first; step <= last; step++) {
        char path[128];
        uint32_t at = (uint32_t)(step % room);
        rt_path_print(rt_det.record, rt_det.ring[at].task, path, sizeof path);
        rt_out_format(out, "    step %lu: goroutine %s: ", (unsigned long)step, path);
        name_call(out, rt_det.ring[at].op, rt_det.ring[at].pc);
        rt_out_text(out, "\n");
    }
}

static void diverge(uint64_t first, const char *how)
{
    struct rt_out out = {.fd = 2};
    if (rt_det.diverged)
        return;
    rt_det.diverged = true;
    rt_det.record->diverged = 1;
    rt_out_format(&out, "goro: this is not the schedule of the replay: %s\n", how);
    tell_steps(&out, first, rt_det.record->steps);
    for (uint32_t i = 0; i < check.uncontrolled_count; i++)
        rt_out_format(&out, "    not controlled, and met before: %s\n", check.uncontrolled[i]);
    if (check.uncontrolled_count == 0)
        rt_out_text(&out, "    perhaps through: another program or input, the time, random numbers, addresses, another thread\n");
    rt_out_flush(&out);
}

/* ---- the steps ---- */

static void compare(void)
{
    const struct rt_schedule *s = &rt_det.schedule;
    uint64_t steps = rt_det.record->steps;
    if (s->check_steps == 0 || rt_det.diverged)
        return;
    if (steps > s->check_steps) {
        diverge(steps, "it has more steps");
        return;
    }
    if (steps % check.wanted_stride)
        return;
    uint64_t at = steps / check.wanted_stride;
    if (s->checks[at - 1] != rt_check_letter(rt_det.record->hash))
        diverge(steps - check.wanted_stride + 1, check.wanted_stride == 1 ? "it parts from it at this step"
                                                                          : "it parts from it in these steps");
}

static void note_letter(struct rt_record *r)
{
    if (r->steps % r->stride)
        return;
    if (r->check_count == RT_CHECKS) {
        for (uint32_t i = 0; i < RT_CHECKS / 2; i++)
            r->checks[i] = r->checks[2 * i + 1];
        r->check_count = RT_CHECKS / 2;
        r->stride *= 2;
        if (r->steps % r->stride)
            return;
    }
    r->checks[r->check_count++] = rt_check_letter(r->hash);
}

static bool only_looks(uint32_t op)
{
    return op == RT_OP_YIELD || op == RT_OP_LOAD || op == RT_OP_HOOK_LOAD || op == RT_OP_CHAN_TRY_RECV ||
           op == RT_OP_TRYLOCK || op == RT_OP_CONTEXT_ASK || op == RT_OP_MEMORY_READ;
}

/* t uses its object: whose it is, and in which order it was used. Returns its identity; 0: there is none. */
static uint64_t use_object(struct rt_det_task *t)
{
    struct object *o = &check.objects[t->object_number];
    uint64_t before = o->order;
    if (!t->object_number)
        return 0;
    o->shared |= o->user != (uint32_t)(t - rt_det.tasks);
    o->changed |= !only_looks(t->op);
    o->order = rt_mix(before ^ rt_mix(t->path * 64 + t->op));
    rt_det.record->ordering += rt_mix(o->order ^ o->id) - (before ? rt_mix(before ^ o->id) : 0);
    return o->id;
}

void rt_check_arrives(struct rt_det_task *t)
{
    t->operations++;
    t->object_number = t->object ? object_of(t->object, t) : 0;
}

/* Atomics and what only asks make nobody wait. */
static void note_operation(const struct rt_det_task *t)
{
    struct rt_record *r = rt_det.record;
    if (t->object_number && t->op >= RT_OP_LOCK && t->op <= RT_OP_QUEUE_CLOSE && r->operation_count < RT_OPERATIONS)
        r->operations[r->operation_count++] = (struct rt_record_operation){
            .task = (uint32_t)(t - rt_det.tasks), .nth = t->operations, .object = t->object_number, .op = t->op};
}

void rt_check_step(struct rt_det_task *t)
{
    struct rt_det *d = &rt_det;
    struct rt_record *r = d->record;
    uint64_t id = use_object(t);
    r->steps++;
    t->held += (t->op == RT_OP_LOCK || t->op == RT_OP_RLOCK) - (t->op == RT_OP_UNLOCK || t->op == RT_OP_RUNLOCK);
    if (t->op < RT_OP_MEMORY_READ) /* who computes does not wait, nor does it get on */
        d->idle = only_looks(t->op) ? d->idle + 1 : 0;
    r->hash = rt_mix(r->hash ^ rt_mix(t->path * 64 + t->op) ^ id);
    uint32_t at = (uint32_t)(r->steps % (sizeof d->ring / sizeof *d->ring));
    d->ring[at].task = (uint32_t)(t - d->tasks);
    d->ring[at].op = t->op;
    d->ring[at].pc = t->pc;
    if (r->wants_operations)
        note_operation(t);
    note_letter(r);
    compare();
    if (r->most_steps && r->steps >= r->most_steps) {
        rt_check_outcome(RT_OUTCOME_ENDLESS, 0, "more steps than allowed");
        _exit(STATUS_ENDLESS);
    }
}

void rt_check_switch(uint32_t from, uint32_t to)
{
    struct rt_record *r = rt_det.record;
    const struct rt_det_task *t = &rt_det.tasks[from];
    if (r->switch_count < RT_SWITCHES)
        r->switches[r->switch_count] = (struct rt_record_switch){.from = from,
                                                                 .to = to,
                                                                 .at = t->decisions,
                                                                 .op = t->op,
                                                                 .waits = !t->place,
                                                                 .step = r->steps,
                                                                 .pc = t->pc};
    r->switch_count++;
}

/* ---- where it could have gone another way ---- */

void rt_check_point(uint32_t from)
{
    struct rt_det *d = &rt_det;
    struct rt_record *r = d->record;
    const struct rt_det_task *t = &d->tasks[from];
    if (r->point_count == RT_POINTS || d->able_count - (t->place != 0) == 0)
        return;
    struct rt_record_point *p = &r->points[r->point_count];
    bool looks = only_looks(t->op);
    *p = (struct rt_record_point){.from = from, .at = t->decisions, .step = r->steps, .object = t->object_number};
    bool waits_with_lock = t->held > 0 && t->op != RT_OP_MEMORY_WRITE;
    p->kind = !t->place ? RT_POINT_WAIT : looks ? RT_POINT_READ : waits_with_lock ? RT_POINT_HOLDS : RT_POINT_WRITE;
    if (p->kind != RT_POINT_WAIT && (!t->object_number || t->op == RT_OP_UNLOCK || t->op == RT_OP_RUNLOCK))
        return;
    /* First those that are about to use the same object. */
    for (int same = 1; same >= 0; same--)
        for (uint32_t i = 0; i < d->able_count && p->other_count < RT_OTHERS; i++) {
            uint32_t other = d->able[i];
            if (other != from && (d->tasks[other].object_number == t->object_number) == (same == 1))
                p->others[p->other_count++] = other;
        }
    r->point_count++;
}

/* Only now it is known who has used what. */
static void weed_points(struct rt_record *r)
{
    uint32_t left = 0;
    for (uint32_t i = 0; i < r->point_count; i++) {
        const struct object *o = &check.objects[r->points[i].object];
        if (r->points[i].kind == RT_POINT_WAIT || (o->shared && o->changed))
            r->points[left++] = r->points[i];
    }
    r->point_count = left;
}

/* ---- start and end ---- */

bool rt_check_start(void)
{
    struct rt_record *r = rt_det.record;
    r->outcome = RT_OUTCOME_UNFINISHED;
    r->result = 0;
    r->diverged = 0;
    r->switch_count = 0;
    r->steps = r->hash = r->ordering = 0;
    r->stride = 1;
    r->check_count = 0;
    check.wanted_stride = rt_check_stride(rt_det.schedule.check_steps);
    check.uncontrolled_count = 0;
    r->point_count = r->operation_count = 0;
    if (check.used > 0)
        rt_zero(check.slots, check.room * sizeof *check.slots);
    check.used = check.object_count = 0;
    return check.objects || grow_objects();
}

/* The calls of the switches, for people. */
void rt_check_names(void)
{
    struct rt_record *r = rt_det.record;
    if (!r->wants_switches || r->switch_count > RT_NAMED_SWITCHES)
        return;
    for (uint32_t i = 0; i < r->switch_count; i++) {
        struct rt_record_switch *s = &r->switches[i];
        struct rt_out out = {.fd = -1};
        name_call(&out, s->op, s->pc);
        snprintf(s->where, sizeof s->where, "%.*s", (int)out.used, out.text);
    }
}

void rt_check_outcome(enum rt_outcome outcome, int result, const char *message)
{
    struct rt_record *r = rt_det.record;
    const struct rt_schedule *s = &rt_det.schedule;
    if (r->outcome != RT_OUTCOME_UNFINISHED)
        return;
    r->outcome = outcome;
    r->result = result;
    snprintf(r->message, sizeof r->message, "%s", message ? message : "");
    rt_check_names();
    weed_points(r);
    if (s->check_steps && r->steps < s->check_steps)
        diverge(r->steps, "it has fewer steps");
}

void rt_check_stop(void)
{
    rt_free_addresses(check.slots, check.room * sizeof *check.slots);
    rt_free(check.objects, check.object_room * sizeof *check.objects);
    memset(&check, 0, sizeof check);
}
