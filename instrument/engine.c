/* See engine.h. The tables are changed under `lock`, with all signals blocked; they are read without it where copies are
 * looked up, and so only grow: a module that was unloaded leaves its copies, which nobody enters any more. */
#include "engine.h"

#include <signal.h>
#include <sys/mman.h>

#include "../detector/arena.h"
#include "../preload/raw.h"
#include "area.h"
#include "copy.h"
#include "patch.h"
#include "regions.h"
#include "trap.h"

#define MODULES 1024
#define THUNK_ROOM ((uintptr_t)1 << 20)
#define TRANSLATOR_STACK ((size_t)256 << 10)

static struct oslock lock;
static struct module *modules[MODULES];
static uint32_t nmodules; /* atomic */
static char *translator_stack;

bool engine_start(const char **why)
{
    translator_stack = os_reserve(TRANSLATOR_STACK);
    if (!translator_stack) {
        *why = "instrument=1: out of memory";
        return false;
    }
    if (!regions_start()) {
        *why = "instrument=1: there is no room in the lower 2 GB";
        return false;
    }
    patch_start();
    return decode_start(why) && trap_start(why);
}

/* ---- modules ------------------------------------------------------------------------------------------------------- */

/* .plt is described by one entry, too: jumps through the table of the linker, entered at any of them. */
static bool is_plt(const uint8_t *b)
{
    if (b[0] == 0xf3 && b[1] == 0x0f && b[2] == 0x1e && b[3] == 0xfa)
        b += 4;
    if (b[0] == 0xf2)
        b++;
    return b[0] == 0xff && (b[1] == 0x35 || b[1] == 0x25);
}

static uint32_t padding_behind(const struct module *m, uintptr_t end, uintptr_t limit)
{
    uint32_t room = 0;
    const uint8_t *bytes = m->pristine + (end - m->image.text);
    while (end + room < limit && room < 16) {
        struct insn i;
        const uintptr_t rest = limit - end - room;
        if (!decode(bytes + room, rest < 15 ? (unsigned)rest : 15, end + room, &i) || !i.pads)
            break;
        room += i.length;
    }
    return end + room <= limit ? room : 0;
}

static bool take_functions(struct module *m)
{
    m->functions = os_reserve(m->image.nfunctions * sizeof *m->functions);
    m->copies = os_reserve(m->image.nfunctions * sizeof *m->copies);
    if (!m->functions || !m->copies)
        return false;
    uintptr_t end = m->image.text;
    for (uint32_t k = 0; k < m->image.nfunctions; k++) {
        uintptr_t start, size;
        if (!image_function(&m->image, k, &start, &size) || start < end || size > UINT32_MAX)
            continue;
        end = start + size;
        if (!is_plt((const uint8_t *)start))
            m->functions[m->nfunctions++] = (struct function){.start = start, .size = (uint32_t)size};
    }
    return m->nfunctions > 0;
}

static bool take_text(struct module *m)
{
    const uintptr_t size = m->image.text_end - m->image.text;
    uint8_t *pristine = os_reserve(size);
    if (!pristine)
        return false;
    copy_bytes(pristine, (const void *)m->image.text, size);
    m->pristine = pristine;
    const uintptr_t want = area_size(m->image.text, m->image.text_end);
    const uintptr_t near = area_near(m->image.text, m->image.text_end);
    if (!near)
        return false;
    m->area = near;
    m->area_end = near + want;
    m->thunk_code = (struct code){(uint8_t *)near, (uint8_t *)near + THUNK_ROOM, false};
    m->code = (struct code){(uint8_t *)near + THUNK_ROOM, (uint8_t *)near + want, false};
    return patch_open(m->image.text, m->image.text_end);
}

static void enter(uint64_t *mask)
{
    const uint64_t all = ~UINT64_C(0);
    raw_syscall(SYS_rt_sigprocmask, SIG_SETMASK, (long)&all, (long)mask, sizeof all, 0, 0);
    os_lock(&lock);
}

static void leave(const uint64_t *mask)
{
    os_unlock(&lock);
    raw_syscall(SYS_rt_sigprocmask, SIG_SETMASK, (long)mask, 0, sizeof *mask, 0, 0);
}

