/* Names of real code: small libraries are compiled here, one a way of having debug information (or not), loaded, and
 * asked about from return addresses that they hand over. Runs in the folder of this file;
 * the argument is the module. */
#include <dlfcn.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "symbolize.h"
#include "unwind.h"

static const char *module;
static const struct symbolizer *names;
static char data[PATH_MAX]; /* full name of the folder with the sources */
static char folder[] = "/tmp/gorace-names-XXXXXX";
static char library[256];
static uintptr_t noted; /* the return address of the last note() */
static const struct symbol_frame *frames;

__attribute__((noinline)) static void note(void)
{
    noted = (uintptr_t)__builtin_return_address(0);
}

/* Runs a command in the folder; printf-like. False when it failed. */
__attribute__((format(printf, 1, 2))) static bool shell(const char *format, ...)
{
    char command[3 * PATH_MAX];
    va_list args;
    int n = snprintf(command, sizeof command, "cd %s && ", folder);
    va_start(args, format);
    vsnprintf(command + n, sizeof command - (size_t)n, format, args);
    va_end(args);
    return system(command) == 0;
}

/* One library of named.c or named.cc; its name goes to `library`. */
static void compile(const char *compiler, const char *options, const char *source)
{
    static int number;
    snprintf(library, sizeof library, "%s/lib%d.so", folder, ++number);
    if (!shell("%s -O2 %s -fPIC -shared -o %s %s/%s", compiler, options, library, data, source))
        fail_msg("%s %s cannot compile %s", compiler, options, source);
}

static void *load(void)
{
    void *h = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    if (!h)
        fail_msg("%s", dlerror());
    names->refresh();
    return h;
}

static int value(void *h, const char *name)
{
    int *at = dlsym(h, name);
    assert_non_null(at);
    return *at;
}

/* Calls the library's function, which calls note(); names that place. */
static int named_in(void *h, const char *function)
{
    void (*f)(void (*)(void)) = (void (*)(void (*)(void)))dlsym(h, function);
    assert_non_null(f);
    noted = 0;
    f(note);
    assert_true(noted != 0);
    return names->frames(noted, &frames);
}

static void is_frame(int i, const char *function, const char *file, int line, bool inlined)
{
    const char *base = frames[i].file ? strrchr(frames[i].file, '/') : NULL;
    if (!frames[i].function || strcmp(frames[i].function, function) != 0 || !base || strcmp(base + 1, file) != 0 ||
        frames[i].line != line || frames[i].inlined != inlined)
        fail_msg("frame %d is %s %s:%d %d, not %s %s:%d %d (%s)", i, frames[i].function, frames[i].file, frames[i].line,
                 frames[i].inlined, function, file, line, inlined, library);
}

/* Inlined callers, with lines, columns, and where each function begins. */
static void has_full_names(void *h)
{
    assert_int_equal(named_in(h, "outer"), 3);
    is_frame(0, "inner", "named.c", value(h, "line_inner"), true);
    is_frame(1, "middle", "named.c", value(h, "line_middle"), true);
    is_frame(2, "outer", "named.c", value(h, "line_outer"), false);
    assert_true(frames[0].column > 0 && frames[1].column > 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(frames[i].line - frames[i].function_line, 2);
        assert_string_equal(frames[i].module, library);
        assert_true(strlen(frames[i].build_id) >= 16);
    }
    assert_int_equal(named_in(h, "call_local"), 1);
    is_frame(0, "local", "named.c", value(h, "line_static"), false);
}

