/* Puts a report together: names the stacks of a finding, leaves out what is not the program's, and finds the variable.
 *
 * Left out are frames of the detector (libgorace*), everything that called main, and at the outer end the frames of
 * libc that start a program or a thread. All is static storage that the caller's lock guards: the reporter allocates
 * nothing. */
#include <stddef.h>

#include "filter.h"
#include "naming.h"
#include "os.h"
#include "report_sys.h"

#define STACK_PCS 65536     /* return addresses shown of one stack */
#define REPORT_FRAMES 16384 /* frames in one report */
#define UNNAMED_FRAMES 4096

static const struct symbolizer *names; /* may be NULL */
static struct report_frame frames[REPORT_FRAMES];
static int nframes;
static struct symbol_frame unnamed_frames[UNNAMED_FRAMES];
static int nunnamed;

#define GIVEN_NAMES 256 /* in one report; further locks are called by their variables */
static char given[GIVEN_NAMES][NAMING_BYTES];
static int ngiven;

static bool starts_with(const char *s, const char *start)
{
    while (*start && *s == *start)
        s++, start++;
    return *start == 0;
}

static bool is_equal(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return *a == *b;
}

static bool is_detector(const struct symbol_frame *f)
{
    return starts_with(base_name(f->module), "libgorace");
}

/* What comes below the program's own first function: start-up code. */
static bool is_startup(const struct symbol_frame *f)
{
    static const char *const modules[] = {"libc.so", "libc-", "libpthread", "ld-linux", "ld-musl"};
    for (size_t i = 0; i < sizeof modules / sizeof *modules; i++)
        if (starts_with(base_name(f->module), modules[i]))
            return true;
    static const char *const functions[] = {"_start", "rt_ctx_entry", "rt_run_main"}; /* rt_: libgoro's */
    for (size_t i = 0; f->function && i < sizeof functions / sizeof *functions; i++)
        if (is_equal(f->function, functions[i]))
            return true;
    return false;
}

static bool is_main(const struct symbol_frame *f)
{
    return f->function && starts_with(f->function, "main") && (f->function[4] == 0 || f->function[4] == '(');
}

static void add_frame(const struct symbol_frame *f, struct report_stack *s)
{
    if (s->n && frames[nframes - 1].frame == f) {
        frames[nframes - 1].times++;
    } else if (nframes < REPORT_FRAMES) {
        frames[nframes++] = (struct report_frame){f, 1};
        s->n++;
    } else {
        s->more = true;
    }
}

/* A return address as a frame when there is no symboliser. */
static const struct symbol_frame *unnamed(uintptr_t pc)
{
    struct symbol_frame *f = &unnamed_frames[nunnamed < UNNAMED_FRAMES - 1 ? nunnamed++ : nunnamed];
    *f = (struct symbol_frame){.module = "", .build_id = "", .offset = pc - 1};
    return f;
}

static struct report_stack name_stack(uint32_t stack)
{
    static uintptr_t pcs[STACK_PCS];
    struct report_stack s = {.at = frames + nframes};
    int n = stack ? context_pcs(stack, pcs, STACK_PCS) : 0;
    bool end = false;
    for (int i = 0; i < n && !end; i++) {
        const struct symbol_frame *f;
        int same_place = 1;
        if (names)
            same_place = names->frames(pcs[i], &f);
        else
            f = unnamed(pcs[i]);
        for (int j = 0; j < same_place; j++) {
            if (!is_detector(&f[j]))
                add_frame(&f[j], &s);
            end = end || is_main(&f[j]);
        }
    }
    s.more = s.more || (n == STACK_PCS && !end);
    while (s.n > 1 && is_startup(s.at[s.n - 1].frame)) {
        s.n--;
        nframes--;
    }
    return s;
}

static void add_actor(struct report *r, const struct finding_actor *who)
{
    for (int i = 0; i < r->nactors; i++)
        if (r->actors[i].who->number == who->number)
            return;
    if (r->nactors == REPORT_ACTORS)
        return;
    r->actors[r->nactors++] = (struct report_actor){who, name_stack(who->birth_stack)};
}

/* Code that uses the memory says best where its definition is. */
static bool name_variable(const struct finding *f, uintptr_t addr, struct symbol_variable *v)
{
    uintptr_t pcs[2];
    int n = 0;
    for (int i = 0; i < 2; i++)
        if (f->access[i].stack && context_pcs(f->access[i].stack, pcs + n, 1) > 0)
            n++;
    return names && names->variable(addr, pcs, n, v);
}

