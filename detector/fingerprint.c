/* The number that a finding has in every run (filter.h says what it is made of).
 *
 * It is written down in users' baselines, so the hash is spelled out here and must never change: FNV-1a, 64 bits, over
 * the bytes of each frame; the sides' hashes are sorted and hashed in turn, those of steps added up, each once. */
#include "filter.h"

#define FNV_START 0xcbf29ce484222325u
#define FNV_PRIME 0x100000001b3u

static uint64_t hash_byte(uint64_t h, unsigned char byte)
{
    return (h ^ byte) * FNV_PRIME;
}

/* With its final zero, so that two texts in a row cannot be cut differently. */
static uint64_t hash_text(uint64_t h, const char *s)
{
    for (; *s; s++)
        h = hash_byte(h, (unsigned char)*s);
    return hash_byte(h, 0);
}

static uint64_t hash_number(uint64_t h, uint64_t v)
{
    for (int i = 0; i < 8; i++)
        h = hash_byte(h, (unsigned char)(v >> (8 * i)));
    return h;
}

static uint64_t hash_frame(const struct symbol_frame *f)
{
    uint64_t h = FNV_START;
    const char *module = base_name(f->module);
    if (f->function) {
        h = hash_text(h, f->function);
        h = hash_text(h, f->file ? base_name(f->file) : module);
        return hash_number(h, f->line && f->function_line ? (uint64_t)(f->line - f->function_line) : 0);
    }
    h = hash_text(h, *f->build_id ? f->build_id : module);
    return hash_number(h, f->offset);
}

static uint64_t hash_side(const struct report_stack *s)
{
    uint64_t h = FNV_START, last = 0;
    for (int i = 0; i < s->n; i++) {
        uint64_t frame = hash_frame(s->at[i].frame);
        if (frame != last)
            h = hash_number(h, frame);
        last = frame;
    }
    return h;
}

static uint64_t hash_step(const struct report_step *s)
{
    uint64_t h = hash_text(FNV_START, report_role(s->step->role));
    h = hash_number(h, hash_side(&s->stack));
    return s->step->role == STEP_ACQUIRES ? hash_number(h, hash_side(&s->held[0].taken)) : h;
}

/* The set of them: how many do the same at the same place, and where in a cycle the tale begins, differs from run to run. */
static uint64_t hash_steps(const struct report *r)
{
    static uint64_t known[REPORT_STEPS]; /* the reporter's lock guards it, as it does the report */
    uint64_t sum = 0;
    int n = 0;
    for (int i = 0; i < r->nsteps; i++) {
        const uint64_t h = hash_step(&r->step[i]);
        int k = 0;
        while (k < n && known[k] != h)
            k++;
        if (k < n)
            continue;
        known[n++] = h;
        sum += h;
    }
    return sum;
}

uint64_t filter_fingerprint(const struct report *r)
{
    if (r->finding->kind != FINDING_RACE) {
        uint64_t h = hash_text(FNV_START, report_kind(r->finding->kind));
        if (r->finding->kind == FINDING_MISUSE)
            h = hash_text(h, report_misuse(r->finding->misuse));
        return hash_number(h, hash_steps(r));
    }
    uint64_t a = hash_side(&r->access[0]), b = hash_side(&r->access[1]);
    uint64_t h = hash_text(FNV_START, report_kind(r->finding->kind));
    h = hash_text(h, r->has_variable && r->variable.name ? r->variable.name : "");
    h = hash_number(h, a < b ? a : b);
    return hash_number(h, a < b ? b : a);
}