static void has_variables(void *h)
{
    struct symbol_variable v;
    int *table = dlsym(h, "table");
    assert_true(names->variable((uintptr_t)&table[3], NULL, 0, &v));
    assert_string_equal(v.name, "table");
    assert_true(v.base == (uintptr_t)table);
    assert_int_equal(v.size, 10 * sizeof(int));
    assert_int_equal(v.line, 5);
    char file[PATH_MAX + 16];
    snprintf(file, sizeof file, "%s/named.c", data);
    assert_string_equal(v.file, file);
    int *(*of_file)(void) = (int *(*)(void))dlsym(h, "of_file");
    assert_true(names->variable((uintptr_t)of_file(), NULL, 0, &v));
    assert_string_equal(v.name, "hidden");
    assert_int_equal(v.line, 6);
    int *(*inside)(void) = (int *(*)(void))dlsym(h, "inside");
    uintptr_t user = (uintptr_t)inside + 1;
    assert_true(names->variable((uintptr_t)inside(), &user, 1, &v));
    assert_string_equal(v.name, "counter");
    assert_int_equal(v.line, 42);
}

static bool have(const char *compiler)
{
    return shell("command -v %s >/dev/null", compiler);
}

static void every_compiler_and_format(void **state)
{
    (void)state;
    static const char *const compilers[] = {"gcc", "clang", "clang-19"};
    static const char *const options[] = {"-gdwarf-5",         "-gdwarf-4", "-g -gz",
                                          "-g -gsplit-dwarf",  "-g -O0",    "-g -ffunction-sections",
                                          "-g -gdwarf-aranges"};
    int tried = 0;
    for (size_t c = 0; c < sizeof compilers / sizeof *compilers; c++) {
        if (!have(compilers[c]))
            continue;
        for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
            if (strcmp(compilers[c], "gcc") == 0 && strstr(options[i], "aranges"))
                continue; /* gcc has no such option: it always writes them */
            compile(compilers[c], options[i], "named.c -Wl,--build-id");
            void *h = load();
            has_full_names(h);
            has_variables(h);
            dlclose(h);
            tried++;
        }
    }
    assert_true(tried > 0);
}

static void cplusplus_names(void **state)
{
    (void)state;
    compile("c++", "-g", "named.cc");
    void *h = load();
    assert_int_equal(named_in(h, "call_box"), 1);
    is_frame(0, "shop::Box<int>::get(void (*)(), int)", "named.cc", 10, false);
    assert_int_equal(frames[0].function_line, 8);
    assert_string_equal(frames[0].linkage, "_ZN4shop3BoxIiE3getEPFvvEi");
    struct symbol_variable v;
    assert_true(names->variable((uintptr_t)dlsym(h, "_ZN4shop5stockE"), NULL, 0, &v));
    assert_string_equal(v.name, "shop::stock");
    assert_int_equal(v.line, 4);
    long *(*sold)(void) = (long *(*)(void))dlsym(h, "address_of_sold");
    assert_true(names->variable((uintptr_t)sold(), NULL, 0, &v));
    assert_string_equal(v.name, "shop::sold");
    dlclose(h);
}

static void function_of_local_class(void **state)
{
    static const char *const compilers[] = {"g++", "clang++", "clang++-19"};
    (void)state;
    for (size_t c = 0; c < sizeof compilers / sizeof *compilers; c++) {
        if (!have(compilers[c]))
            continue;
        compile(compilers[c], "-g", "named.cc");
        void *h = load();
        assert_int_equal(named_in(h, "call_local_class"), 2);
        is_frame(0, frames[0].function, "named.cc", 29, true);
        assert_non_null(strstr(frames[0].function, "counted"));
        is_frame(1, "call_local_class::clerk::sells(void (*)())", "named.cc", 38, false);
        dlclose(h);
    }
}

static void file_without_the_compiler_s_folder(void **state)
{
    (void)state;
    assert_true(shell("mkdir -p src && cp %s/named.c src/", data));
    snprintf(library, sizeof library, "%s/librelative.so", folder);
    assert_true(shell("cc -g -O2 -fPIC -shared -o %s src/named.c", library));
    void *h = load();
    assert_int_equal(named_in(h, "outer"), 3);
    assert_string_equal(frames[0].file_short, "src/named.c");
    char whole[256];
    snprintf(whole, sizeof whole, "%s/src/named.c", folder);
    assert_string_equal(frames[0].file, whole);
    dlclose(h);
}

