/* dlopen and dlclose. Edges: what the thread that loads a library did, its constructors included -> the return of every
 * later dlopen and dlclose (the loader has one lock for all).
 *
 * dlopen looks at its return address to find the module that calls it: that module's RUNPATH is searched, $ORIGIN is
 * its folder, and its namespace is the one to load into. Behind a wrapper the caller would be libgorace.so. Where it
 * matters the real function is called with a return address inside of the caller's code (arch/.../call_as.h); a jump
 * instead of a call would serve as well, but then nothing could be done after it. Where it does not matter, which is
 * nearly always, the call is a plain one, because the other confuses unwinders while constructors run.
 *
 * A library that is unloaded leaves the history of its variables behind, where other ones will be mapped. */
#include <link.h>
#include <string.h>

#include "../detector/os.h"
#include "../instrument/instrument.h"
#include "arch/x86_64/call_as.h"
#include "interpose.h"
#include "library.h"
#include "modules.h"
#include "process.h"

static char loader; /* its address is the sync object of the loader's lock */

/* ---- the caller ------------------------------------------------------------------------------------------------- */

static bool has_search_path(const struct link_map *map)
{
    for (const ElfW(Dyn) *d = map->l_ld; d && d->d_tag != DT_NULL; d++)
        if (d->d_tag == DT_RUNPATH || d->d_tag == DT_RPATH)
            return true;
    return false;
}

static bool caller_matters(const char *file, const struct link_map *caller)
{
    Lmid_t space = LM_ID_BASE;
    if (dlinfo((void *)caller, RTLD_DI_LMID, &space) == 0 && space != LM_ID_BASE)
        return true;
    if (!file)
        return false;
    return strchr(file, '$') || (!strchr(file, '/') && has_search_path(caller));
}

struct code {
    uintptr_t pc;
    const unsigned char *begin, *end;
};

static int find_code(struct dl_phdr_info *info, size_t size, void *arg)
{
    struct code *code = arg;
    (void)size;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &info->dlpi_phdr[i];
        uintptr_t begin = info->dlpi_addr + p->p_vaddr;
        if (p->p_type == PT_LOAD && (p->p_flags & PF_X) && code->pc - begin < p->p_memsz) {
            code->begin = (const unsigned char *)begin;
            code->end = code->begin + p->p_filesz;
            return 1;
        }
    }
    return 0;
}

/* A `ret` instruction in the segment of `pc`, or NULL. */
static const void *return_near(uintptr_t pc)
{
    struct code code = {.pc = pc};
    if (!dl_iterate_phdr(find_code, &code))
        return NULL;
    for (const unsigned char *p = (const unsigned char *)pc; p < code.end; p++)
        if (*p == RETURN_INSTRUCTION)
            return p;
    for (const unsigned char *p = (const unsigned char *)pc; p-- > code.begin;)
        if (*p == RETURN_INSTRUCTION)
            return p;
    return NULL;
}

/* The address to call from as the code at `pc`; NULL: a plain call will do. */
static const void *call_from(const char *file, uintptr_t pc)
{
    Dl_info info;
    struct link_map *caller;
    struct inside in = inside_begin();
    const void *from = NULL;
    if (dladdr1((void *)pc, &info, (void **)&caller, RTLD_DL_LINKMAP) && caller && caller_matters(file, caller) &&
        can_call_as())
        from = return_near(pc);
    inside_end(in);
    return from;
}

static void opened(struct actor *me, const void *handle)
{
    if (me) {
        sync_acquire(me, (uintptr_t)&loader);
        sync_release_merge(me, (uintptr_t)&loader);
        if (handle)
            modules_changed();
    }
    modules_loading(false);
}

INTERPOSE(void *, dlopen, (const char *file, int mode))
{
    struct actor *me = current();
    const void *from = call_from(file, instrument_return(CALLER));
    modules_loading(true);
    void *handle =
        from ? call_as(from, (void *)REAL(dlopen), file, (void *)(intptr_t)mode, NULL) : REAL(dlopen)(file, mode);
    opened(me, handle);
    return handle;
}

INTERPOSE(void *, dlmopen, (Lmid_t space, const char *file, int mode))
{
    struct actor *me = current();
    const void *from = call_from(file, instrument_return(CALLER));
    modules_loading(true);
    void *handle = from ? call_as(from, (void *)REAL(dlmopen), (void *)space, file, (void *)(intptr_t)mode)
                        : REAL(dlmopen)(space, file, mode);
    opened(me, handle);
    return handle;
}

/* ---- unloading -------------------------------------------------------------------------------------------------- */

/* The writable segments of the modules that are loaded. */
struct segments {
    size_t n, max;
    unsigned long long unloads; /* by the loader's count */
    struct segment {
        uintptr_t begin, size;
    } * list;
};

static int add_segments(struct dl_phdr_info *info, size_t size, void *arg)
{
    struct segments *s = arg;
    (void)size;
    s->unloads = info->dlpi_subs;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &info->dlpi_phdr[i];
        if (p->p_type != PT_LOAD || !(p->p_flags & PF_W))
            continue;
        if (s->n < s->max)
            s->list[s->n] = (struct segment){info->dlpi_addr + p->p_vaddr, p->p_memsz};
        s->n++;
    }
    return 0;
}

#define ROOM ((size_t)1 << 20)

static bool take_segments(struct segments *s)
{
    *s = (struct segments){.list = os_reserve(ROOM), .max = ROOM / sizeof *s->list};
    if (!s->list)
        return false;
    dl_iterate_phdr(add_segments, s);
    s->n = s->n < s->max ? s->n : s->max;
    return true;
}

static void forget_unloaded(struct actor *me, const struct segments *before)
{
    struct segments now;
    struct inside in = inside_begin();
    bool known = take_segments(&now);
    inside_end(in);
    if (!known)
        return;
    for (size_t i = 0; now.unloads != before->unloads && i < before->n; i++) {
        const struct segment *s = &before->list[i];
        bool loaded = false;
        for (size_t j = 0; j < now.n && !loaded; j++)
            loaded = now.list[j].begin == s->begin && now.list[j].size == s->size;
        if (!loaded)
            mem_fresh(me, s->begin, s->size);
    }
    if (now.unloads != before->unloads)
        modules_changed();
    os_unmap(now.list, ROOM);
}

static int unload(void *handle)
{
    library_unloads();
    int result = REAL(dlclose)(handle);
    library_unloads();
    return result;
}

INTERPOSE(int, dlclose, (void *handle))
{
    struct actor *me = current();
    struct segments before;
    if (!me)
        return unload(handle);
    struct inside in = inside_begin();
    bool known = take_segments(&before);
    inside_end(in);
    sync_release_merge(me, (uintptr_t)&loader);
    modules_unloading();
    int result = unload(handle);
    sync_acquire(me, (uintptr_t)&loader);
    if (known) {
        forget_unloaded(me, &before);
        os_unmap(before.list, ROOM);
    } else {
        modules_changed();
    }
    return result;
}
