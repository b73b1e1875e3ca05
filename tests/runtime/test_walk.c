/* libunwind walks a goroutine's stack, from inside, to a clean end: it names the entry last and stops there. */
#define UNW_LOCAL_ONLY
#include <libunwind.h>
#include <string.h>

#include "run.h"

struct walk {
    char names[32][64];
    int frames, last; /* last: what unw_step said at the end, 0 is a clean one */
};

static __attribute__((noinline)) void walk_here(struct walk *walk)
{
    unw_context_t context;
    unw_cursor_t cursor;
    unw_word_t offset;
    unw_getcontext(&context);
    unw_init_local(&cursor, &context);
    memset(walk, 0, sizeof *walk);
    do {
        if (unw_get_proc_name(&cursor, walk->names[walk->frames], sizeof walk->names[0], &offset) != 0)
            strcpy(walk->names[walk->frames], "?");
        walk->frames++;
    } while ((walk->last = unw_step(&cursor)) > 0 && walk->frames < 32);
}

static __attribute__((noinline)) int below(struct walk *walk, int depth)
{
    if (depth == 0)
        walk_here(walk);
    else
        below(walk, depth - 1);
    return walk->frames + depth;
}

static struct walk walk;
static int done;

static void walker(int yields)
{
    for (int i = 0; i < yields; i++)
        goro_yield();
    below(&walk, 3);
    __atomic_store_n(&done, 1, __ATOMIC_RELEASE);
}

static int finds(const char *name)
{
    int count = 0;
    for (int i = 0; i < walk.frames; i++)
        count += strncmp(walk.names[i], name, strlen(name)) == 0; /* gcc may add .constprop.0 */
    return count;
}

static void walk_after(int yields)
{
    done = 0;
    goro_go(walker, yields);
    while (!__atomic_load_n(&done, __ATOMIC_ACQUIRE))
        goro_yield();
    CHECK_EQ(walk.last, 0);
    CHECK_EQ(finds("below"), 4);
    CHECK_EQ(finds("walker"), 1);
    CHECK(strcmp(walk.names[walk.frames - 1], "rt_ctx_entry") == 0);
    CHECK_EQ(walk.frames, 7);
}

/* On a fresh stack, on one that another goroutine has left, and on another thread than it began on. */
GORO_TEST(test_walk)
{
    walk_after(0);
    walk_after(0);
    walk_after(100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_walk)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
