/* Two semaphores, crossed: a connection and then a file, a file and then a connection. Fixed: one order. */
#include "kernel.h"

static goro_sem connections = GORO_SEM_INIT(1), files = GORO_SEM_INIT(1);

static void use(goro_sem *first, goro_sem *second)
{
    goro_sem_acquire(first, 1);
    goro_sem_acquire(second, 1);
    goro_sem_release(second, 1);
    goro_sem_release(first, 1);
}

static void upload(void)
{
    use(&files, &connections);
}

static void download(void)
{
#ifdef FIXED
    use(&files, &connections);
#else
    use(&connections, &files);
#endif
}

static void kernel(void)
{
    TOGETHER(upload, download);
}
