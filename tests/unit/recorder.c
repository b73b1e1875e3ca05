#include "recorder.h"

#include <sys/mman.h>

struct finding recorded[RECORDED_MAX];
int nrecorded;
struct finding_step recorded_steps[RECORDED_STEPPED][RECORDED_STEPS];
struct finding_object recorded_paths[RECORDED_STEPPED][RECORDED_PATH];
int recorded_everybody;
static struct finding_lock first_held[RECORDED_STEPPED][RECORDED_STEPS];
struct actor *main_actor;

static void found(struct actor *by, const struct finding *f)
{
    (void)by;
    /* Threads of a test report at once. */
    int n = __atomic_fetch_add(&nrecorded, 1, __ATOMIC_RELAXED);
    if (n < RECORDED_MAX)
        recorded[n] = *f;
    for (int i = 0; n < RECORDED_STEPPED && i < f->npath && i < RECORDED_PATH; i++)
        recorded_paths[n][i] = f->path[i];
    for (int i = 0; n < RECORDED_STEPPED && i < f->nsteps && i < RECORDED_STEPS; i++) {
        recorded_steps[n][i] = f->steps[i];
        if (f->steps[i].held)
            first_held[n][i] = f->steps[i].held[0];
        recorded_steps[n][i].held = &first_held[n][i];
    }
}

static void deadlocked(bool everybody)
{
    recorded_everybody += everybody;
}

static void say(const char *line)
{
    fprintf(stderr, "%s\n", line);
}

int recorder_start(void **state)
{
    static const struct detector_host host = {.found = found, .say = say, .deadlocked = deadlocked};
    (void)state;
    if (!detector_start(&host))
        return -1;
    main_actor = actor_born(NULL, 0);
    return main_actor ? 0 : -1;
}

int recorder_clear(void **state)
{
    (void)state;
    nrecorded = recorded_everybody = 0;
    return 0;
}

uintptr_t top_of(uint32_t stack)
{
    uintptr_t pc = 0;
    context_pcs(stack, &pc, 1);
    return pc;
}

void *fresh_memory(size_t size)
{
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(p != MAP_FAILED);
    mem_fresh(main_actor, (uintptr_t)p, size);
    return p;
}

void fresh_locks(uintptr_t *locks, int n)
{
    char *memory = fresh_memory((size_t)n * 64);
    for (int i = 0; i < n; i++)
        locks[i] = (uintptr_t)memory + 64 * (uintptr_t)i;
}

void actors_come(struct actor **actors, int n)
{
    for (int i = 0; i < n; i++)
        actors[i] = actor_born(main_actor, 1);
}

void actors_go(struct actor **actors, int n)
{
    for (int i = 0; i < n; i++) {
        actor_ends(actors[i]);
        actor_joins(main_actor, actors[i]);
    }
}