/* ---- separate debug files ------------------------------------------------------------------------------------- */

static void by_debuglink(void **state)
{
    (void)state;
    compile("cc", "-g", "named.c -Wl,--build-id=none");
    assert_true(shell("mkdir -p .debug && objcopy --only-keep-debug %s .debug/link.debug && strip %s && "
                      "objcopy --add-gnu-debuglink=.debug/link.debug %s",
                      library, library, library));
    void *h = load();
    assert_int_equal(named_in(h, "outer"), 3);
    is_frame(0, "inner", "named.c", value(h, "line_inner"), true);
    assert_string_equal(frames[0].build_id, "");
    has_variables(h);
    dlclose(h);
}

/* Without a build-id only the checksum says that the file belongs here. */
static void debuglink_with_a_wrong_checksum(void **state)
{
    (void)state;
    compile("cc", "-g", "named.c -Wl,--build-id=none");
    assert_true(shell("mkdir -p .debug && objcopy --only-keep-debug %s .debug/wrong.debug && strip %s && "
                      "objcopy --add-gnu-debuglink=.debug/wrong.debug %s && printf x >> .debug/wrong.debug",
                      library, library, library));
    void *h = load();
    assert_int_equal(named_in(h, "outer"), 1);
    assert_string_equal(frames[0].function, "outer");
    assert_null(frames[0].file);
    dlclose(h);
}

static void by_build_id(void **state)
{
    (void)state;
    static char root[256]; /* the symboliser keeps it */
    snprintf(root, sizeof root, "%s/root", folder);
    compile("cc", "-g", "named.c -Wl,--build-id=0xabcdef0123456789abcdef");
    assert_true(shell("mkdir -p root/.build-id/ab && "
                      "objcopy --only-keep-debug %s root/.build-id/ab/cdef0123456789abcdef.debug && strip %s",
                      library, library));
    names->settings(root, true);
    void *h = load();
    has_full_names(h);
    has_variables(h);
    assert_string_equal(frames[0].build_id, "abcdef0123456789abcdef");
    names->settings("/usr/lib/debug", true);
    dlclose(h);
}

/* The file on disk is not the one that is mapped: names out of it would be wrong. */
static void file_replaced_since(void **state)
{
    (void)state;
    compile("cc", "-g", "named.c -Wl,--build-id=0x1111111111111111");
    void *h = load();
    assert_true(shell("cc -g -fPIC -shared -Wl,--build-id=0x2222222222222222 -o new.so %s/named.c && mv new.so %s",
                      data, library));
    assert_int_equal(named_in(h, "outer"), 1);
    assert_null(frames[0].function);
    assert_string_equal(frames[0].build_id, "1111111111111111");
    dlclose(h);
}

/* ---- little to go by ------------------------------------------------------------------------------------------ */

static void symbol_table_only(void **state)
{
    (void)state;
    compile("cc", "-g0", "named.c");
    void *h = load();
    assert_int_equal(named_in(h, "outer"), 1);
    assert_string_equal(frames[0].function, "outer");
    assert_null(frames[0].file);
    assert_int_equal(named_in(h, "call_local"), 1);
    assert_non_null(strstr(frames[0].function, "local"));
    dlclose(h);
}

static void stripped(void **state)
{
    (void)state;
    compile("cc", "-s -g0", "named.c -Wl,--build-id=0x3333333333333333");
    void *h = load();
    Dl_info info;
    assert_int_equal(named_in(h, "outer"), 1);
    assert_string_equal(frames[0].function, "outer"); /* from .dynsym */
    assert_int_equal(named_in(h, "call_local"), 1);
    assert_string_equal(frames[0].module, library);
    assert_string_equal(frames[0].build_id, "3333333333333333");
    assert_true(dladdr((void *)noted, &info));
    assert_true(frames[0].offset == noted - 1 - (uintptr_t)info.dli_fbase);
    dlclose(h);
}