void engine_alone(void (*f)(void *arg), void *arg)
{
    uint64_t mask;
    enter(&mask);
    f(arg);
    leave(&mask);
}

bool engine_has(const struct image *image)
{
    for (uint32_t i = 0; i < nmodules; i++)
        if (!modules[i]->gone && modules[i]->image.text == image->text)
            return true;
    return false;
}

bool engine_add(const struct image *image, bool orders_only)
{
    uint64_t mask;
    struct module *m = nmodules < MODULES ? os_reserve(sizeof *m) : NULL;
    if (!m)
        return false;
    m->image = *image;
    m->orders_only = orders_only;
    enter(&mask);
    const bool taken = !take_functions(m) || take_text(m);
    if (!taken) { /* known, so as not to be tried again, and empty */
        m->nfunctions = 0;
        m->image.text_end = m->image.text;
    }
    __atomic_store_n(&modules[nmodules], m, __ATOMIC_RELEASE);
    __atomic_store_n(&nmodules, nmodules + 1, __ATOMIC_RELEASE);
    for (uint32_t k = 0; k < m->nfunctions; k++)
        patch_trap(m->functions[k].start);
    leave(&mask);
    return taken;
}

void engine_drop(bool (*loaded)(const struct image *image))
{
    for (uint32_t i = 0; i < nmodules; i++)
        if (!modules[i]->gone && !loaded(&modules[i]->image))
            __atomic_store_n(&modules[i]->gone, true, __ATOMIC_RELEASE);
}

void engine_each(void (*visit)(const struct module *m, void *ctx), void *ctx)
{
    const uint32_t n = __atomic_load_n(&nmodules, __ATOMIC_ACQUIRE);
    for (uint32_t i = 0; i < n; i++)
        visit(modules[i], ctx);
}

static struct module *module_of(uintptr_t pc)
{
    const uint32_t n = __atomic_load_n(&nmodules, __ATOMIC_ACQUIRE);
    for (uint32_t i = n; i-- > 0;) {
        struct module *m = modules[i];
        if (!__atomic_load_n(&m->gone, __ATOMIC_ACQUIRE) && pc - m->image.text < m->image.text_end - m->image.text)
            return m;
    }
    return NULL;
}

static struct function *function_of(const struct module *m, uintptr_t pc)
{
    uint32_t lo = 0, hi = m->nfunctions;
    while (lo < hi) {
        const uint32_t mid = (lo + hi) / 2;
        if (m->functions[mid].start <= pc)
            lo = mid + 1;
        else
            hi = mid;
    }
    struct function *f = lo ? &m->functions[lo - 1] : NULL;
    return f && pc - f->start < f->size ? f : NULL;
}

bool engine_in_text(uintptr_t pc)
{
    return module_of(pc) != NULL;
}

bool engine_orders_only(uintptr_t pc)
{
    const struct module *m = module_of(pc);
    return m && m->orders_only;
}

/* ---- copies -------------------------------------------------------------------------------------------------------- */