/* What the program has called it, or the variable that it is. `stack`: of code that uses it. */
static const char *name_object(uint64_t addr, uint32_t stack)
{
    struct symbol_variable v;
    uintptr_t pc;
    if (addr >> 63)
        return NULL; /* a key, not an address */
    if (ngiven < GIVEN_NAMES && naming_find(addr, given[ngiven]))
        return given[ngiven++];
    int n = stack ? context_pcs(stack, &pc, 1) : 0;
    return names && names->variable(addr, &pc, n, &v) ? v.name : NULL;
}

static void name_side(struct report *r, int side)
{
    const struct finding_access *a = &r->finding->access[side];
    r->access[side] = name_stack(a->stack);
    for (int i = 0; i < report_locks(a); i++) {
        r->lock[side][i].taken = name_stack(a->locks[i].stack);
        r->lock[side][i].name = name_object(a->locks[i].addr, a->locks[i].stack);
    }
}

static void name_step(struct report *r, const struct finding_step *s)
{
    struct report_step *to = &r->step[r->nsteps++];
    to->step = s;
    to->stack = name_stack(s->stack);
    to->name = name_object(s->addr, s->stack);
    for (int i = 0; i < report_step_locks(s); i++) {
        to->held[i].taken = name_stack(s->held[i].stack);
        to->held[i].name = name_object(s->held[i].addr, s->held[i].stack);
    }
    add_actor(r, &s->actor);
}

static bool is_shown(const struct report *r, const struct finding_step *s)
{
    for (int i = 0; i < r->nsteps; i++)
        if (r->step[i].step == s)
            return true;
    return false;
}

static bool is_like_shown(const struct report *r, const struct finding_step *s)
{
    for (int i = 0; i < r->nsteps; i++)
        if (r->step[i].step->stack == s->stack && r->step[i].step->role == s->role)
            return true;
    return false;
}

/* When there are too many, as when a million goroutines wait for one another, then first one of each place. */
static void name_steps(struct report *r, const struct finding *f)
{
    const bool too_many = f->nsteps > REPORT_STEPS;
    for (int i = 0; i < f->nsteps && r->nsteps < REPORT_STEPS; i++)
        if (!too_many || !is_like_shown(r, &f->steps[i]))
            name_step(r, &f->steps[i]);
    for (int i = 0; i < f->nsteps && r->nsteps < REPORT_STEPS && too_many; i++)
        if (!is_shown(r, &f->steps[i]))
            name_step(r, &f->steps[i]);
}

static void name_race(struct report *r)
{
    const struct finding *f = r->finding;
    const struct finding_object *object = &f->object;
    name_side(r, 0);
    name_side(r, 1);
    if (object->kind == OBJECT_HEAP)
        r->allocated = name_stack(object->stack);
    else if (object->kind == OBJECT_UNKNOWN || object->kind == OBJECT_GLOBAL)
        r->has_variable = name_variable(f, f->access[0].addr, &r->variable);
    add_actor(r, &f->access[0].actor);
    add_actor(r, &f->access[1].actor);
    if (object->kind == OBJECT_HEAP || object->kind == OBJECT_STACK || object->kind == OBJECT_TLS)
        add_actor(r, &object->actor);
}

static void name_link(struct report *r, const struct finding_object *o)
{
    struct report_link *to = &r->path[r->npath++];
    to->object = o;
    if (o->kind == OBJECT_HEAP)
        to->allocated = name_stack(o->stack);
    else if (o->kind == OBJECT_GLOBAL)
        to->name = name_object(o->base, 0);
}

uint64_t report_build(struct report *r, const struct finding *f, const struct symbolizer *symbolizer)
{
    names = symbolizer;
    nframes = nunnamed = ngiven = 0;
    if (names)
        names->refresh();
    zero_bytes(r, sizeof *r); /* as an initializer it would become a call of memset */
    r->finding = f;
    r->pid = sys_getpid();
    r->replay = "";
    if (f->kind == FINDING_RACE)
        name_race(r);
    name_steps(r, f);
    for (int i = 0; i < f->npath && i < REPORT_PATH; i++)
        name_link(r, &f->path[i]);
    uint64_t fingerprint = filter_fingerprint(r);
    for (int i = 0; i < 16; i++)
        r->fingerprint[i] = "0123456789abcdef"[fingerprint >> (60 - 4 * i) & 15];
    return fingerprint;
}
