/* See library.h.
 *
 * Mostly a library's functions are behind us in the global scope. Not so where it was loaded for some other library only, as by an
 * interpreter for its extensions: then two modules may have two libraries of one kind (a C++ runtime linked into a plugin, an OpenMP
 * runtime that comes with a package), whose functions must not be mixed. */
#include "library.h"

#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../instrument/instrument.h"
#include "modules.h"

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

/* What the modules of a range of addresses find. Never changed once it can be seen, and never freed: there are as many as rows that are
 * not in the global scope times modules that call them, and again after each dlclose. */
struct library_bound {
    uintptr_t start, size;
    uint64_t unloads; /* true while no other module has been unloaded */
    void *function;
    struct library_bound *next;
};
#define BOUND 512 /* beyond it each call asks the loader */
static struct library_bound bound[BOUND];
static unsigned bound_used; /* these two: atomic */
static uint64_t unloads;

void library_unloads(void)
{
    __atomic_fetch_add(&unloads, 1, __ATOMIC_SEQ_CST);
}

static bool is_ours(const void *function)
{
    uintptr_t lo, hi;
    modules_self(&lo, &hi);
    return (uintptr_t)function - lo < hi - lo;
}

/* The first among the calling module and what it needs. NULL: none. */
static void *found_by_caller(const char *name, uintptr_t pc)
{
    struct dl_find_object module;
    struct inside in = inside_begin();
    void *found = NULL;
    if (!is_ours((void *)pc) && _dl_find_object((void *)pc, &module) == 0 && module.dlfo_link_map->l_name[0]) {
        void *handle = REAL(dlopen)(module.dlfo_link_map->l_name, RTLD_LAZY | RTLD_NOLOAD);
        if (handle) {
            found = dlsym(handle, name);
            REAL(dlclose)(handle);
        }
    }
    inside_end(in);
    return is_ours(found) ? NULL : found; /* it may need us by the name of libtsan */
}

static void *library_bound_to(const struct library_row *row, uintptr_t pc)
{
    const uint64_t now = __atomic_load_n(&unloads, __ATOMIC_SEQ_CST);
    const struct library_bound *b = __atomic_load_n(&row->bound, __ATOMIC_ACQUIRE);
    while (b && (pc - b->start >= b->size || b->unloads != now))
        b = b->next;
    return b ? b->function : NULL;
}

static void library_bind(struct library_row *row, uintptr_t pc, uint64_t when, void *function)
{
    struct dl_find_object module;
    if (_dl_find_object((void *)pc, &module) != 0 || __atomic_load_n(&bound_used, __ATOMIC_RELAXED) >= BOUND)
        return;
    const unsigned i = __atomic_fetch_add(&bound_used, 1, __ATOMIC_RELAXED);
    if (i >= BOUND)
        return;
    struct library_bound *b = &bound[i];
    const uintptr_t start = (uintptr_t)module.dlfo_map_start;
    *b = (struct library_bound){start, (uintptr_t)module.dlfo_map_end - start, when, function,
                                __atomic_load_n(&row->bound, __ATOMIC_RELAXED)};
    while (!__atomic_compare_exchange_n(&row->bound, &b->next, b, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
        ;
}

void *library_function_for(struct library_row *row, const char *const *libraries, uintptr_t pc)
{
    pc = instrument_return(pc);
    void *found = library_bound_to(row, pc);
    if (found)
        return found;
    const uint64_t when = __atomic_load_n(&unloads, __ATOMIC_SEQ_CST);
    struct inside in = inside_begin();
    found = dlsym(RTLD_NEXT, row->name);
    inside_end(in);
    if (found) {
        __atomic_store_n(&row->behind, found, __ATOMIC_RELAXED);
        return found;
    }
    found = found_by_caller(row->name, pc);
    if (!found) {
        struct search s = {row->name, libraries, NULL};
        in = inside_begin();
        dl_iterate_phdr(search_module, &s);
        inside_end(in);
        found = s.found;
    }
    if (!found)
        found = row->otherwise;
    if (!found) {
        fprintf(stderr, "gorace: the program calls %s, which no library that is loaded has\n", row->name);
        abort();
    }
    library_bind(row, pc, when, found);
    return found;
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
