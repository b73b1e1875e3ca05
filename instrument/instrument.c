/* See instrument.h. Which modules: all but those that are the detector's, the C library and loader, which are seen through
 * wrapped functions, the allocators, whose functions are wrapped too, unwinders, runtimes of sanitizers, and what carries the hooks. */
#include "instrument.h"

#include <errno.h>
#include <link.h>
#include <string.h>

#include "../detector/detector.h"
#include "../detector/outbuf.h"
#include "../detector/unwind.h"
#include "../preload/modules.h"
#include "area.h"
#include "bind.h"
#include "engine.h"

static bool active; /* set once, before there is anything to be found */

static bool is_left(const char *file)
{
    static const char *const names[] = {"ld-linux",  "linux-vdso",  "libc.so",     "libpthread.so", "libdl.so",
                                        "librt.so",  "libanl.so",   "libresolv.",  "libnss_",       "libgcc_s.so",
                                        "libunwind", "libjemalloc", "libtcmalloc", "libmimalloc",   "libgorace",
                                        "libZydis.", "libZycore.",  "libtsan.",    "libasan.",      "libubsan.",
                                        "liblsan.",  "libdw",       "libelf",      "libdebuginfod"};
    const char *slash = strrchr(file, '/'), *base = slash ? slash + 1 : file;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strncmp(base, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

static const char *chosen = ""; /* instrument_modules */

/* The program itself has no name in the loader's list. */
static bool is_chosen(const char *file)
{
    const char *slash = strrchr(file, '/'), *base = slash ? slash + 1 : *file ? file : program_invocation_short_name;
    bool otherwise = true;
    for (const char *at = chosen; *at;) {
        const size_t n = strcspn(at, ",");
        const bool not = *at == '-';
        if (n > not &&strncmp(base, at + not, n - not ) == 0)
            return !not ;
        otherwise &= not ;
        at += n + (at[n] == ',');
    }
    return otherwise;
}

/* Of gcc: what it asks about frames is answered for copies as well. */
static bool is_unwinder(const char *file)
{
    return strstr(file, "/libgcc_s.so") != NULL;
}

static void say_refused(const struct image *image)
{
    struct outbuf o;
    outbuf_open(&o, 2);
    outbuf_format(&o,
                  "gorace: %s is not instrumented: its text may not be written, is in several parts, "
                  "or has no room near it\n",
                  *image->name ? image->name : "the program");
    outbuf_close(&o);
}

static int look(struct dl_phdr_info *info, size_t size, void *ctx)
{
    (void)size;
    (void)ctx;
    struct image image;
    uintptr_t lo, hi;
    modules_self(&lo, &hi);
    const bool left = is_left(info->dlpi_name) || !is_chosen(info->dlpi_name), read = image_read(&image, info);
    if (!read && !left && !active && image.frame_header)
        say_refused(&image);
    if (!read || image.text - lo < hi - lo || modules_instrumented(image.text) || engine_has(&image))
        return 0;
    if (!left || is_unwinder(info->dlpi_name))
        bind_module(&image);
    if (!left && !engine_add(&image))
        say_refused(&image);
    return 0;
}

static const struct image *searched;

static int is_it(struct dl_phdr_info *info, size_t size, void *ctx)
{
    (void)size;
    (void)ctx;
    return info->dlpi_addr == searched->load && strcmp(info->dlpi_name, searched->name) == 0;
}

static bool is_loaded(const struct image *image)
{
    searched = image;
    return dl_iterate_phdr(is_it, NULL) != 0;
}

static int reserve(struct dl_phdr_info *info, size_t size, void *ctx)
{
    struct image image;
    (void)size;
    (void)ctx;
    if (!is_left(info->dlpi_name) && image_read(&image, info))
        area_reserve(image.text, image.text_end);
    return 0;
}

void instrument_reserve(void)
{
    dl_iterate_phdr(reserve, NULL);
}

void instrument_scan(void)
{
    if (!active)
        return;
    engine_drop(is_loaded);
    dl_iterate_phdr(look, NULL);
}

#define FRAMES_MAX 1024

/* Whoever called us would go on in the original text, perhaps for long. */
static void enter_stack(void)
{
    static uintptr_t pcs[FRAMES_MAX];
    const int n = unwind_here(pcs, FRAMES_MAX);
    for (int i = 0; i < n; i++)
        engine_enter(pcs[i] - 1);
}

bool instrument_start(const char *modules, const char **why)
{
    chosen = modules;
    if (!engine_start(why))
        return false;
    unwind_copies(instrument_pc);
    context_copies(instrument_return);
    dl_iterate_phdr(look, NULL);
    active = true;
    enter_stack();
    return true;
}

uintptr_t instrument_return(uintptr_t pc)
{
    const uintptr_t original = active ? engine_original_return(pc) : 0;
    return original ? original : pc;
}

uintptr_t instrument_pc(uintptr_t pc)
{
    const uintptr_t original = active ? engine_original(pc) : 0;
    return original ? original : pc;
}

bool instrument_covers(uintptr_t pc)
{
    return active && engine_in_text(pc);
}

void instrument_fork_begin(void)
{
    if (active)
        engine_fork_begin();
}

void instrument_fork_end(void)
{
    if (active)
        engine_fork_end();
}