static int32_t pair_of(const struct copied *c, uint32_t offset)
{
    uint32_t lo = 0, hi = c->n;
    while (lo < hi) {
        const uint32_t mid = (lo + hi) / 2;
        if (c->pairs[mid].original < offset)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < c->n && c->pairs[lo].original == offset ? (int32_t)lo : -1;
}

/* Where the instruction at `target` is in the copy, or 0. */
static uintptr_t in_copy(const struct copied *c, uintptr_t target)
{
    const int32_t k = pair_of(c, (uint32_t)(target - c->original));
    return k < 0 ? 0 : c->copy + c->pairs[k].copy;
}

static void turn(const struct slot *s, uintptr_t to)
{
    const int32_t distance = (int32_t)(to - (s->cell + 8));
    __atomic_store_n((int32_t *)(s->cell + 4), distance, __ATOMIC_RELEASE); /* aligned: a jump sees one or the other */
}

static uintptr_t slot_for(struct module *m, struct function *f, uintptr_t target)
{
    for (struct slot *s = f->slots; s; s = s->next)
        if (s->target == target)
            return s->cell + 3;
    struct slot *s = arena_alloc(sizeof *s);
    if (!s || m->code.end - m->code.at < 4096)
        return target;
    m->code.end -= 8;
    *s = (struct slot){f->slots, target, (uintptr_t)m->code.end};
    *(uint8_t *)(s->cell + 3) = 0xe9;
    turn(s, target);
    f->slots = s;
    if (target != f->start)
        patch_trap(target);
    return s->cell + 3;
}

uintptr_t engine_destination(struct module *m, uintptr_t target)
{
    struct function *f = function_of(m, target);
    if (!f || f->state == FUNCTION_LEFT)
        return target;
    const uintptr_t there = f->state == FUNCTION_COPIED ? in_copy(f->copied, target) : 0;
    if (there || f->state == FUNCTION_COPIED)
        return there ? there : target;
    return slot_for(m, f, target);
}

static void leave_alone(const struct module *m, struct function *f, const char *why)
{
    f->why = why;
    __atomic_store_n(&f->state, FUNCTION_LEFT, __ATOMIC_RELEASE);
    patch_back(f->start, m->pristine[f->start - m->image.text]);
    for (const struct slot *s = f->slots; s; s = s->next)
        patch_back(s->target, m->pristine[s->target - m->image.text]);
}

static void make_copy(struct module *m, struct function *f)
{
    const char *why = NULL;
    struct copied *c = copy_function(m, f, &why);
    if (!c) {
        leave_alone(m, f, why);
        return;
    }
    const uint32_t k = (uint32_t)(f - m->functions);
    const uintptr_t limit = k + 1 < m->nfunctions ? m->functions[k + 1].start : m->image.text_end;
    f->room = f->size + padding_behind(m, f->start + f->size, limit);
    m->copies[m->ncopies] = c;
    __atomic_store_n(&m->ncopies, m->ncopies + 1, __ATOMIC_RELEASE);
    f->copied = c;
    __atomic_store_n(&f->state, FUNCTION_COPIED, __ATOMIC_RELEASE);
    for (uint32_t i = 0; i < c->n; i++)
        patch_trap(f->start + c->pairs[i].original);
    for (const struct slot *s = f->slots; s; s = s->next) {
        const uintptr_t there = in_copy(c, s->target);
        if (there)
            turn(s, there);
    }
}

/* A jump in place of the trap at an instruction that was met twice. */
static void learn(const struct function *f, struct copied *c, int32_t k)
{
    const uint32_t at = c->pairs[k].original;
    if (!c->trapped[k]) {
        c->trapped[k] = 1;
        return;
    }
    if (c->trapped[k] > 1 || at + 5 > f->room)
        return;
    c->trapped[k] = 2; /* tried */
    unsigned traps = 0;
    for (uint32_t i = (uint32_t)k + 1; i < c->n && c->pairs[i].original < at + 5; i++) {
        if (patch_is_jump(f->start + c->pairs[i].original))
            return;
        traps |= 1u << (c->pairs[i].original - at);
    }
    for (int32_t i = k - 1; i >= 0 && c->pairs[i].original + 5 > at; i--)
        if (patch_is_jump(f->start + c->pairs[i].original))
            return;
    const uintptr_t from = f->start + at;
    const uintptr_t to = c->copy + c->pairs[k].copy;
    uintptr_t stub = area_stub(from, to, traps);
    if (!stub && k == 0) {
        /* Nothing but the copy of what is before it ever goes to the second instruction of a function. */
        stub = c->copy;
        traps = 0;
    }
    if (stub)
        patch_jump(from, stub, to, traps);
}

struct trapping {
    uintptr_t pc, to;
};

static void on_own_stack(void *arg)
{
    struct trapping *t = arg;
    struct module *m = module_of(t->pc);
    struct function *f = m ? function_of(m, t->pc) : NULL;
    if (!f)
        return;
    if (f->state == FUNCTION_ARMED)
        make_copy(m, f);
    if (f->state == FUNCTION_LEFT) {
        t->to = m->pristine[t->pc - m->image.text] == 0xcc ? 0 : t->pc;
        return;
    }
    const int32_t k = pair_of(f->copied, (uint32_t)(t->pc - f->start));
    if (k < 0)
        return;
    t->to = f->copied->copy + f->copied->pairs[k].copy;
    learn(f, f->copied, k);
}

uintptr_t trap_resolve(uintptr_t pc)
{
    struct trapping t = {pc, 0};
    os_lock(&lock);
    trap_call_on(translator_stack + TRANSLATOR_STACK, on_own_stack, &t);
    os_unlock(&lock);
    return t.to;
}

static void enter_on_own_stack(void *arg)
{
    const struct trapping *t = arg;
    struct module *m = module_of(t->pc);
    struct function *f = m ? function_of(m, t->pc) : NULL;
    if (f && f->state == FUNCTION_ARMED)
        make_copy(m, f);
}

void engine_enter(uintptr_t pc)
{
    struct trapping t = {pc, 0};
    uint64_t mask;
    enter(&mask);
    trap_call_on(translator_stack + TRANSLATOR_STACK, enter_on_own_stack, &t);
    leave(&mask);
}

static const struct copied *copy_of(uintptr_t pc)
{
    const uint32_t n = __atomic_load_n(&nmodules, __ATOMIC_ACQUIRE);
    const struct module *m = NULL;
    for (uint32_t i = 0; i < n && !m; i++)
        if (pc - modules[i]->area < modules[i]->area_end - modules[i]->area)
            m = modules[i];
    uint32_t lo = 0, hi = m ? __atomic_load_n(&m->ncopies, __ATOMIC_ACQUIRE) : 0;
    while (lo < hi) {
        const uint32_t mid = (lo + hi) / 2;
        if (m->copies[mid]->copy <= pc)
            lo = mid + 1;
        else
            hi = mid;
    }
    const struct copied *c = lo ? m->copies[lo - 1] : NULL;
    return c && pc - c->copy < c->copy_size ? c : NULL;
}

static uint32_t insn_of(const struct copied *c, uintptr_t pc)
{
    const uint32_t offset = (uint32_t)(pc - c->copy);
    uint32_t lo = 0, hi = c->nasides;
    while (lo < hi) {
        const uint32_t mid = (lo + hi) / 2;
        if (c->asides[mid].copy <= offset)
            lo = mid + 1;
        else
            hi = mid;
    }
    if (lo)
        return c->asides[lo - 1].insn;
    hi = c->n;
    while (lo < hi) {
        const uint32_t mid = (lo + hi) / 2;
        if (c->pairs[mid].copy <= offset)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo - 1;
}

uintptr_t engine_original(uintptr_t pc)
{
    const struct copied *c = copy_of(pc);
    return c ? c->original + c->pairs[insn_of(c, pc)].original : 0;
}

uintptr_t engine_original_return(uintptr_t pc)
{
    const struct copied *c = copy_of(pc - 1);
    if (!c)
        return 0;
    const uint32_t next = insn_of(c, pc - 1) + 1;
    return c->original + (next < c->n ? c->pairs[next].original : c->size);
}

bool engine_insn_before(uintptr_t end, struct insn *i)
{
    const struct module *m = module_of(end - 1);
    const struct function *f = m ? function_of(m, end - 1) : NULL;
    if (!f || __atomic_load_n(&f->state, __ATOMIC_ACQUIRE) != FUNCTION_COPIED)
        return false;
    const struct copied *c = f->copied;
    const uint32_t offset = (uint32_t)(end - f->start);
    const int32_t next = offset < c->size ? pair_of(c, offset) : (int32_t)c->n;
    if (next <= 0)
        return false;
    const uint32_t at = c->pairs[next - 1].original;
    return decode(m->pristine + (f->start - m->image.text) + at, offset - at, f->start + at, i);
}

/* ---- fork ---------------------------------------------------------------------------------------------------------- */

static uint64_t fork_mask;

void engine_fork_begin(void)
{
    uint64_t mask;
    enter(&mask);
    fork_mask = mask;
}

void engine_fork_end(void)
{
    const uint64_t mask = fork_mask;
    leave(&mask);
}
