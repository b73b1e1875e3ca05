/* A copy of a struct reads every field, also the one that another goroutine writes. */
#include "goro_await.h"

static struct schedule s;
struct state {
    int width, height;
    int frames; /* counted by the renderer */
} state = {640, 480, 0}, saved;

static void render(void)
{
    state.frames++; // RACE render
    step(&s, 1);
}

static int start(void *arg)
{
    (void)arg;
    goro_go(render);
    goro_await(&s, 1);
    saved = state; // RACE start
    return 0;
}

int main(void)
{
    return goro_run(start, NULL);
}
