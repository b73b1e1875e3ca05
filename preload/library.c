/* See library.h. */
#include "library.h"

#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


struct search {
    const char *name;
    const char *const *libraries;
    void *found;
};

static int search_module(struct dl_phdr_info *info, size_t size, void *arg)
{
    struct search *s = arg;
    (void)size;
    const char *base = strrchr(info->dlpi_name, '/');
    for (const char *const *l = s->libraries; base && *l && !s->found; l++) {
        void *module =
            strncmp(base + 1, *l, strlen(*l)) ? NULL : REAL(dlopen)(info->dlpi_name, RTLD_LAZY | RTLD_NOLOAD);
        if (!module)
            continue;
        s->found = dlsym(module, s->name);
        REAL(dlclose)(module);
    }
    return s->found != NULL;
}

/* Mostly it is behind us in the order of search, but not when it was loaded for some other library only. */
void *library_function(const char *name, const char *const *libraries)
{
    struct inside in = inside_begin();
    struct search s = {name, libraries, dlsym(RTLD_NEXT, name)};
    if (!s.found)
        dl_iterate_phdr(search_module, &s);
    inside_end(in);
    if (!s.found) {
        fprintf(stderr, "gorace: the program calls %s, which no library that is loaded has\n", name);
        abort();
    }
    return s.found;
}

void library_lock_made(struct actor *me, uintptr_t lock, uintptr_t pc)
{
    sync_forget(me, lock);
    lock_made(me, lock, THING_MUTEX, pc);
}

void library_lock_destroyed(struct actor *me, uintptr_t lock, uintptr_t pc)
{
    sync_forget(me, lock);
    lock_destroyed(me, lock, THING_MUTEX, pc);
}

bool library_lock_waits(struct actor *me, uintptr_t lock, bool nests, uintptr_t pc)
{
    const enum holder holder = lock_holder(me, lock);
    if (holder == HOLDER_NOBODY || (nests && holder == HOLDER_SELF))
        return false;
    wait_begin(me, &(struct wait_for){.thing = THING_MUTEX, .how = HOW_EXCLUSIVE, .key = lock}, pc);
    return true;
}

void library_lock_got(struct actor *me, uintptr_t lock, unsigned bits, uintptr_t pc)
{
    lock_acquire(me, lock);
    lock_got(me, lock, HOW(THING_MUTEX, HOW_EXCLUSIVE | bits), pc);
}

void library_lock_given(struct actor *me, uintptr_t lock)
{
    lock_release(me, lock);
    lock_gone(me, lock);
}
