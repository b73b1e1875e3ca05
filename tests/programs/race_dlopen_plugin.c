/* A plugin that was compiled with the hooks is opened, used by two threads, closed, and opened again. Its own race is
 * found in both lives (one finding: the same lines), and an access that its code made before it was closed is still
 * named when the host's later access races with it (2). Its static variables are fresh after the second opening. */
#include "barrier.h"
#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct schedule s;
static int of_host;
static int (*plugin_count)(void);
static void (*plugin_store)(int *);

static void *fail(const char *what)
{
    const char *error = dlerror();
    fprintf(stderr, "%s: %s\n", what, error ? error : "");
    _Exit(1);
}

static void *open_plugin(void)
{
    char path[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 20);
    path[n > 0 ? n : 0] = '\0';
    strcat(path, ".plugin.so");
    void *plugin = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!plugin)
        fail("dlopen");
    *(void **)&plugin_count = dlsym(plugin, "plugin_count");
    *(void **)&plugin_store = dlsym(plugin, "plugin_store");
    return plugin_count && plugin_store ? plugin : fail("dlsym");
}

static void *counts(void *arg)
{
    plugin_count();
    step(&s, *(int *)arg);
    return NULL;
}

static void *stores(void *arg)
{
    plugin_store(&of_host);
    step(&s, *(int *)arg);
    return NULL;
}

int main(void)
{
    static int number[] = {1, 2, 3};
    pthread_t thread[3];
    void *plugin = open_plugin();
    pthread_create(&thread[0], NULL, counts, &number[0]);
    await(&s, 1);
    int first = plugin_count();
    pthread_create(&thread[1], NULL, stores, &number[1]);
    await(&s, 2);
    pthread_join(thread[0], NULL);
    dlclose(plugin); /* thread 1 has left it, but nothing says so */
    if (dlopen("race_dlopen_plugin.plugin.so", RTLD_NOW | RTLD_NOLOAD))
        fail("still loaded");
    of_host++; // RACE 2
    pthread_join(thread[1], NULL);

    plugin = open_plugin();
    pthread_create(&thread[2], NULL, counts, &number[2]);
    await(&s, 3);
    int second = plugin_count();
    pthread_join(thread[2], NULL);
    dlclose(plugin);
    if (first != 2 || second != 2 || of_host != 8)
        fprintf(stderr, "counted %d, %d and %d\n", first, second, of_host);
    return 0;
}
