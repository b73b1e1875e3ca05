/* See symbolizer_load.h.
 *
 * Versions of libdw ask the environment at load time whether debuginfod is wanted; they would bring libcurl into the
 * program. The variable is therefore renamed while the module is loaded: its first letter, in place, so that
 * the environment stays the very same block. */
#include "symbolizer_load.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern const char __ehdr_start[] __attribute__((visibility("hidden")));

static char *debuginfod_setting(void)
{
    static const char name[] = "DEBUGINFOD_URLS=";
    for (char **e = environ; e && *e; e++)
        if (strncmp(*e, name, sizeof name - 1) == 0)
            return *e;
    return NULL;
}

static void *load(const char *path)
{
    char *setting = debuginfod_setting();
    if (setting)
        *setting = '_';
    void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (setting)
        *setting = 'D';
    return module;
}

/* The module in the folder of `file`, or NULL. */
static void *load_beside(const char *file)
{
    char path[PATH_MAX];
    const char *slash = strrchr(file, '/');
    int folder = slash ? (int)(slash - file) + 1 : 0;
    int n = snprintf(path, sizeof path, "%.*s%s", folder, file, SYMBOLIZER_FILE);
    return slash && n < (int)sizeof path ? load(path) : NULL;
}

const struct symbolizer *symbolizer_load(const char **why)
{
    Dl_info self;
    char real[PATH_MAX];
    *why = "cannot find the folder of " SYMBOLIZER_FILE ": reports are without names";
    /* The name may be that of a link in a system folder. */
    if (!dladdr(__ehdr_start, &self) || !self.dli_fname || !realpath(self.dli_fname, real))
        return NULL;
    void *module = load_beside(real);
    if (!module) {
        static char said[PATH_MAX + 200];
        const char *reason = dlerror();
        snprintf(said, sizeof said, "%s: reports are without names (%s needs the package of libdw, e.g. libdw1)",
                 reason ? reason : SYMBOLIZER_FILE, SYMBOLIZER_FILE);
        *why = said;
        return NULL;
    }
    symbolizer_entry *entry = (symbolizer_entry *)dlsym(module, SYMBOLIZER_ENTRY);
    const struct symbolizer *s = entry ? entry(SYMBOLIZER_ABI) : NULL;
    *why = s ? NULL : SYMBOLIZER_FILE " is of another version: reports are without names";
    return s;
}