static void no_module(void **state)
{
    (void)state;
    assert_int_equal(names->frames(12345, &frames), 1);
    assert_string_equal(frames[0].module, "");
    assert_null(frames[0].function);
    struct symbol_variable v;
    int local = 0;
    assert_false(names->variable((uintptr_t)&local, NULL, 0, &v));
}

/* ---- modules that come and go ---------------------------------------------------------------------------------- */

static void unloaded(void **state)
{
    (void)state;
    compile("cc", "-g", "named.c");
    void *h = load();
    void (*outer)(void (*)(void)) = (void (*)(void (*)(void)))dlsym(h, "outer");
    outer(note);
    int line = value(h, "line_inner");
    names->note_unload(); /* nothing was asked about it so far */
    dlclose(h);
    assert_null(dlopen(library, RTLD_NOW | RTLD_NOLOAD));
    assert_int_equal(names->frames(noted, &frames), 3);
    is_frame(0, "inner", "named.c", line, true);
}

/* Another library at the same place: its own names, not those of the one that was there. */
static void replaced_in_memory(void **state)
{
    (void)state;
    compile("cc", "-g", "named.c -Wl,--build-id=0x4444444444444444");
    void *h = load();
    assert_int_equal(named_in(h, "outer"), 3);
    uintptr_t before = noted;
    names->note_unload();
    dlclose(h);
    compile("cc", "-g -DSECOND", "named.c -Wl,--build-id=0x5555555555555555");
    h = load();
    assert_int_equal(named_in(h, "outer"), 3);
    if (noted != before)
        skip(); /* the loader chose another place */
    assert_string_equal(frames[0].build_id, "5555555555555555");
    dlclose(h);
}

/* ---- unwinding ------------------------------------------------------------------------------------------------- */

static uintptr_t pcs[64];
static int npcs;

__attribute__((noinline)) static int recurse(int depth)
{
    if (depth == 0)
        npcs = unwind_here(pcs, 64);
    else
        recurse(depth - 1);
    __asm__ volatile(""); /* no tail call */
    return depth;
}

static void unwinds(void **state)
{
    (void)state;
    recurse(5);
    assert_true(npcs > 7);
    for (int i = 0; i < 6; i++) {
        assert_true(names->frames(pcs[i], &frames) >= 1);
        assert_string_equal(frames[0].function, "recurse");
    }
    names->frames(pcs[6], &frames);
    assert_string_equal(frames[0].function, "unwinds");
    uintptr_t few[3];
    assert_int_equal(unwind_here(few, 3), 3);
    names->frames(few[0], &frames);
    assert_string_equal(frames[0].function, "unwinds");
}

/* ---------------------------------------------------------------------------------------------------------------- */

static int begin(void **state)
{
    (void)state;
    void *h = dlopen(module, RTLD_NOW | RTLD_LOCAL);
    if (!h)
        fail_msg("%s", dlerror());
    symbolizer_entry *entry = (symbolizer_entry *)dlsym(h, SYMBOLIZER_ENTRY);
    assert_non_null(entry);
    assert_null(entry(SYMBOLIZER_ABI + 1));
    names = entry(SYMBOLIZER_ABI);
    return names && realpath("data", data) && mkdtemp(folder) ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    char command[256];
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    module = argv[1];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_compiler_and_format),
        cmocka_unit_test(cplusplus_names),
        cmocka_unit_test(function_of_local_class),
        cmocka_unit_test(file_without_the_compiler_s_folder),
        cmocka_unit_test(by_debuglink),
        cmocka_unit_test(debuglink_with_a_wrong_checksum),
        cmocka_unit_test(by_build_id),
        cmocka_unit_test(file_replaced_since),
        cmocka_unit_test(symbol_table_only),
        cmocka_unit_test(stripped),
        cmocka_unit_test(no_module),
        cmocka_unit_test(unloaded),
        cmocka_unit_test(replaced_in_memory),
        cmocka_unit_test(unwinds),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
