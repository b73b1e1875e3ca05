/* See instrument.h. Which modules: all but those that are the detector's, the C library and loader, which are seen through
 * wrapped functions, the allocators, whose functions are wrapped too, unwinders, runtimes of sanitizers, and what carries the hooks. */
#include "instrument.h"

#include <errno.h>
#include <link.h>
#include <stdio.h>
#include <string.h>

#include "../detector/detector.h"
#include "../detector/outbuf.h"
#include "../detector/unwind.h"
#include "../preload/modules.h"
#include "area.h"
#include "bind.h"
#include "engine.h"
#include "fetch_ahead.h"

static bool company; /* atomic; there is a second actor, or about to be */
static bool active;  /* atomic; set once: there are modules */

static bool is_active(void)
{
    return __atomic_load_n(&active, __ATOMIC_ACQUIRE);
}

static bool begins_with_any(const char *base, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strncmp(base, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

static bool is_left(const char *base)
{
    static const char *const names[] = {"ld-linux",  "linux-vdso",  "libc.so",     "libpthread.so", "libdl.so",
                                        "librt.so",  "libanl.so",   "libresolv.",  "libnss_",       "libgcc_s.so",
                                        "libunwind", "libjemalloc", "libtcmalloc", "libmimalloc",   "libgorace",
                                        "libZydis.", "libZycore.",  "libtsan.",    "libasan.",      "libubsan.",
                                        "liblsan.",  "libdw",       "libelf",      "libdebuginfod"};
    return begins_with_any(base, names, sizeof names / sizeof *names);
}

/* Those of which it is known that programs rely on their own atomic operations and futexes to be ordered. */
static bool is_known(const char *base)
{
    static const char *const names[] = {
        "libtbb", "libglib-2.0", "libgio-2.0", "libQt5Core.", "libQt6Core.", "libQt5Concurrent.", "libQt6Concurrent.",
        "libuv.", "libabsl_",    "libzmq."};
    return begins_with_any(base, names, sizeof names / sizeof *names);
}

static const struct flags *wish; /* instrument_reserve */

/* 1: the list names it; -1: with a minus; 0: not at all. *only: there are names without. */
static int named(const char *list, const char *base, bool *only)
{
    *only = false;
    for (const char *at = list; *at;) {
        const size_t n = strcspn(at, ",");
        const bool other = *at == '-';
        if (n > other && strncmp(base, at + other, n - other) == 0)
            return other ? -1 : 1;
        *only |= !other;
        at += n + (at[n] == ',');
    }
    return 0;
}

enum treatment { LEFT, ORDERS_ONLY, WHOLE };

/* The program itself has no name in the loader's list. */
static enum treatment treatment_of(const char *file)
{
    const char *slash = strrchr(file, '/'), *base = slash ? slash + 1 : *file ? file : program_invocation_short_name;
    bool only;
    if (is_left(base))
        return LEFT;
    const int whole = wish->instrument ? named(wish->instrument_modules, base, &only) : -1;
    if (whole > 0 || (whole == 0 && !only))
        return WHOLE;
    const int orders = named(wish->atomics_of, base, &only);
    return orders > 0 || (orders == 0 && is_known(base)) ? ORDERS_ONLY : LEFT;
}

/* What gcc's unwinder, and the C++ runtimes that direct it, ask about frames is answered for copies as well. */
static bool is_unwinder(const char *file)
{
    return strstr(file, "/libgcc_s.so") || strstr(file, "/libstdc++.so") || strstr(file, "/libc++abi.so");
}

static void say_refused(const struct image *image)
{
    struct outbuf o;
    outbuf_open(&o, 2);
    outbuf_format(&o,
                  "gorace: %s is not instrumented: its text may not be written, or has no room near it\n",
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
    const enum treatment treatment = treatment_of(info->dlpi_name);
    const bool left = treatment == LEFT, read = image_read(&image, info);
    if (!read && !left && !is_active() && image.frame_header)
        say_refused(&image);
    if (!read || image.text - lo < hi - lo || modules_instrumented(image.text) || engine_has(&image))
        return 0;
    if (!left || is_unwinder(info->dlpi_name))
        bind_module(&image);
    if (!left && !engine_add(&image, treatment == ORDERS_ONLY))
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
    if (treatment_of(info->dlpi_name) != LEFT && image_read(&image, info))
        area_reserve(image.text, image.text_end);
    return 0;
}

void instrument_reserve(const struct flags *flags)
{
    wish = flags;
    dl_iterate_phdr(reserve, NULL);
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

static char unordered[100]; /* a library whose order is not seen, as there is no decoder */
static bool order_lost;     /* atomic; that was written */

static int is_wanted(struct dl_phdr_info *info, size_t size, void *name)
{
    (void)size;
    struct image image;
    *(const char **)name = info->dlpi_name;
    return treatment_of(info->dlpi_name) != LEFT && image_read(&image, info) && !modules_instrumented(image.text);
}

/* Without hooks anywhere there is nothing that a library could order, but with instrument=1.
 * Whoever comes while somebody else is at it does not wait: he may hold the loader's lock. */
static bool begin(const char **why)
{
    static bool begun; /* atomic; stays when it fails: that is said once */
    const char *name;
    if (!(wish->instrument || modules_any_instrumented()) || !dl_iterate_phdr(is_wanted, &name) ||
        __atomic_exchange_n(&begun, true, __ATOMIC_ACQ_REL))
        return true;
    if (!engine_start(why)) {
        const char *slash = strrchr(name, '/');
        strncpy(unordered, slash ? slash + 1 : name, sizeof unordered - 1);
        __atomic_store_n(&order_lost, !wish->instrument, __ATOMIC_RELEASE);
        return !wish->instrument;
    }
    unwind_copies(instrument_pc);
    context_copies(instrument_return);
    dl_iterate_phdr(look, NULL);
    __atomic_store_n(&active, true, __ATOMIC_RELEASE);
    enter_stack();
    return true;
}

bool instrument_start(bool alone, const char **why)
{
    __atomic_store_n(&company, true, __ATOMIC_RELEASE);
    if (wish->prefetch)
        fetch_ahead(alone);
    return begin(why);
}

const char *instrument_lost(void)
{
    static char line[sizeof unordered + 160];
    if (!__atomic_load_n(&order_lost, __ATOMIC_ACQUIRE))
        return NULL;
    snprintf(line, sizeof line,
             "gorace: %s orders threads by atomic operations of its own, which are not seen without Zydis (package "
             "libzydis4.0): races reported may be none",
             unordered);
    return line;
}

bool instrument_scan(const char **why)
{
    if (!__atomic_load_n(&company, __ATOMIC_ACQUIRE))
        return true;
    if (wish->prefetch)
        fetch_ahead(false);
    if (!is_active())
        return begin(why);
    engine_drop(is_loaded);
    dl_iterate_phdr(look, NULL);
    return true;
}

uintptr_t instrument_return(uintptr_t pc)
{
    const uintptr_t original = is_active() ? engine_original_return(pc) : 0;
    return original ? original : pc;
}

uintptr_t instrument_pc(uintptr_t pc)
{
    const uintptr_t original = is_active() ? engine_original(pc) : 0;
    return original ? original : pc;
}

bool instrument_covers(uintptr_t pc)
{
    return is_active() && engine_in_text(pc);
}

bool instrument_orders_only(uintptr_t pc)
{
    return is_active() && engine_orders_only(pc);
}

void instrument_fork_begin(void)
{
    if (is_active())
        engine_fork_begin();
}

void instrument_fork_end(void)
{
    if (is_active())
        engine_fork_end();
}
